/// Carries out plans so that they can be finished after any interruption, and finishes them.
///
/// After a crash the worktree may be a mixture of before and after, with a file torn in the middle.
/// The mixture is taken as a state of its own, kept, and moved to where the operation was to lead;
/// what was done already does not differ and is not done again.
package struct OperationRecovery {
  private let repository: any StateMover
  private let store: any StepStore & StateLedger & OperationStore
  private let keeper: StateKeeper
  private let clock: RecordingClock

  package init(
    repository: any StateMover, store: any StepStore & StateLedger & OperationStore,
    clock: RecordingClock
  ) {
    self.repository = repository
    self.store = store
    self.clock = clock
    keeper = StateKeeper(repository: repository, ledger: store, clock: clock)
  }

  /// Finishes, or gives up, what was begun in this worktree and never ended.
  ///
  /// The caller holds the lock of the worktree.
  package func finishInterrupted() async throws(OperationError) -> [FinishedOperation] {
    let removedLocks = try await repository.removeAbandonedLocks()
    let open = try inStore { () throws(StoreError) in
      try store.openOperations(worktree: repository.location.worktree)
    }
    guard let operation = open.first else { return [] }
    for operation in open {
      try await repository.waitForChildren(of: operation.id)
      try await inGit { () async throws(GitError) in
        try repository.removeIndexLock(of: operation.id)
      }
    }
    // The others are attempts to finish the first.
    var finished = try await finishOrGiveUp(operation, after: Array(open.dropFirst()))
    finished.removedLocks = removedLocks
    return [finished]
  }

  /// Finishes an operation.
  ///
  /// One that needs objects which are gone is given up: otherwise it would block every later command.
  private func finishOrGiveUp(
    _ operation: Operation, after attempts: [Operation]
  ) async throws(OperationError) -> FinishedOperation {
    do throws(OperationError) {
      return try await finish(operation, after: attempts)
    } catch let failure {
      guard let obstacle = Self.lastingObstacle(failure) else { throw failure }
      let now = try await inGit { () async throws(GitError) in
        try await repository.captureState()
      }
      do throws(StateError) { try await keeper.keep(now) } catch {
        throw OperationRunner.error(error)
      }
      try close(attempts, at: now.state)
      try abandon(operation)
      var finished = FinishedOperation(operation: operation, isDone: false)
      finished.obstacle = obstacle
      return finished
    }
  }

  /// Why an operation can never be finished; `nil` for what may be otherwise the next time.
  private static func lastingObstacle(_ failure: OperationError) -> GitError? {
    switch failure {
    case .git(let error) where error.isMissingObject: error
    case .missingObjects(let paths):
      GitError(
        code: .missingObject,
        message: "the contents of \(paths.count) files are gone from the repository",
        function: "git read-tree")
    default: nil
    }
  }

  /// Ends the attempts to finish an operation.
  private func close(
    _ attempts: [Operation], at state: RepositoryState
  ) throws(OperationError) {
    for attempt in attempts {
      if attempt.plan == nil || attempt.before == state {
        try abandon(attempt)
      } else {
        try inStore { () throws(StoreError) in
          try store.finishOperation(attempt, after: state, at: clock.now())
        }
      }
    }
  }

  /// Applies a plan whose operation is open; what failed half way is taken back.
  ///
  /// - Throws: `OperationError`: `unfinished` where it could not be taken back, else with everything
  ///   as it was.
  func apply(
    _ operation: Operation, _ plan: StatePlan, to result: RepositoryState,
    holding lock: any IndexLock
  ) async throws(OperationError) {
    guard !plan.changesNothing else { return }
    let message = "laforge: \(operation.kind.rawValue) \(operation.title)"
    do throws(OperationError) {
      try await repository.apply(plan, to: result, message: message, holding: lock)
    } catch let failure {
      // A disk that is full or a file that cannot be written: back to where it began.
      do throws(OperationError) {
        try await moveBack(to: plan, message: message, holding: lock)
        try await confirmUnchanged(plan)
      } catch {
        let cause: GitError =
          if case .git(let cause) = failure {
            cause
          } else {
            GitError(code: .init(rawValue: -1), message: "\(failure)", function: "git")
          }
        throw .unfinished(operation.id, cause: cause)
      }
      throw failure
    }
  }

  /// Looks at what was reached and records the operation as done.
  func close(
    _ operation: Operation, reaching result: RepositoryState
  ) async throws(OperationError) -> (after: RepositoryState, differing: [GitPath]) {
    let (captured, differing) = try await inGit { () async throws(GitError) in
      var captured = try await repository.captureState()
      var difference = try await repository.difference(from: result, to: captured.state)
      // What was written and is ignored by now belongs to the state all the same: the way back
      // begins with it.
      let missing = (operation.plan?.written ?? []).filter { path in
        difference.files[path].map { $0.new == nil } ?? false
      }
      let hidden = repository.onDisk(missing).sorted()
      if !hidden.isEmpty {
        captured.state = try await repository.extend(captured.state, with: hidden).state
        difference = try await repository.difference(from: result, to: captured.state)
      }
      return (captured, unexpected(difference, operation.plan))
    }
    do throws(StateError) {
      let tips: ReferenceTips
      do { tips = try await repository.referenceTips() } catch { throw .git(error) }
      try await keeper.keep(captured, like: [result])
      _ = try await keeper.takeIn(tips, head: captured.state.head)
    } catch {
      throw OperationRunner.error(error)
    }
    try inStore { () throws(StoreError) in
      try store.finishOperation(operation, after: captured.state, at: clock.now())
    }
    return (captured.state, differing)
  }

  // MARK: - After a crash

  private func finish(
    _ operation: Operation, after attempts: [Operation]
  ) async throws(OperationError) -> FinishedOperation {
    guard let plan = operation.plan else {
      try abandon(operation)
      for attempt in attempts { try abandon(attempt) }
      return FinishedOperation(operation: operation, isDone: false)
    }
    let (now, goal, tips) = try await inGit { () async throws(GitError) in
      (
        try await repository.captureState(), try await repository.result(of: plan),
        try await repository.referenceTips()
      )
    }
    let head = now.state.head
    // The branch that HEAD is going to leave may have been moved by the plan itself.
    let isMovedByPlan = plan.references.contains { $0.name == head.branch && $0.new == head.commit }
    guard
      head == plan.head.new || head.commit == plan.head.old?.commit
        || head.commit == plan.head.new?.commit || isMovedByPlan
    else {
      // The user has committed since: that work is not moved.
      try close(attempts, at: now.state)
      try abandon(operation)
      return FinishedOperation(operation: operation, isDone: false)
    }
    var rest = try await planRest(of: plan, from: now, to: goal)
    rest.references = plan.references.filter { move in
      (tips.branches[move.name] ?? tips.others[move.name]) == move.old
    }
    rest.stashes = plan.stashes.filter { !tips.stash.contains($0) }
    let way = rest
    let result = try await inGit { () async throws(GitError) in
      try await repository.result(of: way)
    }
    guard !rest.changesNothing else {
      try close(attempts, at: now.state)
      _ = try await close(operation, reaching: result)
      return FinishedOperation(operation: operation, isDone: true)
    }
    // An attempt that was killed before it wrote anything is made once more.
    let again = attempts.last { $0.plan != nil && $0.before == rest.from }
    try close(attempts.filter { $0.id != again?.id }, at: now.state)
    let mixture = try await begin(rest, after: operation, again, now)
    let lock = try await repository.lockIndex(for: mixture.id)
    defer { lock.release() }
    try await apply(mixture, rest, to: result, holding: lock)
    _ = try await close(mixture, reaching: result)
    _ = try await close(operation, reaching: result)
    var finished = FinishedOperation(
      operation: operation, isDone: true, setAside: try await setAside(by: rest, plan),
      by: mixture.id)
    finished.fileCount = rest.files.count
    return finished
  }

  /// The way from a mixture to where an operation was to lead, in what its plan is about: whatever
  /// else somebody did meanwhile is theirs.
  private func planRest(
    of plan: StatePlan, from now: CapturedState, to result: RepositoryState
  ) async throws(OperationError) -> StatePlan {
    let goal = OperationGoal(
      kind: .restore, manner: .rest(of: plan), target: result, steps: [], title: "")
    return try await OperationPlanner(repository: repository).plan(
      for: goal, from: now, tips: ReferenceTips())
  }

  /// Records the finishing of an operation as one of its own, whose state before is the mixture.
  private func begin(
    _ rest: StatePlan, after operation: Operation, _ again: Operation?, _ now: CapturedState
  ) async throws(OperationError) -> Operation {
    var mixture: Operation
    if let again {
      mixture = again
    } else {
      mixture = try inStore { () throws(StoreError) in
        try store.beginOperation(
          // A restore is on no stack: `redo` does not lead back to the mixture.
          .restore, worktree: operation.worktree, title: "the rest of \(operation.id)",
          reverses: nil, at: clock.now())
      }
    }
    do throws(StateError) {
      try await keeper.keep(now, with: [rest.from], like: [operation.before].compactMap { $0 })
    } catch {
      throw OperationRunner.error(error)
    }
    try inStore { () throws(StoreError) in try store.recordPlan(rest, of: mixture.id) }
    mixture.before = rest.from
    mixture.plan = rest
    return mixture
  }

  /// What the mixture held that is in neither of the two states.
  private func setAside(
    by rest: StatePlan, _ plan: StatePlan
  ) async throws(OperationError) -> [GitPath] {
    let fromBefore = try await inGit { () async throws(GitError) in
      try await repository.difference(from: plan.from, to: rest.from)
    }
    return rest.files.filter { edit in
      edit.change.old != nil && fromBefore.files[edit.path]?.new != nil
    }.map(\.path)
  }

  private func moveBack(
    to plan: StatePlan, message: String, holding lock: any IndexLock
  ) async throws(OperationError) {
    let now = try await inGit { () async throws(GitError) in try await repository.captureState() }
    var back = try await planRest(of: plan, from: now, to: plan.from)
    let tips = try await inGit { () async throws(GitError) in
      try await repository.referenceTips()
    }
    back.references = plan.references.filter { move in
      move.name != plan.from.head.branch
        && (tips.branches[move.name] ?? tips.others[move.name]) == move.new
    }.map(\.reversed)
    guard !back.changesNothing else { return }
    do throws(StateError) {
      try await keeper.keep(now, with: [back.from], like: [plan.from])
    } catch {
      throw OperationRunner.error(error)
    }
    let start = back
    let result = try await inGit { () async throws(GitError) in
      try await repository.result(of: start)
    }
    try await repository.apply(back, to: result, message: message, holding: lock)
  }

  /// Looks whether everything that a plan is about is as it was before.
  ///
  /// - Throws: `OperationError` if it is not; "nothing was changed" would be false then.
  private func confirmUnchanged(_ plan: StatePlan) async throws(OperationError) {
    let (now, tips, difference) = try await inGit { () async throws(GitError) in
      let now = try await repository.captureState()
      return (
        now, try await repository.referenceTips(),
        try await repository.difference(from: plan.from, to: now.state)
      )
    }
    let files = Set(unexpected(difference, plan))
    let planned = Set(
      plan.files.map(\.path) + plan.index.map(\.path) + plan.progress.map(\.path))
    let moved = plan.references.filter { move in
      move.name != plan.from.head.branch
        && (tips.branches[move.name] ?? tips.others[move.name]) != move.old
    }
    guard now.state.head == plan.from.head, files.isDisjoint(with: planned), moved.isEmpty else {
      throw .changedUnderneath(files.intersection(planned).sorted())
    }
  }

  private func abandon(_ operation: Operation) throws(OperationError) {
    try inStore { () throws(StoreError) in
      try store.abandonOperation(operation.id, at: clock.now())
    }
  }

  /// The paths in which a state that was reached is not the one that was wanted.
  private func unexpected(
    _ difference: StateDifference, _ plan: StatePlan?
  ) -> [GitPath] {
    let planned = Set((plan?.files ?? []).map(\.path))
    let missing = difference.files.filter { $0.value.new == nil }.keys
    // A file that is ignored by now is in no state, but it is where it was; one that was ignored
    // until now is new in the state only.
    let hidden = repository.onDisk(missing)
    let files = difference.files.filter { path, change in
      guard let new = change.new else { return !hidden.contains(path) }
      guard let old = change.old else { return planned.contains(path) }
      // The exact bytes are known only of files that git calls modified.
      return old.tracked != new.tracked || (old.raw != nil && new.raw != nil && old.raw != new.raw)
    }
    return Set(files.keys).union(difference.index.keys).union(difference.progress.keys).sorted()
  }

  private func inStore<Value>(
    _ body: () throws(StoreError) -> Value
  ) throws(OperationError) -> Value {
    do { return try body() } catch { throw .store(error) }
  }

  private func inGit<Value>(
    _ body: () async throws(GitError) -> Value
  ) async throws(OperationError) -> Value {
    do { return try await body() } catch { throw .git(error) }
  }
}
