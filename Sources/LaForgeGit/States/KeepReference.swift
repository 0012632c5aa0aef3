import LaForgeCore

/// The one reference that keeps everything recorded alive: an annotated tag of a tree, which no
/// `git log --all` shows.
struct KeepReference {
  let reader: any RepositoryReader
  let objects: any ObjectDatabase

  static let name = "refs/laforge/keep"

  private var tree: KeepTree { KeepTree(objects: objects) }

  /// A new value of the reference, and the blocks that it closed.
  struct Kept {
    var generation: KeepGeneration
    var closedBlocks: [ObjectID]
  }

  /// As `StateRepository.keep(_:recorded:)`.
  func keep(
    _ request: KeepRequest, recorded: ObjectID?
  ) async throws(GitError) -> Kept? {
    for _ in 0..<Self.attempts {
      let present = try await reader.target(of: Self.name)
      if request.isEmpty, present == recorded || recorded == nil { return nil }
      // The reference is gone or was moved by somebody else: what was recorded comes back with it.
      var base = try await root(of: recorded ?? present)
      if base == nil, recorded != nil { base = try await root(of: present) }
      var entries: [GitPath: TrackedEntry] = [:]
      for snapshot in request.snapshots {
        entries[GitPath(snapshot.hex)] = TrackedEntry(mode: .tree, id: snapshot)
      }
      let bytes = try await tree.entries(forBytesOf: request.commits.union(request.tags))
      entries.merge(bytes) { $1 }
      let blobs = try await objects.write(request.records.map { GitObject(.blob, $0.bytes) })
      for (segment, blob) in zip(request.records, blobs) {
        entries[GitPath(segment.name)] = TrackedEntry(mode: .regular, id: blob)
      }
      let (treeID, blocks) = try await tree.adding(entries, to: base?.tree ?? TreeObject())
      let tag = try await objects.write(Self.tag(of: treeID))
      try await objects.flush()
      if present != tag {
        guard try await reader.updateOwn(Self.name, to: tag, from: present) else { continue }
      }
      try await confirm(request, tag, treeID)
      let generation = KeepGeneration(
        tag: tag, tree: treeID, added: request.ids, lost: base?.lost ?? [],
        isIncomplete: base?.hasLostBlock ?? (recorded != nil))
      return Kept(generation: generation, closedBlocks: blocks)
    }
    throw GitError(
      code: .notStarted, message: "'\(Self.name)' is changed by somebody else all the time",
      function: "update-ref")
  }

  /// Returns the parts of the record file that the reference keeps.
  func recordSegments() async throws(GitError) -> [RecordSegment] {
    guard let root = try await root(of: try await reader.target(of: Self.name)) else { return [] }
    return try await tree.records(in: root.tree)
  }

  /// Returns the bytes of a commit or tag that is kept as such; `nil` where it is not.
  func bytes(of id: ObjectID) async throws(GitError) -> GitObject? {
    guard let root = try await root(of: try await reader.target(of: Self.name)) else { return nil }
    for kind in [GitObject.Kind.commit, .tag] {
      if let entry = try await tree.entry(GitPath("\(id).\(kind)"), in: root.tree),
        let blob = try await objects.read([entry.id])[entry.id]
      {
        return GitObject(kind, blob.content)
      }
    }
    return nil
  }

  /// How often a reference is tried to be moved while others move it.
  private static let attempts = 20

  /// The root of a value of the reference, without entries whose objects are gone: a tree that names
  /// a missing object would make every `git gc` fail.
  private func root(
    of tag: ObjectID?
  ) async throws(GitError) -> (tree: TreeObject, lost: Set<ObjectID>, hasLostBlock: Bool)? {
    guard let tag, let object = try await objects.read([tag])[tag], object.kind == .tag,
      let id = Self.target(of: object), let content = try await objects.read([id])[id],
      content.kind == .tree
    else { return nil }
    let root = try TreeObject(parsing: content.content, idLength: id.byteCount)
    let existing = try await objects.existing(root.entries.values.map(\.id))
    let lost = root.entries.filter { !existing.contains($0.value.id) }
    guard !lost.isEmpty else { return (root, [], false) }
    let kept = root.entries.filter { existing.contains($0.value.id) }
    return (
      TreeObject(kept),
      Set(lost.keys.compactMap { ObjectID(hex: String($0.text.prefix { $0 != "." })) }),
      lost.keys.contains(where: KeepTree.isBlock)
    )
  }

  /// Looks up again what was written: a `git gc --prune=now` of another process may have removed it
  /// between the writing and the moving of the reference.
  private func confirm(
    _ request: KeepRequest, _ tag: ObjectID, _ tree: ObjectID
  ) async throws(GitError) {
    let ids = Array(request.snapshots) + [tag, tree]
    let existing = try await objects.existing(ids)
    if let missing = ids.first(where: { !existing.contains($0) }) {
      throw GitError(
        code: .missingObject,
        message: "the object \(missing) was removed while it was being recorded",
        function: "update-ref")
    }
  }

  /// The same tree always has the same tag.
  private static func tag(of tree: ObjectID) -> GitObject {
    let text = """
      object \(tree)
      type tree
      tag laforge-keep
      tagger LaForge <laforge@localhost> 0 +0000

      What LaForge has recorded and no branch holds. `laforge help` says more.

      """
    return GitObject(.tag, Array(text.utf8))
  }

  private static func target(of tag: GitObject) -> ObjectID? {
    let line = tag.content.prefix { $0 != 10 }
    return ObjectID(hex: String(decoding: line.dropFirst("object ".count), as: UTF8.self))
  }
}
