import ArgumentParser
import LaForgeCore

/// `laforge run`: records a step.
///
/// It holds the options; `RunInvocation` finds the command.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a command and record it as a step.",
    usage: "laforge run [options] [--] <command> [args...]",
    discussion: """
      The first word that is no option begins the command; everything after it belongs to the \
      command untouched. '--' is needed only if the command begins with '-'.

      The command finds its step's number in LAFORGE_STEP, and in LAFORGE_USAGE_FILE a file into \
      which it may write what it used; `laforge usage` says what was read. Around a program that \
      LaForge does not know, a script does so:
        my-agent "$@" >log.json; status=$?
        jq '{input_tokens: .in, output_tokens: .out}' log.json >"$LAFORGE_USAGE_FILE"
        exit $status
      It may also print a line such as {"token_usage": {"total_tokens": 1500}}
      LAFORGE=off in the environment runs the command without a record.

      \(ExitStatus.help)
      """)

  @Option(parsing: .unconditional, help: "The agent's name (default: the command's base name).")
  var agent: String?

  @Option(parsing: .unconditional, help: "The model that the agent uses.")
  var model: String?

  @Option(
    name: [.customLong("label"), .customShort("m")], parsing: .unconditional,
    help: ArgumentHelp("What the step is about.", valueName: "text"))
  var label: String?

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Something to keep with the step; repeatable.", valueName: "key=value"))
  var meta: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "A JSON object with the agent's configuration; options win over it.", valueName: "file"))
  var agentConfig: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Write the step's JSON, or an error's, into a file when it is over.", valueName: "file"))
  var record: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      How the command is connected: 'auto', 'none' (it gets everything itself, and nothing that it \
      prints is seen) or 'pty' (always through a pseudo-terminal).
      """, valueName: "mode"))
  var capture: CaptureMode?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "End the run after that long: 90, 90s, 10m, 1h30m.", valueName: "duration"))
  var timeout: Milliseconds?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "End the run when it has printed nothing for that long.", valueName: "duration"))
  var idleTimeout: Milliseconds?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How long a run that is told to end has for it before it is killed (default: 10s).",
      valueName: "duration"))
  var grace: Milliseconds?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "End the run when it has cost more, as far as its output tells while it runs.",
      valueName: "usd"))
  var maxCost: Dollars?

  @Flag(help: "Run the command even where no record can be made.")
  var bestEffort = false

  @Flag(help: "Record even where the whole home folder or disk is the repository.")
  var force = false

  @Flag(name: .shortAndLong, help: "Do not print the closing line.")
  var quiet = false

  @Flag(name: .shortAndLong, help: "Print the closing line even if no terminal would show it.")
  var verbose = false

  func validate() throws {
    for pair in meta where !pair.dropFirst().contains("=") || pair.hasPrefix("=") {
      throw ValidationError("'--meta \(pair)' is not of the form KEY=VALUE")
    }
  }

  var options: RunOptions {
    RunOptions(
      agent: agent, model: model, label: label, metadata: meta, agentConfigurationFile: agentConfig,
      recordFile: record, capture: capture, limits: limits, isBestEffort: bestEffort,
      isForced: force, isQuiet: quiet, isVerbose: verbose)
  }

  private var limits: RunLimits {
    var limits = RunLimits()
    limits.timeout = timeout?.value
    limits.idleTimeout = idleTimeout?.value
    if let grace { limits.grace = grace.value }
    limits.maximumCost = maxCost?.value
    return limits
  }
}

/// What was asked of `laforge run`; without options, what it does by itself.
struct RunOptions: Equatable {
  var agent: String?
  var model: String?
  var label: String?
  /// A `KEY=VALUE` each.
  var metadata: [String] = []
  var agentConfigurationFile: String?
  var recordFile: String?
  /// `nil` leaves it to the configuration.
  var capture: CaptureMode?
  var limits = RunLimits()
  var isBestEffort = false
  /// Whether a repository of any extent is recorded.
  var isForced = false
  var isQuiet = false
  var isVerbose = false
}
