/// Carries out plans so that they can be finished after any interruption, and finishes them.
///
/// After a crash the worktree may be a mixture of before and after, with a file torn in the middle.
/// The mixture is taken as a state of its own, kept, and moved to where the operation was to lead;
/// what was done already does not differ and is not done again.
package struct OperationRecovery {
  let repository: any StateMover
  let store: any StepStore & StateLedger & OperationStore
  let keeper: StateKeeper
  let clock: RecordingClock

  package init(
    repository: any StateMover, store: any StepStore & StateLedger & OperationStore,
    clock: RecordingClock
  ) {
    self.repository = repository
    self.store = store
    self.clock = clock
    keeper = StateKeeper(repository: repository, ledger: store, clock: clock)
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

  /// The way from a mixture to where an operation was to lead, in what its plan is about: whatever
  /// else somebody did meanwhile is theirs.
  func planRest(
    of plan: StatePlan, from now: CapturedState, to result: RepositoryState
  ) async throws(OperationError) -> StatePlan {
    let goal = OperationGoal(
      kind: .restore, manner: .rest(of: plan), target: result, steps: [], title: "")
    return try await OperationPlanner(repository: repository).plan(
      for: goal, from: now, tips: ReferenceTips())
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

  func abandon(_ operation: Operation) throws(OperationError) {
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

  func inStore<Value>(
    _ body: () throws(StoreError) -> Value
  ) throws(OperationError) -> Value {
    do { return try body() } catch { throw .store(error) }
  }

  func inGit<Value>(
    _ body: () async throws(GitError) -> Value
  ) async throws(OperationError) -> Value {
    do { return try await body() } catch { throw .git(error) }
  }
}
