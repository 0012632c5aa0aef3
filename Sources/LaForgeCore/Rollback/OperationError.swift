/// Why an operation was refused or failed, as decisions that a person can take.
package enum OperationError: Error, Equatable, Sendable {
  /// No step was recorded in this worktree, or none is active.
  case nothingToUndo
  /// Nothing was undone since the last run, or ever.
  case nothingToRedo(lastRun: StepID?)
  /// The step changed nothing; the latest one that did.
  case stepChangedNothing(StepID, latestThatDid: StepID?)
  /// The step is on no line any more.
  case alreadyRolledBack(StepID)
  /// The step is active already.
  case alreadyActive(StepID)
  /// The step belongs to another worktree, which lies in that folder.
  case otherWorktree(StepID, path: String)
  /// A step that ran within another goes and comes with it.
  case enclosed(StepID, within: StepID)
  /// Steps run in this worktree.
  case running([Step])
  /// Called from inside a running step.
  case insideStep(StepID)
  /// The state was never recorded.
  case unknownState(String)
  /// Somebody changed paths that the steps changed too.
  case changedSince(steps: [StepID], paths: [GitPath])
  /// A step that stays ran at the same time and changed some of the same paths.
  case overlapping(StepID, with: StepID, paths: [GitPath])
  /// HEAD or its branch is not as the steps left it.
  case headMoved(expected: Head, actual: Head)
  /// A merge, rebase or the like was begun or ended since.
  case progressChanged(begun: Bool)
  /// A bisection was begun or ended in between; its references are in no state.
  case bisection
  /// The branch is checked out in another worktree.
  case checkedOutElsewhere(branch: String)
  /// A branch that the steps used was moved by somebody else.
  case branchMoved(String)
  /// Something that could not be saved is in the way.
  case inTheWay([LeftOut])
  /// Contents to be written are not in this clone.
  case missingObjects([GitPath])
  /// Another git holds a lock.
  case locked(LockReport)
  /// Files changed while the state was being taken or written; everything is as it was.
  case changedUnderneath([GitPath])
  /// A path is not in the state.
  case notInState(GitPath, state: String)
  /// The state that was to be left cannot be changed: nothing would differ.
  case nothingToDo(String)
  /// The change failed half way and could not be taken back; the operation stays open.
  case unfinished(OperationID, cause: GitError)
  /// Everything was changed as planned, but that could not be recorded; the operation stays open.
  case unrecorded(OperationID, cause: GitError)
  /// There is no operation of that number.
  case noSuchOperation(OperationID)
  case lookup(StepLookupError)
  case git(GitError)
  case repository(RepositoryError)
  case store(StoreError)
}

/// A lock file in the way.
package struct LockReport: Equatable, Sendable {
  /// The file.
  package var path: String
  /// When it was made; `nil` where that cannot be told.
  package var madeAt: Timestamp?
  /// The process that has it open; `nil` where none was found.
  package var process: String?
  /// Whether it was made during a finished step and no process has it open.
  package var madeDuring: StepID?

  package init(
    path: String, madeAt: Timestamp? = nil, process: String? = nil, madeDuring: StepID? = nil
  ) {
    self.path = path
    self.madeAt = madeAt
    self.process = process
    self.madeDuring = madeDuring
  }
}
