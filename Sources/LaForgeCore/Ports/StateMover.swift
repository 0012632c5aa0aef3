/// Held while an operation changes a worktree: git's own `index.lock`, which keeps other gits out.
package protocol IndexLock: AnyObject {
  /// Removes the lock; the index is left as it is.
  func release()
}

/// A repository that can be moved from one state to another.
///
/// Every change goes through git or is a rename; none of it is begun before what it would
/// overwrite is kept.
package protocol StateMover: StateRepository {
  /// Takes the lock of the index, waiting for another git as long as `laforge.lockTimeout` says.
  ///
  /// - Parameter operation: Written into the lock, so that it is known again after a crash.
  /// - Returns: The lock, held until it is released.
  /// - Throws: `OperationError.locked`, or `git` where the lock cannot be written.
  func lockIndex(for operation: OperationID) async throws(OperationError) -> any IndexLock

  /// Removes a lock of the index that an interrupted operation left.
  func removeIndexLock(of operation: OperationID) throws(GitError)

  /// Removes the lock files that a LaForge, or a git of its, has left that is gone.
  ///
  /// - Returns: The paths of what was removed.
  /// - Throws: `OperationError.locked` if a git that may hold one is still at work.
  func removeAbandonedLocks() async throws(OperationError) -> [String]

  /// Moves a lock file that nobody holds out of the way, into LaForge's folder under the name of the
  /// operation.
  func setAside(_ lock: LockReport, for operation: OperationID) throws(GitError)

  /// Returns files on disk that the plan would overwrite or that lie where it needs a folder, and
  /// that its starting state does not hold: ignored ones, mostly.
  func filesInTheWay(of plan: StatePlan) async throws(GitError) -> [GitPath]

  /// Returns those of the untracked files that a state would not have covered: the ignore rules of
  /// the time ignore them, and `laforge.include` did not name them.
  func uncovered(
    _ paths: [GitPath], in state: RepositoryState
  ) async throws(GitError) -> Set<GitPath>

  /// Returns those of the paths that are not on disk and that sparse checkout keeps from being there;
  /// none where it is off.
  func outsideSparseCheckout(_ paths: [GitPath]) async throws(GitError) -> Set<GitPath>

  /// Returns a kept state with more files of the working tree in it, whatever git ignores.
  func extend(
    _ state: RepositoryState, with paths: [GitPath]
  ) async throws(GitError) -> CapturedState

  /// Returns the state that a plan leads to, durable but not kept yet.
  func result(of plan: StatePlan) async throws(GitError) -> RepositoryState

  /// Returns the files of a plan whose contents are not in this clone.
  func missingContents(of plan: StatePlan) async throws(GitError) -> [GitPath]

  /// Returns the commits that a branch loses when it moves, the newest first, and those of them that
  /// remote-tracking branches have, by the name of the branch.
  func commitsLeaving(
    from old: ObjectID?, to new: ObjectID?
  ) async throws(GitError) -> (commits: [ObjectID], pushed: [String: ObjectID])

  /// Carries out a plan.
  ///
  /// - Parameters:
  ///   - plan: The plan; its starting state is what is there now.
  ///   - result: What `result(of:)` returned for it.
  ///   - message: For the reflogs.
  ///   - lock: Held by the caller.
  /// - Throws: `OperationError`: `locked` and `changedUnderneath` with nothing changed, `git` with
  ///   the change possibly half done.
  func apply(
    _ plan: StatePlan, to result: RepositoryState, message: String, holding lock: any IndexLock
  ) async throws(OperationError)

  /// Writes files of a state below a folder outside the working tree.
  func export(
    _ files: [GitPath], of state: RepositoryState, to folder: String
  ) async throws(GitError)

  /// Waits until no git that an interrupted operation started is at work any more.
  ///
  /// - Throws: `OperationError.locked` where one still is after `laforge.lockTimeout`.
  func waitForChildren(of operation: OperationID) async throws(OperationError)
}
