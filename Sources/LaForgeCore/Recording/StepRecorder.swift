import SystemPackage

/// Records one run of a command: the use case behind `laforge run`.
package struct StepRecorder {
  private let repository: any StateMover
  private let store: any StepStore & StateLedger & OperationStore
  private let spool: any StepSpool
  private let runner: any AgentRunner
  private let isAgentAlive: (AgentProcess) -> Bool
  private let clock: RecordingClock

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

  private var opening: StepOpening {
    StepOpening(
      repository: repository, store: store, spool: spool, isAgentAlive: isAgentAlive, clock: clock)
  }

  private var closing: StepClosing {
    StepClosing(repository: repository, store: store, spool: spool, clock: clock)
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
    var lock: AnyObject? = try opening.inStore { () throws(StoreError) in
      try store.lockWorktree(repository.location.worktree)
    }
    let kept = try await opening.keepState()
    let before = kept.baseline
    let held = try hold(request)
    let running = try start(request, from: before.captured, as: held)
    do throws(GitError) {
      if let commit = kept.protection {
        try await repository.protect(running.step.id, with: commit)
      }
    } catch {
      held.abandon()
      closing.abandon(running, at: before.captured.state)
      throw .state(.git(error))
    }
    // From here on the step counts as running, which keeps others out.
    withExtendedLifetime(lock) {}
    lock = nil
    for notice in opening.notices(of: running.step, from: kept) { announce(notice) }

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
      agentConfiguration: closing.configuration(of: running.step, completedBy: report),
      tokenUsage: report.usage, resources: outcome.resources, output: outcome.output)
    completion.usageExplanation = report.explanation
    completion.activeMilliseconds =
      max(0, completion.durationMilliseconds - outcome.stoppedMilliseconds)
    var warnings = kept.warnings
    if report.unreadableLines > 0 {
      warnings.append(.unreadableUsage(lines: report.unreadableLines))
    }
    if outcome.leftOutputOpen { warnings.append(.outputLeftOpen(held.route)) }
    warnings += outcome.outputFailures.map(RecordWarning.outputFailed)
    if let number = outcome.keepingFailure {
      warnings.append(.outputNotKept(reason: Errno(rawValue: number).description))
    }
    let (step, unrecorded) = await closing.close(running, from: before, with: completion)
    warnings += unrecorded
    var run = RecordedRun(
      step: step, launchFailure: outcome.launchFailure, warnings: warnings,
      outputLimits: request.options.output)
    run.typedSignal = outcome.typedSignal
    run.lossStatus = outcome.lossStatus
    return run
  }

  // MARK: - Before the program runs

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
    var subject = request.subject
    subject.configuration.agent = subject.configuration.agent ?? request.command.baseName
    let step = opening.makeStep(subject, from: before, agentProcess: held.process)
    do {
      return try RunningStep(step, in: store)
    } catch {
      held.abandon()
      throw .store(error)
    }
  }
}
