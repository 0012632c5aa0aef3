import LaForgeCore

/// What the person did between two states that were recorded one after the other.
struct OwnWork: Equatable {
  /// Commits that HEAD reaches at the end and not at the beginning.
  var commits = 0
  /// Files that differ, committed or not.
  var files = 0
  /// The branch or commit that HEAD went to, where nothing else is to be told.
  var head: Head?

  /// Compares two states.
  ///
  /// - Returns: `nil` where neither HEAD nor a file differs.
  /// - Throws: `GitError`.
  init?(
    from old: RepositoryState, to new: RepositoryState, in repository: any StateRepository
  ) async throws(GitError) {
    guard old != new else { return nil }
    if old.head.commit != new.head.commit {
      // Only what HEAD reaches counts, so no reference is told.
      commits = try await repository.commitsMade(
        since: RepositoryPosition(head: old.head, tips: ReferenceTips()),
        until: RepositoryPosition(head: new.head, tips: ReferenceTips())
      ).count
    }
    files = try await repository.changes(
      from: try await repository.filesTree(of: old), to: try await repository.filesTree(of: new)
    ).filesChanged
    if commits == 0, files == 0 {
      guard old.head != new.head else { return nil }
      head = new.head
    }
  }

  /// The text of its row: `you: 2 commits, 3 files`.
  func text(abbreviate: (ObjectID) -> String) -> String {
    if let head {
      let place = head.shortBranch ?? head.commit.map(abbreviate) ?? "an unborn branch"
      return "you: HEAD moved to \(TerminalText.clean(place))"
    }
    let parts = [
      commits > 0 ? "\(Counted(commits, "commit"))" : nil,
      files > 0 ? "\(Counted(files, "file"))" : nil,
    ]
    return "you: " + parts.compactMap { $0 }.joined(separator: ", ")
  }
}
