import LaForgeCore

/// Finds the paths in which trees differ; folders that are the same object are not looked into.
struct TreeComparison {
  let objects: any ObjectDatabase

  /// A pair of folders that is still to be compared.
  private struct Pair {
    var prefix: [UInt8]
    var old: ObjectID?
    var new: ObjectID?
  }

  /// Returns what differs between two trees; `nil` stands for an empty one.
  func differences(
    from old: ObjectID?, to new: ObjectID?
  ) async throws(GitError) -> [GitPath: Change<TrackedEntry>] {
    var changes: [GitPath: Change<TrackedEntry>] = [:]
    var pairs = [Pair(prefix: [], old: old, new: new)].filter { $0.old != $0.new }
    while !pairs.isEmpty {
      let read = try await objects.read(
        Array(Set(pairs.flatMap { [$0.old, $0.new].compactMap { $0 } })))
      var next: [Pair] = []
      for pair in pairs {
        let oldTree = try tree(pair.old, read)
        let newTree = try tree(pair.new, read)
        for name in Set(oldTree.entries.keys).union(newTree.entries.keys) {
          let (before, after) = (oldTree[name], newTree[name])
          guard before != after else { continue }
          let path = pair.prefix + name.bytes
          let oldFolder = before?.mode == .tree ? before?.id : nil
          let newFolder = after?.mode == .tree ? after?.id : nil
          if oldFolder != nil || newFolder != nil {
            next.append(
              Pair(prefix: path + [UInt8(ascii: "/")], old: oldFolder, new: newFolder))
          }
          let change = Change(
            old: oldFolder == nil ? before : nil, new: newFolder == nil ? after : nil)
          if change.old != nil || change.new != nil { changes[GitPath(path)] = change }
        }
      }
      pairs = next
    }
    return changes
  }

  /// Returns every path of a tree.
  func entries(of tree: ObjectID?) async throws(GitError) -> [GitPath: TrackedEntry] {
    try await differences(from: nil, to: tree).compactMapValues(\.new)
  }

  /// Returns the files of a tree whose names collide with some paths: that lie where a path needs a
  /// folder, or below a path.
  func collisions(
    of tree: ObjectID?, with paths: Set<GitPath>
  ) async throws(GitError) -> Set<GitPath> {
    let parents = Set(paths.flatMap(\.parents)).subtracting(paths)
    var found = Set(try await entries(of: tree, at: parents).keys)
    let here = try await entries(of: tree, at: paths, includesFolders: true)
    for (path, entry) in here where entry.mode == .tree {
      for below in try await entries(of: entry.id).keys {
        found.insert(GitPath(path.bytes + [UInt8(ascii: "/")] + below.bytes))
      }
    }
    return found.subtracting(paths)
  }

  /// Returns the entries of some paths; a path that the tree lacks is absent, and so is a folder
  /// unless it is asked for.
  func entries(
    of tree: ObjectID?, at paths: some Collection<GitPath>, includesFolders: Bool = false
  ) async throws(GitError) -> [GitPath: TrackedEntry] {
    guard let tree, !paths.isEmpty else { return [:] }
    var found: [GitPath: TrackedEntry] = [:]
    // The folders of one depth, each with the paths below it.
    var level: [(tree: ObjectID, depth: Int, paths: [GitPath])] = [(tree, 0, Array(paths))]
    while !level.isEmpty {
      let read = try await objects.read(Array(Set(level.map(\.tree))))
      var next: [(tree: ObjectID, depth: Int, paths: [GitPath])] = []
      for (id, depth, paths) in level {
        let folder = try self.tree(id, read)
        for (name, group) in Dictionary(grouping: paths, by: { GitPath($0.components[depth]) }) {
          guard let entry = folder[name] else { continue }
          for path in group
          where path.components.count == depth + 1 && (includesFolders || entry.mode != .tree) {
            found[path] = entry
          }
          let below = group.filter { $0.components.count > depth + 1 }
          if entry.mode == .tree, !below.isEmpty { next.append((entry.id, depth + 1, below)) }
        }
      }
      level = next
    }
    return found
  }

  /// Returns the files at some paths of a tree, a folder standing for all that is in it.
  func files(of tree: ObjectID?, at paths: [GitPath]) async throws(GitError) -> Set<GitPath> {
    // Without slashes that say nothing.
    let clean = Set(paths.map { GitPath($0.components.joined(separator: [UInt8(ascii: "/")])) })
    let top = GitPath("")
    var entries = try await entries(of: tree, at: clean.subtracting([top]), includesFolders: true)
    if clean.contains(top), let tree { entries[top] = TrackedEntry(mode: .tree, id: tree) }
    var found: Set<GitPath> = []
    for (path, entry) in entries {
      guard entry.mode == .tree else {
        found.insert(path)
        continue
      }
      let prefix = path.bytes.isEmpty ? [] : path.bytes + [UInt8(ascii: "/")]
      for below in try await self.entries(of: entry.id).keys {
        found.insert(GitPath(prefix + below.bytes))
      }
    }
    return found
  }

  private func tree(
    _ id: ObjectID?, _ read: [ObjectID: GitObject]
  ) throws(GitError) -> TreeObject {
    guard let id else { return TreeObject() }
    guard let object = read[id], object.kind == .tree else {
      throw GitError(
        code: .missingObject, message: "the tree \(id) is missing", function: "tree")
    }
    return try TreeObject(parsing: object.content, idLength: id.byteCount)
  }
}
