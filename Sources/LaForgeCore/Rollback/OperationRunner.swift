/// What an operation did.
package struct OperationReport: Equatable, Sendable {
  package var operation: Operation
  package var plan: StatePlan
  /// The steps that it was about: the first, the last, and those that changed something.
  package var steps: [Step]
  /// All steps that it was about.
  package var stepIDs: [StepID]
  /// Paths that are not as they should be although everything was written: somebody else writes
  /// them.
  package var differing: [GitPath]
  /// What an earlier operation, cut off in the middle, left to be finished.
  package var finished: [FinishedOperation]
  /// Recorded states that were found to be gone on the way.
  package var lost: [LostSnapshot] = []

  package init(
    operation: Operation, plan: StatePlan, steps: [Step], differing: [GitPath],
    finished: [FinishedOperation]
  ) {
    self.operation = operation
    self.plan = plan
    self.steps = steps
    stepIDs = steps.map(\.id)
    self.differing = differing
    self.finished = finished
  }
}

/// What came of a request for an operation.
package enum OperationOutcome: Sendable {
  case performed(OperationReport)
  /// An operation that had been cut off was brought to its end, and nothing more was done: a request
  /// that is repeated after an interruption must not be carried out twice.
  case finishedEarlier(FinishedOperation, lost: [LostSnapshot])
}

