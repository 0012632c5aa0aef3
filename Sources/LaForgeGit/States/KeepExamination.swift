import LaForgeCore

/// Finds out whether everything that the keep tree names exists, and saves what is left of what
/// does not: a reference that names a missing object makes every `git gc` fail.
struct KeepExamination {
  let objects: any ObjectDatabase
  /// The children of every tree that was looked at.
  private var children: [ObjectID: [(name: GitPath, entry: TrackedEntry)]] = [:]
  /// Objects that something names and that are gone or damaged.
  private var missing: Set<ObjectID> = []
  /// For each tree whether everything below it is there.
  private var whole: [ObjectID: Bool] = [:]

  init(objects: any ObjectDatabase) {
    self.objects = objects
  }

  /// Looks at everything that some entries of the keep tree need.
  ///
  /// - Returns: Whether all of it exists.
  /// - Throws: `GitError` if the object database cannot be read.
  mutating func look(at entries: [GitPath: TrackedEntry]) async throws(GitError) -> Bool {
    var trees = Set(entries.values.filter { $0.mode == .tree }.map(\.id))
    var contents = Set(entries.values.filter { $0.mode != .tree }.map(\.id))
    var level = trees
    while !level.isEmpty {
      let read = try await objects.read(Array(level))
      var next: Set<ObjectID> = []
      for id in level {
        guard let object = read[id], object.kind == .tree,
          let tree = try? TreeObject(parsing: object.content, idLength: id.byteCount)
        else {
          missing.insert(id)
          continue
        }
        let named = tree.entries.filter { $0.value.mode != .gitlink }
        children[id] = named.map { ($0.key, $0.value) }
        for entry in named.values {
          if entry.mode != .tree {
            contents.insert(entry.id)
          } else if trees.insert(entry.id).inserted {
            next.insert(entry.id)
          }
        }
      }
      level = next
    }
    let existing = try await objects.existing(Array(contents))
    missing.formUnion(contents.subtracting(existing))
    return missing.isEmpty
  }

  /// Sorts entries that were looked at.
  ///
  /// - Returns: The entries whose objects all exist, those with what is left of damaged snapshots,
  ///   and the ids of what is gone.
  /// - Throws: `GitError` if an object cannot be written.
  mutating func salvage(
    _ entries: [GitPath: TrackedEntry]
  ) async throws(GitError) -> (
    entries: [GitPath: TrackedEntry], partial: Set<ObjectID>, lost: Set<ObjectID>
  ) {
    var kept: [GitPath: TrackedEntry] = [:]
    var partial: Set<ObjectID> = []
    var lost: Set<ObjectID> = []
    for (name, entry) in entries {
      let isWhole = isWhole(entry)
      if isWhole { kept[name] = entry }
      // A part of the record file is stored again from the file.
      guard let subject = KeepTree.subject(of: name) else { continue }
      if isWhole {
        continue
      } else if entry.mode == .tree,
        name == GitPath(subject.hex) || name == KeepTree.partialName(subject)
      {
        if let rest = try await rest(of: entry.id) {
          kept[KeepTree.partialName(subject)] = TrackedEntry(mode: .tree, id: rest)
          partial.insert(subject)
        } else {
          lost.insert(subject)
        }
      } else {
        lost.insert(subject)
      }
    }
    // A commit without its whole tree must not come back: `git fsck` would call it broken.
    for name in kept.keys {
      if let subject = KeepTree.subject(of: name), lost.contains(subject) { kept[name] = nil }
    }
    return (kept, partial, lost)
  }

  private mutating func isWhole(_ entry: TrackedEntry) -> Bool {
    if missing.contains(entry.id) { return false }
    guard entry.mode == .tree else { return true }
    if let known = whole[entry.id] { return known }
    var isWhole = true
    for child in children[entry.id] ?? [] where isWhole { isWhole = self.isWhole(child.entry) }
    whole[entry.id] = isWhole
    return isWhole
  }

  /// Writes a snapshot without what is gone, which its list of what was left out then names.
  ///
  /// - Returns: `nil` if not even that list is there.
  private mutating func rest(of snapshot: ObjectID) async throws(GitError) -> ObjectID? {
    let store = Snapshot(objects: objects)
    guard let parts = children[snapshot],
      let meta = parts.first(where: { $0.name == GitPath("meta") })?.entry,
      !missing.contains(meta.id)
    else { return nil }
    var root = TreeObject(
      Dictionary(parts.map { ($0.name, $0.entry) }, uniquingKeysWith: { first, _ in first }))
    var gone: Set<GitPath> = []
    for (name, entry) in root.entries where entry.mode == .tree {
      let (tree, paths) = try await rest(of: entry.id, below: [])
      root[name] = tree.map { TrackedEntry(mode: .tree, id: $0) }
      // The files of an operation in progress are no paths of the working tree.
      if name != GitPath("state") { gone.formUnion(paths) }
    }
    root[GitPath("meta")] = try await store.meta(meta.id, leavingOut: gone)
    return try await objects.write(root.object)
  }

  private mutating func rest(
    of tree: ObjectID, below prefix: [UInt8]
  ) async throws(GitError) -> (tree: ObjectID?, gone: [GitPath]) {
    guard let parts = children[tree] else { return (nil, [GitPath(prefix.dropLast())]) }
    var rest = TreeObject()
    var gone: [GitPath] = []
    for (name, entry) in parts {
      if isWhole(entry) {
        rest[name] = entry
      } else if entry.mode == .tree {
        let (tree, paths) = try await self.rest(
          of: entry.id, below: prefix + name.bytes + [UInt8(ascii: "/")])
        rest[name] = tree.map { TrackedEntry(mode: .tree, id: $0) }
        gone += paths
      } else {
        gone.append(GitPath(prefix + name.bytes))
      }
    }
    return (rest.isEmpty ? nil : try await objects.write(rest.object), gone)
  }
}
