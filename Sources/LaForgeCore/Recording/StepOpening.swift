import SystemPackage

/// What a step is compared with at its end.
struct StepBaseline {
  var captured: CapturedState
  var tips: ReferenceTips
}

/// The beginning of a step, however it is recorded: what earlier steps left is tidied up, and the
/// state before is kept.
struct StepOpening {
  let repository: any StateMover
  let store: any StepStore & StateLedger & OperationStore
  let spool: any StepSpool
  let isAgentAlive: (AgentProcess) -> Bool
  let clock: RecordingClock

  /// A state that is kept, from which a step may begin.
  struct Kept {
    var baseline: StepBaseline
    /// A commit that protects what the references reach; `nil` in an empty repository.
    var protection: ObjectID?
    /// Whether something is left out that the step before did not leave out.
    var hasNewLeftOut: Bool
    var warnings: [RecordWarning]
  }

  /// Takes and keeps the state before.
  ///
  /// The caller holds the lock of the worktree until the step is recorded as running.
  ///
  /// - Throws: `RecordError`; nothing may be begun then.
  func keepState() async throws(RecordError) -> Kept {
    let warnings = try await tidyUp()
    let baseline = try await takeState()
    let captured = baseline.captured
    let latest = try latestState(before: captured)
    let protection = try await inStates { () async throws(StateError) in
      try await keeper.keep(captured, like: latest)
      return try await keeper.takeIn(
        baseline.tips, head: captured.state.head, progress: captured.commits)
    }
    return Kept(
      baseline: baseline, protection: protection,
      hasNewLeftOut: try hasNewLeftOut(captured), warnings: warnings)
  }

  /// Describes a step that begins from a state; credentials are taken out.
  func makeStep(
    _ subject: StepSubject, from before: CapturedState, agentProcess: AgentProcess?
  ) -> NewStep {
    let redactor = CredentialRedactor()
    return NewStep(
      projectID: subject.projectID, worktree: repository.location.worktree,
      worktreePath: repository.location.workingTree.string, directory: subject.directory,
      enclosing: subject.enclosing, label: subject.label.map(redactor.redact),
      command: redactor.redact(command: subject.command),
      agentConfiguration: redactor.redact(subject.configuration),
      headBefore: before.state.head, stateBefore: before.state.snapshot == nil ? .clean : .snapshot,
      snapshotBefore: before.state.snapshot, leftOut: before.leftOut, startTime: clock.now(),
      agentProcess: agentProcess)
  }

  /// What is said right before the agent goes to work.
  func notices(of step: Step, from kept: Kept) -> [RunNotice] {
    var notices: [RunNotice] = []
    if kept.hasNewLeftOut { notices.append(.leftOut(step.id, kept.baseline.captured.leftOut)) }
    if !step.overlaps.isEmpty { notices.append(.overlaps(step.id, with: step.overlaps)) }
    return notices
  }

  private var keeper: StateKeeper {
    StateKeeper(repository: repository, ledger: store, clock: clock)
  }

  /// Takes in what earlier runs could not write, finishes what an operation was cut off in, and
  /// closes the runs whose LaForge died with the state that is there now.
  private func tidyUp() async throws(RecordError) -> [RecordWarning] {
    let refusals = takeInSpool()
    try await takeInHookNotes()
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
    let lost = try await inStates { () async throws(StateError) in
      if repository.hasBegunMark {
        try BegunStepMark(repository: repository, store: store).refresh()
      }
      try await recovery.releaseEndedSteps()
      return try await keeper.tidy()
    }
    return refusals.map(RecordWarning.spoolRefused) + finished.map(RecordWarning.finished)
      + closed + (lost.isEmpty ? [] : [.statesLost(lost)])
  }

  private func takeInHookNotes() async throws(RecordError) {
    // Nearly always there are none.
    let notes = store.hookNotes()
    guard !notes.isEmpty else { return }
    let record = try inStore { () throws(StoreError) in try store.commitRecord() }
    let completed = await notes.completed(from: record, in: repository)
    try inStore { () throws(StoreError) in try store.takeIn(completed) }
  }

  /// Takes in what earlier steps could not write; returns what was refused.
  func takeInSpool() -> [SpoolRefusal] {
    var (waiting, refusals) = spool.waiting(storeID: store.storeID)
    for spooled in waiting {
      do throws(StoreError) {
        try store.adoptStep(spooled.step)
        try spool.remove(spooled)
      } catch {
        refusals.append(SpoolRefusal(path: spooled.path, reason: error.description))
      }
    }
    return refusals
  }

  private func takeState() async throws(RecordError) -> StepBaseline {
    // Read first for its own refusals, which say more than those of git.
    do { _ = try await repository.head() } catch { throw .repository(error) }
    do throws(GitError) {
      return StepBaseline(
        captured: try await repository.captureState(), tips: try await repository.referenceTips())
    } catch {
      throw .state(.git(error))
    }
  }

  /// The state that the present one is probably like: that after the latest step.
  private func latestState(
    before captured: CapturedState
  ) throws(RecordError) -> [RepositoryState] {
    guard captured.state.snapshot != nil else { return [] }
    let latest = try inStore { () throws(StoreError) in
      try store.latestActiveStep(worktree: repository.location.worktree)
    }
    guard let end = latest?.end, let head = end.headAfter else { return [] }
    return [RepositoryState(head: head, snapshot: end.snapshotAfter)]
  }

  private func hasNewLeftOut(_ captured: CapturedState) throws(RecordError) -> Bool {
    guard !captured.leftOut.isEmpty else { return false }
    let latest = try inStore { () throws(StoreError) in
      try store.latestActiveStep(worktree: repository.location.worktree)
    }
    let known = Set((latest?.start.leftOut ?? []).map { [$0.path.text, $0.reason.rawValue] })
    return !captured.leftOut.allSatisfy { known.contains([$0.path.text, $0.reason.rawValue]) }
  }

  // MARK: - Errors

  func inStore<Value>(
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