/// Moves a worktree between recorded states: the use case behind undo, rollback, redo and restore.
package struct OperationRunner {
  private let repository: any StateMover
  private let store: any StepStore & StateLedger & OperationStore
  private let history: StepHistory
  private let recovery: OperationRecovery
  private let stepRecovery: StepRecovery
  private let keeper: StateKeeper
  private let clock: RecordingClock
  /// The running step that this process runs within.
  private let enclosing: StepID?

  package init(
    repository: any StateMover, store: any StepStore & StateLedger & OperationStore,
    isAgentAlive: @escaping (AgentProcess) -> Bool, clock: RecordingClock, enclosing: StepID?
  ) {
    self.repository = repository
    self.store = store
    self.clock = clock
    self.enclosing = enclosing
    history = StepHistory(
      store: store, worktree: repository.location.worktree, isAgentAlive: isAgentAlive)
    keeper = StateKeeper(repository: repository, ledger: store, clock: clock)
    recovery = OperationRecovery(repository: repository, store: store, clock: clock)
    stepRecovery = StepRecovery(
      repository: repository, store: store, keeper: keeper, isAgentAlive: isAgentAlive)
  }

  /// Returns what an operation would do; nothing is changed.
  package func plan(
    _ request: OperationRequest
  ) async throws(OperationError) -> (goal: OperationGoal, plan: StatePlan) {
    try refuseWhileRunning(request)
    let (now, tips) = try await present()
    let goal = try await resolver(present: now.state).goal(of: request)
    let planner = OperationPlanner(repository: repository)
    return (goal, try await planner.plan(for: goal, from: now, tips: tips))
  }

  /// Carries out an operation.
  ///
  /// - Parameters:
  ///   - request: What is asked for.
  ///   - removesStaleLocks: Whether locks that a killed git left during a step are moved away.
  /// - Returns: What was done.
  /// - Throws: `OperationError`; nothing was changed unless it is `unfinished`.
  package func perform(
    _ request: OperationRequest, removesStaleLocks: Bool = false
  ) async throws(OperationError) -> OperationOutcome {
    if let enclosing { throw .insideStep(enclosing) }
    let lock = try inStore { () throws(StoreError) in
      try store.lockWorktree(repository.location.worktree)
    }
    let lost: [LostSnapshot]
    do { lost = try await keeper.tidy() } catch { throw Self.error(error) }
    let finished = try await recovery.finishInterrupted()
    do { _ = try await stepRecovery.closeInterruptedSteps() } catch { throw Self.error(error) }
    if let earlier = finished.first(where: { $0.isDone || $0.operation.plan != nil }) {
      switch request {
      case .restore: break
      default: return .finishedEarlier(earlier, lost: lost)
      }
    }
    try refuseWhileRunning(request)
    let goal = try await resolver().goal(of: request)
    let operation = try inStore { () throws(StoreError) in
      try store.beginOperation(
        goal.kind, worktree: repository.location.worktree, title: goal.title,
        reverses: goal.reverses, at: clock.now())
    }
    var report: OperationReport
    do throws(OperationError) {
      report = try await carryOut(
        operation, goal, finished, removesStaleLocks: removesStaleLocks)
    } catch {
      switch error {
      case .unfinished, .unrecorded: throw error
      default: break
      }
      try inStore { () throws(StoreError) in
        try store.abandonOperation(operation.id, at: clock.now())
      }
      throw error
    }
    report.lost = lost
    withExtendedLifetime(lock) {}
    return .performed(report)
  }

  /// Writes the files of a `restore` below a folder; neither the working tree nor the journal
  /// changes.
  ///
  /// - Returns: How many files it wrote, or would write.
  package func export(
    _ request: OperationRequest, to folder: String, isDryRun: Bool
  ) async throws(OperationError) -> Int {
    if let enclosing { throw .insideStep(enclosing) }
    let goal = try await resolver().goal(of: request)
    guard case .files(let paths) = goal.manner else {
      throw .nothingToDo("only files can be written elsewhere")
    }
    let found = try await inGit { () async throws(GitError) in
      try await repository.files(of: goal.target, at: paths)
    }
    let known = PathIndex(found)
    for path in paths where !known.holds(path) {
      throw .notInState(path, state: goal.title)
    }
    if !isDryRun {
      try await inGit { () async throws(GitError) in
        try await repository.export(found.sorted(), of: goal.target, to: folder)
      }
    }
    return found.count
  }

  private func carryOut(
    _ operation: Operation, _ goal: OperationGoal, _ finished: [FinishedOperation],
    removesStaleLocks: Bool
  ) async throws(OperationError) -> OperationReport {
    while true {
      do throws(OperationError) {
        return try await carryOut(operation, goal, finished)
      } catch .locked(var report) {
        report.madeDuring = report.process == nil ? try step(during: report.madeAt) : nil
        guard removesStaleLocks, report.madeDuring != nil else { throw .locked(report) }
        let stale = report
        try await inGit { () async throws(GitError) in
          try repository.setAside(stale, for: operation.id)
        }
      }
    }
  }

  /// The finished step of this worktree that ran at a time: a lock from then, which no process has
  /// open, was left by a git that was killed.
  private func step(during time: Timestamp?) throws(OperationError) -> StepID? {
    guard let time else { return nil }
    let steps = try inStore { () throws(StoreError) in
      try store.steps(
        matching: StepFilter(
          worktree: repository.location.worktree, activity: .any, includesEnclosed: true,
          limit: 100))
    }
    return steps.first { step in
      guard let end = step.end?.endTime else { return false }
      return step.start.startTime <= time && time <= end
    }?.id
  }

  private func carryOut(
    _ operation: Operation, _ goal: OperationGoal, _ finished: [FinishedOperation]
  ) async throws(OperationError) -> OperationReport {
    var operation = operation
    let lock = try await repository.lockIndex(for: operation.id)
    defer { lock.release() }
    let (now, tips) = try await present()
    let plan = try await OperationPlanner(repository: repository).plan(
      for: goal, from: now, tips: tips)
    let result = try await inGit { () async throws(GitError) in
      try await repository.result(of: plan)
    }
    do throws(StateError) {
      _ = try await keeper.takeIn(tips, head: now.state.head)
      try await keeper.keep(now, with: [plan.from, result], like: [goal.target])
    } catch {
      throw Self.error(error)
    }
    try inStore { () throws(StoreError) in try store.recordPlan(plan, of: operation.id) }
    operation.before = plan.from
    operation.plan = plan
    try await recovery.apply(operation, plan, to: result, holding: lock)
    let closed: (after: RepositoryState, differing: [GitPath])
    do throws(OperationError) {
      closed = try await recovery.close(operation, reaching: result)
    } catch {
      // Everything is where it was to be; only the record of it is missing, and the next command
      // makes it.
      let cause: GitError =
        if case .git(let cause) = error {
          cause
        } else {
          GitError(code: .init(rawValue: -1), message: "\(error)", function: "close")
        }
      throw .unrecorded(operation.id, cause: cause)
    }
    let (after, differing) = closed
    operation.after = after
    operation.status = .done
    var report = OperationReport(
      operation: operation, plan: plan, steps: goal.steps, differing: differing,
      finished: finished)
    report.stepIDs = goal.stepIDs
    return report
  }

  private func resolver(present: RepositoryState? = nil) -> GoalResolver {
    GoalResolver(repository: repository, store: store, history: history, present: present)
  }

  private func present() async throws(OperationError) -> (CapturedState, ReferenceTips) {
    do { _ = try await repository.head() } catch { throw .repository(error) }
    return try await inGit { () async throws(GitError) in
      (try await repository.captureState(), try await repository.referenceTips())
    }
  }

  /// An agent cannot turn its own record back, and nobody what is still being written.
  private func refuseWhileRunning(_ request: OperationRequest) throws(OperationError) {
    if let enclosing { throw .insideStep(enclosing) }
    if case .restore = request { return }
    let running: [Step]
    do { running = try history.running() } catch { throw .lookup(error) }
    guard running.isEmpty else { throw .running(running) }
  }

  // MARK: - Errors

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

  static func error(_ error: StateError) -> OperationError {
    switch error {
    case .git(let error): .git(error)
    case .store(let error): .store(error)
    }
  }
}
