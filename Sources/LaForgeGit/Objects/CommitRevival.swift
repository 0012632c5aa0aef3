import LaForgeCore

/// Writes commits back that exist only as bytes in the keep tree, with those of their ancestors that
/// do: git and libgit2 can walk them then.
struct CommitRevival {
  let objects: any ObjectDatabase

  /// Writes the commits and makes them durable; ids that name nothing at all are passed over.
  ///
  /// - Throws: `GitError` if an object cannot be read or written.
  func revive(_ commits: [ObjectID]) async throws(GitError) {
    var waiting = commits
    var seen: Set<ObjectID> = []
    var revived = false
    while let id = waiting.popLast() {
      guard seen.insert(id).inserted else { continue }
      let exists = try await !objects.existing([id]).isEmpty
      guard let object = try await objects.read([id])[id], object.kind == .commit else { continue }
      if !exists { revived = true }
      // A commit that exists has its ancestors, unless it was revived before them.
      let parents = CommitHeader(object.content).parents
      let present = try await objects.existing(parents)
      if !exists || present.count < parents.count { waiting += parents }
    }
    if revived { try await objects.flush(with: []) }
  }
}
