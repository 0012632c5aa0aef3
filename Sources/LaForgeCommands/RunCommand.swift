import ArgumentParser
import LaForgeAgent
import LaForgeCore
import LaForgeGit
import LaForgeStore
import SystemPackage

/// `laforge run`: records a step.
///
/// It holds the options; `RunInvocation` finds the command.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a command and record it as a step.",
    usage: "laforge run [<options>] [--] <command> [<args> ...]",
    discussion: """
      The first word that is no option begins the command; everything after it belongs to the \
      command untouched. '--' is needed only if the command begins with '-'.

      The command finds its step's number in LAFORGE_STEP, and in LAFORGE_USAGE_FILE a file into \
      which it may write what it used: {"input_tokens": 10, "output_tokens": 5, "cost": 0.01}
      LAFORGE=off in the environment runs the command without a record.

      \(ExitStatus.help)
      """)

  @Option(help: "The agent's name (default: the command's base name).")
  var agent: String?

  @Option(help: "The model that the agent uses.")
  var model: String?

  @Option(
    name: [.customLong("label"), .customShort("m")],
    help: ArgumentHelp("What the step is about.", valueName: "text"))
  var label: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("Something to keep with the step; repeatable.", valueName: "key=value"))
  var meta: [String] = []

  @Option(
    help: ArgumentHelp(
      "A JSON object with the agent's configuration; options win over it.", valueName: "file"))
  var agentConfig: String?

  @Option(
    help: ArgumentHelp(
      "Write the step's JSON, or an error's, into a file when it is over.", valueName: "file"))
  var record: String?

  @Flag(help: "Run the command even where no record can be made.")
  var bestEffort = false

  @Flag(name: .shortAndLong, help: "Do not print the closing line.")
  var quiet = false

  @Flag(name: .shortAndLong, help: "Print the closing line even if no terminal would show it.")
  var verbose = false

  func validate() throws {
    for pair in meta where !pair.dropFirst().contains("=") || pair.hasPrefix("=") {
      throw ValidationError("'--meta \(pair)' is not of the form KEY=VALUE")
    }
  }

  /// Runs a command and returns what to exit with.
  ///
  /// - Throws: `CommandFailure` with status 125 where it was not started.
  func run(_ command: AgentCommand, in context: CommandContext) async throws -> ExitStatus {
    if context.variable("LAFORGE") == "off" { return replaceProcess(with: command, context) }
    let configuration = try makeConfiguration()
    let session: RecordingSession
    do throws(RecordError) {
      session = try await RecordingSession(in: context)
    } catch {
      return try giveUp(error, command, repository: nil, in: context)
    }
    let request = RunRequest(
      command: command, directory: session.directory, label: label,
      configuration: configuration, enclosing: session.enclosing, projectID: session.projectID)
    let meter = context.makeMeter(
      agent: configuration.agent ?? command.baseName, arguments: command.text)
    let run: RecordedRun
    do throws(RecordError) {
      run = try session.recorder.record(request, meter: meter)
    } catch {
      return try giveUp(error, command, repository: session.repository, in: context)
    }
    RunReport(run: run, command: command, storeID: session.store.storeID)
      .print(closing: closing(in: context), recordFile: record, in: context)
    session.backUp(in: context)
    return .agent(run.step.end?.termination.shellStatus ?? ExitStatus.runFailure.rawValue)
  }

  private func closing(in context: CommandContext) -> Bool {
    !quiet && (verbose || context.error.isTerminal)
  }

  /// The options win over the file.
  private func makeConfiguration() throws -> AgentConfiguration {
    var configuration =
      try agentConfig.map(AgentConfigurationFile.read) ?? AgentConfiguration()
    configuration.agent = agent ?? configuration.agent
    configuration.model = model ?? configuration.model
    for pair in meta {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      configuration.metadata[String(sides[0])] = .string(String(sides[1]))
    }
    return configuration
  }

  // MARK: - Without a record

  /// No record can be made: the command is not started, or runs without one if the user prefers
  /// that.
  private func giveUp(
    _ error: RecordError, _ command: AgentCommand, repository: LibGit2Reader?,
    in context: CommandContext
  ) throws -> ExitStatus {
    let copy = repository.flatMap { ReadingSession.newestCopy($0.location.commonDirectory) }
    var message = UserMessage(error, unstarted: command, newestCopy: copy)
    if let record {
      RecordFile.write(ErrorDocument(message), to: record, in: context)
    }
    // A configuration that cannot be read prefers nothing.
    let prefers = (try? context.prefersBestEffort(repository)) ?? false
    guard bestEffort || prefers else { throw CommandFailure(message, status: .runFailure) }
    message.consequence = "'\(command.baseName)' runs without a record."
    message.hint = nil
    context.error.say(message.text("Warning"))
    return replaceProcess(with: command, context)
  }

  /// The command takes this process's place; returns only if it cannot be executed.
  private func replaceProcess(
    with command: AgentCommand, _ context: CommandContext
  ) -> ExitStatus {
    let failure = ProcessReplacement.execute(
      command, closing: context.closedDescriptors)
    context.error.say(UserMessage(failure, command: command, step: nil).text())
    return .agent(failure.exitStatus)
  }
}
