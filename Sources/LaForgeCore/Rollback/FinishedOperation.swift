/// An operation that was cut off and that a later command dealt with.
package struct FinishedOperation: Equatable, Sendable {
  package var operation: Operation
  /// Whether it was finished.
  ///
  /// If not, it was given up: it had changed nothing, HEAD was moved since, or there is an `obstacle`.
  package var isDone: Bool
  /// Files that were neither as before nor as wanted; they are in the state before this operation.
  package var setAside: [GitPath]
  /// The operation that holds them; `nil` where nothing had to be written any more.
  package var by: OperationID?
  /// How many files were written or deleted to finish it.
  package var fileCount = 0
  /// Lock files that the killed process or its git had left, and that were removed.
  package var removedLocks: [String] = []
  /// Why it can never be brought to its end; `nil` if it was, or was not to be.
  package var obstacle: GitError?

  package init(
    operation: Operation, isDone: Bool, setAside: [GitPath] = [], by: OperationID? = nil
  ) {
    self.operation = operation
    self.isDone = isDone
    self.setAside = setAside
    self.by = by
  }
}
