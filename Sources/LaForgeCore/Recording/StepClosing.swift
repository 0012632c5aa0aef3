/// The end of a step, however it is recorded: the state after is kept, then the row is finished.
struct StepClosing {
  let repository: any StateMover
  let store: any StepStore & StateLedger
  let spool: any StepSpool
  let clock: RecordingClock

  private var keeper: StateKeeper {
    StateKeeper(repository: repository, ledger: store, clock: clock)
  }

  /// The agent's configuration at the end: what was given wins over what the agent told.
  func configuration(
    of step: Step, completedBy report: UsageReport
  ) -> AgentConfiguration {
    var configuration = step.start.agentConfiguration
    configuration.model =
      configuration.model ?? report.model.map(CredentialRedactor().redact)
    return configuration
  }

  /// Records the end of a step.
  ///
  /// - Parameters:
  ///   - running: The step.
  ///   - baseline: What it is compared with.
  ///   - completion: What is known of the end; what the step did to the repository is added.
  ///   - complete: Adds what takes time to find out, when the state is kept.
  /// - Returns: The step as it was recorded, and what could not be done.
  func close(
    _ running: consuming RunningStep, from baseline: StepBaseline, with completion: StepCompletion,
    complete: (inout StepCompletion) async -> Void = { _ in }
  ) async -> (step: Step, warnings: [RecordWarning]) {
    var completion = completion
    let changes = StepChanges(
      repository: repository, before: baseline.captured, tipsBefore: baseline.tips)
    var progress = baseline.captured.commits
    var warnings = await changes.describe(in: &completion) { captured async throws(StateError) in
      progress = captured.commits
      try await keeper.keep(captured, like: [baseline.captured.state])
    }
    // Kept before the row is final: what the row names must exist.
    let failure = await keepOrphans(
      of: running.step.id, baseline, completion, progress: progress)
    await complete(&completion)
    let (step, unfinished) = finish(running, with: completion)
    let remaining = failure == nil ? await unprotect(step.id) : nil
    warnings += [failure, unfinished, remaining].compactMap { $0 }
    return (step, warnings)
  }

  /// Closes a step whose agent never went to work.
  func abandon(_ running: consuming RunningStep, at state: RepositoryState) {
    let completion = StepCompletion(
      endedBy: .exit, termination: .exited(125), endTime: running.step.start.startTime,
      durationMilliseconds: 0, headAfter: state.head,
      stateAfter: state.snapshot == nil ? .clean : .snapshot, snapshotAfter: state.snapshot,
      lost: [], commits: [], changes: ChangeSummary.none,
      agentConfiguration: running.step.start.agentConfiguration)
    _ = finish(running, with: completion)
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
    of id: StepID, _ before: StepBaseline, _ completion: StepCompletion, progress: [ObjectID]
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
      // Another end came first; one that was only guessed is no end.
      if cause.code == .alreadyFinished, let recorded = try? store.step(step.id),
        recorded.status != .interrupted
      {
        return (recorded, nil)
      }
      do {
        let path = try spool.keep(step, storeID: store.storeID)
        return (step, .spooled(path: path, cause: cause))
      } catch {
        return (step, .notKept(cause: cause))
      }
    }
  }
}
