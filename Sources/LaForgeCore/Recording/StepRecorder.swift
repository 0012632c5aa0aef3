import SystemPackage

/// Records one run of a command: the use case behind `laforge run`.
package struct StepRecorder {
  private let repository: any StateMover
  private let store: any StepStore & StateLedger & OperationStore
  private let spool: any StepSpool
  private let runner: any AgentRunner
  private let isAgentAlive: (AgentProcess) -> Bool
  private let clock: RecordingClock
  private let redactor = CredentialRedactor()

  package init(
    repository: any StateMover, store: any StepStore & StateLedger & OperationStore,
    spool: any StepSpool,
    runner: any AgentRunner, isAgentAlive: @escaping (AgentProcess) -> Bool,
    clock: RecordingClock
  ) {
    self.repository = repository
    self.store = store
    self.spool = spool
    self.runner = runner
    self.isAgentAlive = isAgentAlive
    self.clock = clock
  }

  private var keeper: StateKeeper {
    StateKeeper(repository: repository, ledger: store, clock: clock)
  }

  /// Runs the command and records it.
  ///
  /// The order of writes is what makes a crash harmless: the state before is kept, the process
  /// exists but waits, the running row is committed with that process in it, a reference protects
  /// what the program could destroy, then it is executed; the state after is kept, then the row is
  /// finished in one transaction.
  ///
  /// - Parameters:
  ///   - request: What to run.
  ///   - meter: Reads the usage from the output.
  ///   - announce: Called before the program runs with what the person must know by then.
  /// - Returns: The recorded step.
  /// - Throws: `RecordError` only while the program has not been executed. From then on the run
  ///   has an outcome, whatever goes wrong is a warning in it.
  package func record(
    _ request: RunRequest, meter: any UsageMeter,
    announce: (RunNotice) -> Void
  ) async throws(RecordError) -> RecordedRun {
    var meter = meter
    var lock: AnyObject? = try inStore { () throws(StoreError) in
      try store.lockWorktree(repository.location.worktree)
    }
    var warnings = try await tidyUp()
    let before = try await takeState()
    let protection = try await inStates { () async throws(StateError) in
      try await keep(before)
    }
    let isNews = try hasNewLeftOut(before.captured)
    let held = try hold(request)
    let running = try start(request, from: before.captured, as: held)
    do throws(GitError) {
      if let protection { try await repository.protect(running.step.id, with: protection) }
    } catch {
      held.abandon()
      abandon(running, at: before.captured.state)
      throw .state(.git(error))
    }
    // From here on the step counts as running, which keeps others out.
    withExtendedLifetime(lock) {}
    lock = nil
    if isNews { announce(.leftOut(running.step.id, before.captured.leftOut)) }
    let others = running.step.overlaps
    if !others.isEmpty { announce(.overlaps(running.step.id, with: others)) }

    let startedAt = clock.monotonicMilliseconds()
    var end: (time: Timestamp, duration: Int64)?
    let outcome = held.release(as: running.step.id) { event in
      switch event {
      case .output(let stream, let bytes): meter.consume(bytes, from: stream)
      case .ended: end = (clock.now(), clock.monotonicMilliseconds() - startedAt)
      }
      guard let most = request.options.limits.maximumCost, let cost = meter.costSoFar else {
        return nil
      }
      return cost > most ? .maxCost : nil
    }
    let report = meter.finish(
      usageFile: outcome.usageFile,
      wasKilled: outcome.termination.isKilled(by: outcome.endedBy))
    var completion = StepCompletion(
      endedBy: outcome.endedBy, termination: outcome.termination,
      // A clock that was set back during the run must not make the record impossible.
      endTime: max(end?.time ?? clock.now(), running.step.start.startTime),
      durationMilliseconds: end?.duration ?? clock.monotonicMilliseconds() - startedAt,
      agentReportedError: report.agentReportedError,
      agentConfiguration: configuration(of: running.step, completedBy: report),
      tokenUsage: report.usage, resources: outcome.resources, output: outcome.output)
    completion.usageExplanation = report.explanation
    completion.activeMilliseconds =
      max(0, completion.durationMilliseconds - outcome.stoppedMilliseconds)
    let changes = StepChanges(
      repository: repository, before: before.captured, tipsBefore: before.tips)
    var progress = before.captured.commits
    warnings += await changes.describe(in: &completion) { captured async throws(StateError) in
      progress = captured.commits
      try await keeper.keep(captured)
    }
    if report.unreadableLines > 0 {
      warnings.append(.unreadableUsage(lines: report.unreadableLines))
    }
    if outcome.leftOutputOpen { warnings.append(.outputLeftOpen(held.route)) }
    warnings += outcome.outputFailures.map(RecordWarning.outputFailed)
    if let number = outcome.keepingFailure {
      warnings.append(.outputNotKept(reason: Errno(rawValue: number).description))
    }
    // Kept before the row is final: what the row names must exist.
    let failure = await keepOrphans(
      of: running.step.id, before, completion, progress: progress)
    let (step, unfinished) = finish(running, with: completion)
    let remaining = failure == nil ? await unprotect(step.id) : nil
    warnings += [failure, unfinished, remaining].compactMap { $0 }
    var run = RecordedRun(
      step: step, launchFailure: outcome.launchFailure, warnings: warnings,
      outputLimits: request.options.output)
    run.typedSignal = outcome.typedSignal
    return run
  }

  // MARK: - Before the program runs

  /// The repository as it is before the program runs.
  private struct Before {
    var captured: CapturedState
    var tips: ReferenceTips
  }

  /// Takes in what earlier runs could not write, finishes what an operation was cut off in, and
  /// closes the runs whose LaForge died with the state that is there now.
  private func tidyUp() async throws(RecordError) -> [RecordWarning] {
    var (waiting, refusals) = spool.waiting(storeID: store.storeID)
    for spooled in waiting {
      do throws(StoreError) {
        try store.adoptStep(spooled.step)
        try spool.remove(spooled)
      } catch {
        refusals.append(SpoolRefusal(path: spooled.path, reason: error.description))
      }
    }
    try inStore { () throws(StoreError) in try store.takeInHookNotes() }
    let finished: [FinishedOperation]
    do {
      finished = try await OperationRecovery(repository: repository, store: store, clock: clock)
        .finishInterrupted()
    } catch {
      throw .operation(error)
    }
    let recovery = StepRecovery(
      repository: repository, store: store, keeper: keeper, isAgentAlive: isAgentAlive)
    let closed = try await inStates { () async throws(StateError) in
      try await recovery.closeInterruptedSteps()
    }
    repository.removeLeftovers()
    try await inStates { () async throws(StateError) in
      try await recovery.releaseEndedSteps()
      try await keeper.tidy()
    }
    return refusals.map(RecordWarning.spoolRefused) + finished.map(RecordWarning.finished)
      + closed
  }

  private func takeState() async throws(RecordError) -> Before {
    // Read first for its own refusals, which say more than those of git.
    do { _ = try await repository.head() } catch { throw .repository(error) }
    do throws(GitError) {
      return Before(
        captured: try await repository.captureState(), tips: try await repository.referenceTips())
    } catch {
      throw .state(.git(error))
    }
  }

  /// Keeps the state before; returns a commit that protects what the references reach.
  private func keep(_ before: Before) async throws(StateError) -> ObjectID? {
    try await keeper.keep(before.captured)
    return try await keeper.takeIn(
      before.tips, head: before.captured.state.head, progress: before.captured.commits)
  }

  private func hasNewLeftOut(_ captured: CapturedState) throws(RecordError) -> Bool {
    guard !captured.leftOut.isEmpty else { return false }
    let latest = try inStore { () throws(StoreError) in
      try store.latestActiveStep(worktree: repository.location.worktree)
    }
    let known = Set((latest?.start.leftOut ?? []).map { [$0.path.text, $0.reason.rawValue] })
    return !captured.leftOut.allSatisfy { known.contains([$0.path.text, $0.reason.rawValue]) }
  }

  private func hold(_ request: RunRequest) throws(RecordError) -> any HeldAgent {
    let held: any HeldAgent
    do {
      held = try runner.hold(
        request.command, storeID: store.storeID, options: request.options)
    } catch {
      throw .launch(error)
    }
    guard held.route != .direct || !request.options.limits.needOutput else {
      held.abandon()
      throw .outputUnseen(request.options.limits)
    }
    return held
  }

  private func start(
    _ request: RunRequest, from before: CapturedState, as held: any HeldAgent
  ) throws(RecordError) -> RunningStep {
    var configuration = request.configuration
    configuration.agent = configuration.agent ?? request.command.baseName
    let step = NewStep(
      projectID: request.projectID, worktree: repository.location.worktree,
      worktreePath: repository.location.workingTree.string, directory: request.directory,
      enclosing: request.enclosing, label: request.label.map(redactor.redact),
      command: redactor.redact(command: request.command.text),
      agentConfiguration: redactor.redact(configuration),
      headBefore: before.state.head, stateBefore: before.state.snapshot == nil ? .clean : .snapshot,
      snapshotBefore: before.state.snapshot, leftOut: before.leftOut, startTime: clock.now(),
      agentProcess: held.process)
    do {
      return try RunningStep(step, in: store)
    } catch {
      held.abandon()
      throw .store(error)
    }
  }

  // MARK: - After it has ended

  /// What was given wins over what the agent told.
  private func configuration(
    of step: Step, completedBy report: UsageReport
  ) -> AgentConfiguration {
    var configuration = step.start.agentConfiguration
    configuration.model = configuration.model ?? report.model.map(redactor.redact)
    return configuration
  }

  private func unprotect(_ id: StepID) async -> RecordWarning? {
    do {
      try await keeper.unprotect(id)
      return nil
    } catch {
      return .notTidied(error)
    }
  }

  /// Keeps what the step orphaned.
  private func keepOrphans(
    of id: StepID, _ before: Before, _ completion: StepCompletion, progress: [ObjectID]
  ) async -> RecordWarning? {
    let state = before.captured.state
    var candidates = Set(before.tips.targets(head: state.head).values)
    candidates.formUnion(before.captured.commits + (completion.commits ?? []))
    if let head = completion.headAfter?.commit { candidates.insert(head) }
    do throws(StateError) {
      let tips: ReferenceTips
      do { tips = try await repository.referenceTips() } catch { throw StateError.git(error) }
      try await keeper.keepOrphans(
        of: id, keeping: candidates, tips: tips, head: completion.headAfter ?? state.head,
        progress: progress)
      return nil
    } catch {
      return .notTidied(error)
    }
  }

  /// Closes a step whose program was never executed.
  private func abandon(_ running: consuming RunningStep, at state: RepositoryState) {
    let completion = StepCompletion(
      endedBy: .exit, termination: .exited(125), endTime: running.step.start.startTime,
      durationMilliseconds: 0, headAfter: state.head,
      stateAfter: state.snapshot == nil ? .clean : .snapshot, snapshotAfter: state.snapshot,
      lost: [], commits: [], changes: ChangeSummary.none,
      agentConfiguration: running.step.start.agentConfiguration)
    _ = finish(running, with: completion)
  }

  /// Writes the end of the step into the store, else into the spool.
  private func finish(
    _ running: consuming RunningStep, with completion: StepCompletion
  ) -> (Step, RecordWarning?) {
    var step = running.step
    step.status = completion.status
    step.end = completion
    do {
      try running.finish(with: completion)
      return (step, nil)
    } catch let cause {
      do {
        let path = try spool.keep(step, storeID: store.storeID)
        return (step, .spooled(path: path, cause: cause))
      } catch {
        return (step, .notKept(cause: cause))
      }
    }
  }

  // MARK: - Errors

  private func inStore<Value>(
    _ body: () throws(StoreError) -> Value
  ) throws(RecordError) -> Value {
    do { return try body() } catch { throw .store(error) }
  }

  private func inStates<Value>(
    _ body: () async throws(StateError) -> Value
  ) async throws(RecordError) -> Value {
    do {
      return try await body()
    } catch .store(let error) {
      throw .store(error)
    } catch {
      throw .state(error)
    }
  }
}
