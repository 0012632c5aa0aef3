import LaForgeCore

/// Finds the objects that trees hold and that nothing else keeps alive.
struct KeptClosure {
  let objects: any ObjectDatabase

  /// A tree, and trees that stand in the same place elsewhere and are kept alive already.
  struct Start {
    var tree: ObjectID
    var bases: [ObjectID]
  }

  /// The starts for a snapshot: its parts are compared with the same parts of other snapshots, and
  /// those that are whole working trees also with the tree of HEAD.
  ///
  /// - Parameters:
  ///   - snapshot: The tree of the snapshot.
  ///   - bases: Snapshots that are kept.
  ///   - head: The tree of HEAD; `nil` if it does not count as kept.
  /// - Returns: The starts, and the objects that belong to the snapshot itself.
  /// - Throws: `GitError` if a snapshot cannot be read.
  func starts(
    of snapshot: ObjectID, beyond bases: [ObjectID], head: ObjectID?
  ) async throws(GitError) -> (starts: [Start], own: Set<ObjectID>) {
    let roots = try await objects.read([snapshot] + bases)
    guard let object = roots[snapshot], object.kind == .tree else {
      throw GitError(
        code: .missingObject, message: "the snapshot \(snapshot) is missing", function: "tree")
    }
    let parts = try TreeObject(parsing: object.content, idLength: snapshot.byteCount)
    let known = try Self.entries(of: bases, in: roots)
    var starts: [Start] = []
    var own: Set<ObjectID> = [snapshot]
    for (name, entry) in parts.entries {
      guard entry.mode == .tree else {
        if known[name]?.contains(entry.id) != true { own.insert(entry.id) }
        continue
      }
      var bases = known[name] ?? []
      if Self.wholeTrees.contains(name), let head { bases.append(head) }
      starts.append(Start(tree: entry.id, bases: bases))
    }
    return (starts, own)
  }

  private static let wholeTrees: Set<GitPath> = [GitPath("index"), GitPath("worktree")]

  /// Returns the objects below the starts that their bases do not have in the same place.
  ///
  /// - Throws: `GitError` if a tree cannot be read; contents are not looked at.
  func objects(of starts: [Start]) async throws(GitError) -> Set<ObjectID> {
    var found: Set<ObjectID> = []
    var level = starts.filter { !$0.bases.contains($0.tree) }
    while !level.isEmpty {
      let read = try await objects.read(Array(Set(level.flatMap { [$0.tree] + $0.bases })))
      var next: [Start] = []
      for start in level where found.insert(start.tree).inserted {
        guard let object = read[start.tree], object.kind == .tree else {
          throw GitError(
            code: .missingObject, message: "the tree \(start.tree) is missing", function: "tree")
        }
        let known = try Self.entries(of: start.bases, in: read)
        let tree = try TreeObject(parsing: object.content, idLength: start.tree.byteCount)
        for (name, entry) in tree.entries where entry.mode != .gitlink {
          let bases = known[name] ?? []
          if bases.contains(entry.id) { continue }
          if entry.mode == .tree {
            next.append(Start(tree: entry.id, bases: bases))
          } else {
            found.insert(entry.id)
          }
        }
      }
      level = next
    }
    return found
  }

  /// What some trees have under each name; a tree that cannot be read has nothing.
  private static func entries(
    of trees: [ObjectID], in read: [ObjectID: GitObject]
  ) throws(GitError) -> [GitPath: [ObjectID]] {
    var entries: [GitPath: [ObjectID]] = [:]
    for id in trees {
      guard let object = read[id], object.kind == .tree else { continue }
      let tree = try TreeObject(parsing: object.content, idLength: id.byteCount)
      for (name, entry) in tree.entries { entries[name, default: []].append(entry.id) }
    }
    return entries
  }
}
