/// The journal of the operations.
package protocol OperationStore {
  /// Records that an operation begins, before its first lock.
  func beginOperation(
    _ kind: OperationKind, worktree: String, title: String, reverses: OperationID?,
    at time: Timestamp
  ) throws(StoreError) -> Operation

  /// Records the state before and what is going to be done, before the first change.
  func recordPlan(
    _ plan: StatePlan, of operation: OperationID
  ) throws(StoreError)

  /// Records in one transaction that an operation is done: the state that it led to, the steps that
  /// it switches, and what it means for the stack of its worktree.
  func finishOperation(
    _ operation: Operation, after: RepositoryState, at time: Timestamp
  ) throws(StoreError)

  /// Records that nothing is changed by an operation any more.
  func abandonOperation(_ id: OperationID, at time: Timestamp) throws(StoreError)

  /// Returns an operation; `nil` where there is none of that number.
  func operation(_ id: OperationID) throws(StoreError) -> Operation?

  /// Lists the operations of a worktree that are done or open, newest first.
  func operations(worktree: String, limit: Int?) throws(StoreError) -> [Operation]

  /// The operations of a worktree that were begun and not ended, oldest first: one that was cut off,
  /// and what earlier commands did to finish it.
  func openOperations(worktree: String) throws(StoreError) -> [Operation]

  /// The operation of a worktree that was cut off; `nil` if there is none, or it is under way.
  func cutOffOperation(worktree: String) throws(StoreError) -> Operation?

  /// The latest operation on the stack of a worktree.
  func latestOnStack(worktree: String, kinds: Set<OperationKind>) throws(StoreError) -> Operation?

  /// The references that any of these steps moved and that a step of another worktree, which ran at
  /// the same time, saw moved as well.
  func contestedReferences(of steps: [StepID]) throws(StoreError) -> Set<String>

  /// Returns the places of all steps of a worktree on its lines, in any order.
  func stepLinks(worktree: String) throws(StoreError) -> [StepLink]

  /// Returns the steps of a worktree that changed something, that moved a reference or dropped a stash
  /// entry, of which that is not known, or that ran at the same time as another.
  func stepsWithEffect(worktree: String) throws(StoreError) -> Set<StepID>

  /// Returns the latest active step of a worktree, before another, that changed something.
  func latestStepWithEffect(
    worktree: String, before step: StepID
  ) throws(StoreError) -> StepID?

  /// Returns steps in the order of their numbers.
  func steps(_ ids: [StepID]) throws(StoreError) -> [Step]
}
