import LaForgeCore

/// The one reference that keeps everything recorded alive: an annotated tag of a tree, which no
/// `git log --all` shows.
struct KeepReference {
  let reader: any RepositoryReader
  let objects: any ObjectDatabase
  /// Tells what the repository has itself; `nil` if it borrows no objects.
  let own: OwnObjects?

  static let name = "refs/laforge/keep"

  var tree: KeepTree { KeepTree(objects: objects) }

  /// As `StateRepository.keep(_:recorded:)`.
  func keep(
    _ request: KeepRequest, recorded: ObjectID?
  ) async throws(GitError) -> KeepOutcome {
    for _ in 0..<Self.attempts {
      let present = try await reader.target(of: Self.name)
      if request.isEmpty, present == recorded || recorded == nil { return .nothingNew }
      // The reference is gone or was moved by another process: what was recorded comes back with it.
      var base = try await root(of: recorded ?? present)
      if base == nil, recorded != nil { base = try await root(of: present) }
      if base == nil, recorded != nil || present != nil {
        return .unreadable
      }
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
      let needed = try await needed(request, bytes, in: base).union(blobs)
      let treeID = try await tree.adding(entries, to: base ?? TreeObject())
      guard let tag = try await move(to: treeID, from: present, with: needed) else { continue }
      return .kept(KeepGeneration(tag: tag, tree: treeID, added: request.ids))
    }
    throw Self.contention
  }

  /// Points the reference to a tree, whose objects are durable then.
  ///
  /// - Parameters:
  ///   - tree: The tree.
  ///   - present: What the reference must name; `nil` if it must not be there.
  ///   - needed: Objects of the repository that the tree needs and that a `git gc` might miss.
  /// - Returns: The tag; `nil` if another process has moved the reference.
  /// - Throws: `GitError`.
  func move(
    to tree: ObjectID, from present: ObjectID?, with needed: Set<ObjectID>
  ) async throws(GitError) -> ObjectID? {
    let tag = try await objects.write(Self.tag(of: tree))
    try await objects.flush(with: needed.union([tree, tag]))
    if present != tag {
      guard try await reader.updateOwn(Self.name, to: tag, from: present) else { return nil }
    }
    return tag
  }

  static let contention = GitError(
    code: .contention, message: "'\(name)' is changed by other processes all the time",
    function: "update-ref")

  /// Returns the parts of the record file that the reference keeps.
  func recordSegments() async throws(GitError) -> [RecordSegment] {
    guard let root = try await root(of: try await reader.target(of: Self.name)) else { return [] }
    return try await tree.records(in: root)
  }

  /// Returns the bytes of a commit or tag that is kept as such; `nil` if it is not.
  func bytes(of id: ObjectID) async throws(GitError) -> GitObject? {
    guard let root = try await root(of: try await reader.target(of: Self.name)) else { return nil }
    for kind in [GitObject.Kind.commit, .tag] {
      if let entry = try await tree.entry(GitPath("\(id).\(kind)"), in: root),
        let blob = try await objects.read([entry.id])[entry.id]
      {
        return GitObject(kind, blob.content)
      }
    }
    return nil
  }

  /// What is left of a snapshot some objects of which are gone; `nil` if it is whole.
  func remains(of snapshot: ObjectID) async throws(GitError) -> ObjectID? {
    guard let root = try await root(of: try await reader.target(of: Self.name)) else { return nil }
    return try await tree.remains(of: snapshot, in: root)
  }

  /// How often a reference is tried to be moved while others move it.
  static let attempts = 20

  /// The root of a value of the reference; `nil` if it cannot be read.
  func root(of tag: ObjectID?) async throws(GitError) -> TreeObject? {
    guard let tag, let object = try await objects.read([tag])[tag], object.kind == .tag,
      let id = Self.target(of: object), let content = try await objects.read([id])[id],
      content.kind == .tree
    else { return nil }
    return try TreeObject(parsing: content.content, idLength: id.byteCount)
  }

  // MARK: - Against a gc at work

  /// The objects that new entries need and that nothing else certainly keeps alive.
  ///
  /// What HEAD's tree has is left to HEAD, and what kept snapshots have to the reference as it is.
  private func needed(
    _ request: KeepRequest, _ bytes: [GitPath: TrackedEntry], in root: TreeObject?
  ) async throws(GitError) -> Set<ObjectID> {
    let closure = KeptClosure(objects: objects)
    var bases: [ObjectID] = []
    for base in request.bases where !request.snapshots.contains(base) {
      if let root, try await tree.entry(GitPath(base.hex), in: root) != nil { bases.append(base) }
    }
    let head = try await headTree()
    var starts: [KeptClosure.Start] = []
    var needed: Set<ObjectID> = Set(bytes.values.filter { $0.mode != .tree }.map(\.id))
    for snapshot in request.snapshots {
      let (parts, own) = try await closure.starts(of: snapshot, beyond: bases, head: head)
      starts += parts
      needed.formUnion(own)
    }
    starts += try await startsOfCommits(request.commits, head: head)
    needed.formUnion(try await closure.objects(of: starts))
    guard let own else { return needed }
    // Borrowed objects may go with the repository that they belong to, those of HEAD as well.
    var borrowed: [KeptClosure.Start] = starts
    for index in borrowed.indices { borrowed[index].bases.removeAll { $0 == head } }
    let all = try await closure.objects(of: borrowed)
    return needed.union(all.filter { !own.contains($0) })
  }

  /// A commit's tree is compared with that of its first parent, which is kept or reached as well.
  private func startsOfCommits(
    _ commits: Set<ObjectID>, head: ObjectID?
  ) async throws(GitError) -> [KeptClosure.Start] {
    let headers = try await objects.read(Array(commits)).compactMap { id, object in
      object.kind == .commit ? CommitHeader(object.content) : nil
    }
    let parents = try await objects.read(Array(Set(headers.compactMap(\.parents.first))))
    return headers.compactMap { header in
      guard let tree = header.tree else { return nil }
      var bases = [head].compactMap { $0 }
      if let parent = header.parents.first, let object = parents[parent],
        let known = CommitHeader(object.content).tree
      {
        bases.append(known)
      }
      return KeptClosure.Start(tree: tree, bases: bases)
    }
  }

  /// The tree of HEAD; `nil` if there is none, or it cannot be read: then more objects are copied.
  func headTree() async throws(GitError) -> ObjectID? {
    guard let head = try? await reader.head(), let commit = head.commit,
      let object = try await objects.read([commit])[commit], object.kind == .commit
    else { return nil }
    return CommitHeader(object.content).tree
  }

  // MARK: - The tag

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

  static func target(of tag: GitObject) -> ObjectID? {
    let line = tag.content.prefix { $0 != 10 }
    return ObjectID(hex: String(decoding: line.dropFirst("object ".count), as: UTF8.self))
  }
}
