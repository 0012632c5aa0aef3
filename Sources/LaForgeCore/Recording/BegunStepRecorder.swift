/// Records steps whose beginning and end an agent tells: the use case behind `laforge step`.
package struct BegunStepRecorder {
  private let repository: any StateMover
  private let store: any StepStore & StateLedger & OperationStore
  private let spool: any StepSpool
  private let isAgentAlive: (AgentProcess) -> Bool
  private let clock: RecordingClock

  package init(
    repository: any StateMover, store: any StepStore & StateLedger & OperationStore,
    spool: any StepSpool, isAgentAlive: @escaping (AgentProcess) -> Bool, clock: RecordingClock
  ) {
    self.repository = repository
    self.store = store
    self.spool = spool
    self.isAgentAlive = isAgentAlive
    self.clock = clock
  }

  private var opening: StepOpening {
    StepOpening(
      repository: repository, store: store, spool: spool, isAgentAlive: isAgentAlive, clock: clock)
  }

  /// Returns the begun steps of the worktree that nobody has ended, newest first.
  ///
  /// One whose end waits in the spool has ended: it must not be ended once more, with what came later.
  ///
  /// - Throws: `StoreError`.
  package func unended() throws(StoreError) -> [BegunStep] {
    // What is refused is told by the next beginning.
    _ = opening.takeInSpool()
    return try store.begunSteps(worktree: repository.location.worktree)
  }

  /// Whether the agent still works on a step.
  ///
  /// Where it is gone, what came later is none of the step; the next beginning closes it with the state
  /// that is there then.
  package func isWorkedOn(_ begun: BegunStep) -> Bool {
    begun.step.start.agentProcess.map(isAgentAlive) == true
  }

  /// Keeps the state and begins a step from it.
  ///
  /// - Parameters:
  ///   - subject: What the step is about.
  ///   - session: What the agent calls its session; `nil` where it says nothing of it.
  ///   - process: The process that the step ends with at the latest.
  /// - Returns: The running step, and what has to be said of it.
  /// - Throws: `RecordError`; nothing was begun then.
  package func begin(
    _ subject: StepSubject, session: String?, process: AgentProcess
  ) async throws(RecordError) -> (step: Step, notices: [RunNotice], warnings: [RecordWarning]) {
    let opening = opening
    let lock = try opening.inStore { () throws(StoreError) in
      try store.lockWorktree(repository.location.worktree)
    }
    let kept = try await opening.keepState()
    let captured = kept.baseline.captured
    let baseline = BegunStep.Baseline(
      session: session, monotonicMilliseconds: clock.monotonicMilliseconds(),
      references: BegunStep.References(tips: kept.baseline.tips, progress: captured.commits))
    let step = try opening.inStore { () throws(StoreError) in
      try store.createStep(
        opening.makeStep(subject, from: captured, agentProcess: process), begun: baseline)
    }
    do throws(GitError) {
      if let commit = kept.protection { try await repository.protect(step.id, with: commit) }
      try repository.markBegunSteps(true)
    } catch {
      StepClosing(repository: repository, store: store, spool: spool, clock: clock)
        .abandon(RunningStep(begun: step, in: store), at: captured.state)
      throw .state(.git(error))
    }
    store.handOver(step.id)
    withExtendedLifetime(lock) {}
    return (step, opening.notices(of: step, from: kept), kept.warnings)
  }

  /// Records the end of a step.
  ///
  /// - Parameters:
  ///   - begun: The step.
  ///   - reason: `stepEnd`, `nextStep` or `sessionEnd`.
  ///   - isSuccess: Whether it went well.
  ///   - usage: Finds out what the agent used; it may have to be waited for, when all else is known.
  /// - Returns: The recorded step; whatever goes wrong is a warning in it.
  package func end(
    _ begun: BegunStep, by reason: EndReason, isSuccess: Bool, usage: () async -> UsageReport
  ) async -> RecordedRun {
    let closing = StepClosing(repository: repository, store: store, spool: spool, clock: clock)
    let start = begun.step.start
    let now = max(clock.now(), start.startTime)
    // What the monotonic clock says is of no use where it has begun anew.
    let duration = clock.monotonicMilliseconds() - begun.baseline.monotonicMilliseconds
    let elapsed = now.millisecondsSince1970 - start.startTime.millisecondsSince1970
    let completion = StepCompletion(
      endedBy: reason, termination: .reported(success: isSuccess), endTime: now,
      durationMilliseconds: start.agentProcess.map(isAgentAlive) == true && duration >= 0
        ? duration : elapsed,
      agentConfiguration: start.agentConfiguration)
    let references = begun.baseline.references
    let before = CapturedState(
      state: begun.step.stateBefore ?? RepositoryState(head: start.headBefore, snapshot: nil),
      leftOut: start.leftOut ?? [], commits: references.progress)
    var unreadableLines = 0
    var (step, warnings) = await closing.close(
      RunningStep(begun: begun.step, in: store),
      from: StepBaseline(captured: before, tips: references.tips), with: completion
    ) { completion in
      let report = await usage()
      completion.agentReportedError = report.agentReportedError
      completion.agentConfiguration = closing.configuration(of: begun.step, completedBy: report)
      completion.tokenUsage = report.usage
      completion.usageExplanation = report.explanation
      unreadableLines = report.unreadableLines
    }
    if unreadableLines > 0 { warnings.append(.unreadableUsage(lines: unreadableLines)) }
    do throws(StateError) {
      // Whoever begins another step meanwhile must not lose the mark.
      let lock: AnyObject
      do { lock = try store.lockWorktree(repository.location.worktree) } catch {
        throw .store(error)
      }
      defer { withExtendedLifetime(lock) {} }
      try BegunStepMark(repository: repository, store: store).refresh()
    } catch {
      warnings.append(.notTidied(error))
    }
    return RecordedRun(step: step, launchFailure: nil, warnings: warnings)
  }
}

/// The file by which git hooks see that a begun step runs in a worktree.
struct BegunStepMark {
  let repository: any StateRepository
  let store: any StepReading

  /// Leaves or removes it as the store says.
  func refresh() throws(StateError) {
    let begun: [BegunStep]
    do { begun = try store.begunSteps(worktree: repository.location.worktree) } catch {
      throw .store(error)
    }
    do { try repository.markBegunSteps(!begun.isEmpty) } catch { throw .git(error) }
  }
}
