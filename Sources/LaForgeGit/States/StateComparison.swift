import LaForgeCore

/// Compares recorded states path by path.
struct StateComparison {
  let objects: any ObjectDatabase

  func difference(
    from old: RepositoryState, to new: RepositoryState
  ) async throws(GitError) -> StateDifference {
    let snapshot = Snapshot(objects: objects)
    let (before, after) = (try await snapshot.load(old), try await snapshot.load(new))
    return try await difference(from: before, to: after)
  }

  func difference(
    from old: StateTrees, to new: StateTrees
  ) async throws(GitError) -> StateDifference {
    let comparison = TreeComparison(objects: objects)
    var difference = StateDifference(head: Change(old: old.meta.head, new: new.meta.head))
    let worktree = try await comparison.differences(from: old.worktree, to: new.worktree)
    let raw = try await comparison.differences(from: old.raw, to: new.raw)
    let oldRaw = try await comparison.entries(of: old.raw, at: worktree.keys)
    let newRaw = try await comparison.entries(of: new.raw, at: worktree.keys)
    let same = try await comparison.entries(
      of: new.worktree, at: raw.keys.filter { worktree[$0] == nil })
    for (path, change) in worktree {
      difference.files[path] = Change(
        old: change.old.map { FileEntry($0, raw: oldRaw[path]?.id) },
        new: change.new.map { FileEntry($0, raw: newRaw[path]?.id) })
    }
    // The content as git stores it is the same, the bytes are not.
    for (path, change) in raw {
      guard let entry = same[path] else { continue }
      difference.files[path] = Change(
        old: FileEntry(entry, raw: change.old?.id), new: FileEntry(entry, raw: change.new?.id))
    }
    difference.index = try await indexDifference(from: old, to: new)
    let progress = try await comparison.differences(from: old.progress, to: new.progress)
    difference.progress = progress.mapValues { Change(old: $0.old?.id, new: $0.new?.id) }
    difference.leftOut = Change(old: old.meta.leftOut, new: new.meta.leftOut)
    difference.includes = Change(old: old.meta.includes, new: new.meta.includes)
    return difference
  }

  private func indexDifference(
    from old: StateTrees, to new: StateTrees
  ) async throws(GitError) -> [GitPath: Change<IndexEntry>] {
    let comparison = TreeComparison(objects: objects)
    let staged = try await comparison.differences(from: old.index, to: new.index)
    let (oldSpecial, newSpecial) = (old.meta.specialByPath, new.meta.specialByPath)
    var paths = Set(staged.keys)
    for path in Set(oldSpecial.keys).union(newSpecial.keys)
    where oldSpecial[path] != newSpecial[path] {
      paths.insert(path)
    }
    let unchanged = try await comparison.entries(
      of: new.index, at: paths.filter { staged[$0] == nil })
    var changes: [GitPath: Change<IndexEntry>] = [:]
    for path in paths {
      let change = staged[path] ?? Change(old: unchanged[path], new: unchanged[path])
      changes[path] = Change(
        old: Self.entry(change.old, oldSpecial[path]), new: Self.entry(change.new, newSpecial[path])
      )
    }
    return changes
  }

  private static func entry(
    _ staged: TrackedEntry?, _ special: SnapshotMeta.SpecialEntry?
  ) -> IndexEntry? {
    guard staged != nil || special != nil else { return nil }
    return IndexEntry(
      staged: staged, conflict: special?.conflict ?? [], flags: special?.flags ?? [])
  }
}
