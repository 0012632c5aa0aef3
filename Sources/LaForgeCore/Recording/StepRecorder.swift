import SystemPackage

/// Records one run of a command: the use case behind `laforge run`.
package struct StepRecorder {
  private let repository: any SourceRepository
  private let store: any StepStore
  private let spool: any StepSpool
  private let runner: any AgentRunner
  private let isAgentAlive: (AgentProcess) -> Bool
  private let clock: RecordingClock
  private let redactor = CredentialRedactor()

  package init(
    repository: any SourceRepository, store: any StepStore, spool: any StepSpool,
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

  /// Runs the command and records it.
  ///
  /// The order of writes is what makes a crash harmless: the process exists but waits, then the
  /// running row is committed with that process in it, then the program is executed, then the row
  /// is finished in one transaction.
  ///
  /// - Throws: `RecordError` only while the program has not been executed. From then on the run
  ///   has an outcome, whatever goes wrong is a warning in it.
  package func record(
    _ request: RunRequest, meter: any UsageMeter
  ) throws(RecordError) -> RecordedRun {
    var meter = meter
    let refusals = try tidyUp()
    let before = try position()
    let held = try hold(request.command)
    let running = try start(request, at: before.head, as: held)
    let startedAt = clock.monotonicMilliseconds()
    var end: (time: Timestamp, duration: Int64)?
    let outcome = held.release(as: running.step.id) { event in
      switch event {
      case .output(let stream, let bytes): meter.consume(bytes, from: stream)
      case .ended: end = (clock.now(), clock.monotonicMilliseconds() - startedAt)
      }
    }
    let report = meter.finish(usageFile: outcome.usageFile)
    var completion = StepCompletion(
      endedBy: outcome.endedBy, termination: outcome.termination,
      // A clock that was set back during the run must not make the record impossible.
      endTime: max(end?.time ?? clock.now(), running.step.start.startTime),
      durationMilliseconds: end?.duration ?? clock.monotonicMilliseconds() - startedAt,
      agentReportedError: report.agentReportedError,
      agentConfiguration: configuration(of: running.step, completedBy: report),
      tokenUsage: report.usage)
    var warnings = refusals.map(RecordWarning.spoolRefused)
    warnings += describeChanges(since: before, in: &completion)
    if report.unreadableLines > 0 {
      warnings.append(.unreadableUsage(lines: report.unreadableLines))
    }
    if outcome.leftOutputOpen { warnings.append(.outputLeftOpen) }
    warnings += outcome.outputFailures.map(RecordWarning.outputFailed)
    let (step, failure) = finish(running, with: completion)
    if let failure { warnings.append(failure) }
    return RecordedRun(step: step, launchFailure: outcome.launchFailure, warnings: warnings)
  }

  // MARK: - Before the program runs

  /// Takes in what earlier runs could not write, and closes those whose LaForge died.
  private func tidyUp() throws(RecordError) -> [SpoolRefusal] {
    var (waiting, refusals) = spool.waiting(storeID: store.storeID)
    for spooled in waiting {
      do throws(StoreError) {
        try store.adoptStep(spooled.step)
        try spool.remove(spooled)
      } catch {
        refusals.append(SpoolRefusal(path: spooled.path, reason: error.description))
      }
    }
    do {
      _ = try store.closeInterruptedSteps(isAgentAlive: isAgentAlive)
      return refusals
    } catch {
      throw .store(error)
    }
  }

  private func position() throws(RecordError) -> RepositoryPosition {
    let head: Head
    do { head = try repository.head() } catch { throw .repository(error) }
    do {
      return RepositoryPosition(head: head, tips: try repository.referenceTips())
    } catch {
      throw .references(error)
    }
  }

  private func hold(_ command: AgentCommand) throws(RecordError) -> any HeldAgent {
    do { return try runner.hold(command, storeID: store.storeID) } catch { throw .launch(error) }
  }

  private func start(
    _ request: RunRequest, at head: Head, as held: any HeldAgent
  ) throws(RecordError) -> RunningStep {
    var configuration = request.configuration
    configuration.agent = configuration.agent ?? request.command.baseName
    let step = NewStep(
      projectID: request.projectID, worktree: repository.location.worktree,
      worktreePath: repository.location.workingTree.string, directory: request.directory,
      enclosing: request.enclosing, label: request.label.map(redactor.redact),
      command: redactor.redact(command: request.command.text),
      agentConfiguration: redactor.redact(configuration), headBefore: head,
      startTime: clock.now(), agentProcess: held.process)
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

  private func describeChanges(
    since before: RepositoryPosition, in completion: inout StepCompletion
  ) -> [RecordWarning] {
    let head: Head
    do {
      head = try repository.head()
    } catch {
      return [.repositoryUnreadable(error)]
    }
    completion.headAfter = head
    var warnings: [RecordWarning] = []
    do throws(GitError) {
      let after = RepositoryPosition(head: head, tips: try repository.referenceTips())
      completion.commits = try repository.commitsMade(since: before, until: after)
    } catch {
      warnings.append(.changesUnknown(error))
    }
    do throws(GitError) {
      completion.changes = try repository.changes(from: before.head.commit, to: head.commit)
    } catch {
      warnings.append(.changesUnknown(error))
    }
    return warnings
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
}
