import LaForgeAgent
import LaForgeCore
import LaForgeGit
import LaForgeStore
import SystemPackage

/// What `laforge run` does once its words are understood.
struct RunExecution {
  let options: RunOptions

  /// How many file descriptors a run opens at once, with some to spare: the library that starts git
  /// ends the process where there are too few.
  private static let descriptors = 32

  /// Runs a command and returns what to exit with.
  ///
  /// - Throws: `CommandFailure` with status 125 where it was not started.
  func run(_ command: AgentCommand, in context: CommandContext) async throws -> ExitStatus {
    if context.variable("LAFORGE") == "off" { return replaceProcess(with: command, context) }
    let recognition = AgentRecognition(command.text)
    var configuration = try makeConfiguration()
    configuration.agent =
      configuration.agent ?? recognition.agent?.name ?? command.baseName
    let left = context.freeDescriptors(atMost: Self.descriptors)
    guard left == Self.descriptors else {
      return try await giveUp(
        .fewDescriptors(needed: Self.descriptors, left: left), command, repository: nil,
        in: context)
    }
    let repository: WorktreeRepository
    do throws(RepositoryError) {
      repository = try await context.openRepository()
    } catch {
      return try await giveUp(.repository(error), command, repository: nil, in: context)
    }
    let top = repository.location.workingTree
    if !options.isForced, context.isWholeDisk(top) {
      return try await giveUp(
        .tooBroad(path: top.string), command, repository: repository, in: context)
    }
    let session: RecordingSession
    do throws(RecordError) {
      session = try await RecordingSession(repository, in: context)
    } catch {
      return try await giveUp(error, command, repository: repository, in: context)
    }
    let run: RecordedRun
    do throws(RecordError) {
      let settings = try await settings(repository)
      var agent = settings.options
      agent.capture = options.capture ?? agent.capture
      agent.isFullScreen = recognition.isFullScreen
      agent.limits = options.limits
      agent.ownDescriptors = options.recordFile.map(RecordFile.descriptors) ?? []
      let request = RunRequest(
        command: command, directory: session.directory, label: options.label,
        configuration: configuration, enclosing: session.enclosing, projectID: session.projectID,
        options: agent)
      let meter = context.makeMeter(
        agent: configuration.agent ?? command.baseName,
        call: context.agentCall(
          recognition.arguments, directory: context.directory,
          workingTree: repository.location.workingTree, start: context.clock.now(),
          model: configuration.model),
        prices: settings.prices)
      run = try await session.recorder.record(request, meter: meter) { notice in
        RunReport.say(notice, in: context)
      }
    } catch .outputUnseen(let limits) {
      // Without a record it would run without its limit.
      throw CommandFailure(
        UserMessage(.outputUnseen(limits), unstarted: command, newestCopy: nil),
        status: .runFailure)
    } catch {
      return try await giveUp(error, command, repository: repository, in: context)
    }
    RunReport(run: run, command: command, storeID: session.store.storeID, limits: options.limits)
      .say(closing: closing(run.step, in: context), recordFile: options.recordFile, in: context)
    if let kept = run.outputLimits, run.step.end?.output?.keptBytes ?? 0 > 0 {
      session.trimOutputs(limit: kept.ofAll, in: context)
    }
    session.backUp(in: context)
    if let signal = run.typedSignal {
      // As without LaForge, Ctrl-C ends the loop or the script around the run as well.
      OwnEnd.bySignal(signal)
    }
    return .agent(
      run.lossStatus ?? run.step.end?.termination.shellStatus ?? ExitStatus.runFailure.rawValue)
  }

  private func settings(
    _ repository: WorktreeRepository
  ) async throws(RecordError) -> RunSettings {
    do { return try await repository.runSettings() } catch { throw .configuration(error) }
  }

  /// A run that was ended from outside says so everywhere: its exit status does not tell why.
  private func closing(_ step: Step, in context: CommandContext) -> Bool {
    let isLimit = [.timeout, .idleTimeout, .maxCost].contains(step.endedBy)
    return !options.isQuiet && (options.isVerbose || context.error.isTerminal || isLimit)
  }

  /// The options win over the file.
  private func makeConfiguration() throws -> AgentConfiguration {
    var configuration =
      try options.agentConfigurationFile.map(AgentConfigurationFile.read) ?? AgentConfiguration()
    configuration.agent = options.agent ?? configuration.agent
    configuration.model = options.model ?? configuration.model
    for pair in options.metadata {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      configuration.metadata[String(sides[0])] = .string(String(sides[1]))
    }
    return configuration
  }

  // MARK: - Without a record

  /// No record can be made: the command is not started, or runs without one if the user prefers
  /// that.
  private func giveUp(
    _ error: RecordError, _ command: AgentCommand, repository: WorktreeRepository?,
    in context: CommandContext
  ) async throws -> ExitStatus {
    let copy = repository.flatMap { ReadingSession.newestCopy($0.location.commonDirectory) }
    var message = UserMessage(error, unstarted: command, newestCopy: copy)
    // A configuration that cannot be read prefers nothing.
    let prefers = (try? await context.prefersBestEffort(repository)) ?? false
    guard options.isBestEffort || prefers else {
      throw CommandFailure(message, status: .runFailure)
    }
    if let file = options.recordFile {
      RecordFile.write(ErrorDocument(message), to: file, in: context)
    }
    message.consequence = "'\(command.baseName)' runs without a record."
    message.hint = nil
    context.error.say(message, as: "Warning")
    return replaceProcess(with: command, context)
  }

  /// The command takes this process's place; returns only if it cannot be executed.
  private func replaceProcess(
    with command: AgentCommand, _ context: CommandContext
  ) -> ExitStatus {
    let failure = ProcessReplacement.execute(
      command, closing: context.closedDescriptors)
    context.error.say(UserMessage(failure, command: command, step: nil))
    return .agent(failure.exitStatus)
  }
}
