import LaForgeCore

/// What taking and moving states needs to read of a repository, and the two references of LaForge's
/// own that it writes.
///
/// There are two: libgit2 in this process, and the git command for what libgit2 cannot open.
protocol RepositoryReader: SourceRepository {
  /// Every configuration variable by its name, of which section and variable are in lower case, with
  /// its values in the order of git's precedence: the last one wins.
  func configurationEntries() async throws(GitError) -> [String: [String]]

  /// The object that a reference names directly; `nil` where there is no such reference.
  func target(of reference: String) async throws(GitError) -> ObjectID?

  /// Creates, moves or removes one of LaForge's own references, without a reflog.
  ///
  /// - Parameters:
  ///   - reference: The full name.
  ///   - new: The new target; `nil` removes it.
  ///   - old: What it must be now; `nil` for not there.
  /// - Returns: Whether it was as it must be.
  /// - Throws: `GitError` where it cannot be written.
  func update(
    _ reference: String, to new: ObjectID?, from old: ObjectID?
  ) async throws(GitError) -> Bool

  /// Returns the commits that are reached from `starts` and from none of `known`, newest first; at
  /// most `limit`. What does not exist is passed over.
  func commits(
    from starts: Set<ObjectID>, notReachedFrom known: Set<ObjectID>, limit: Int
  ) async throws(GitError) -> [ObjectID]
}
