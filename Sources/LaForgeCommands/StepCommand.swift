import ArgumentParser
import LaForgeCore

/// `laforge step`: an agent tells where a step begins and where it ends.
struct StepCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "step", abstract: "Begin or end a step from inside an agent, as its hooks do.",
    usage: """
      laforge step begin [options]
      laforge step end [step] [options]
      """,
    discussion: """
      For an agent that cannot be started by `laforge run`, or that works on one prompt after the \
      other: call 'begin' before each prompt and 'end' after it. 'begin' prints the step; the two \
      calls find each other by it, by '--session', else by the process that called them. A step that \
      is never ended is closed by the next 'begin', or when that process has ended.

        step=$(laforge step begin --agent my-agent -m "fix the parser") || exit
        …
        laforge step end "$step" --usage-file usage.json

      `laforge hooks install --agent claude` sets it up for Claude Code; 'codex' and 'gemini' for \
      those. Their usage is read from what they write down themselves; the file of '--usage-file' \
      holds what LAFORGE_USAGE_FILE would, see `laforge help run`. LAFORGE=off in the environment \
      turns both calls off.
      """)

  /// Which end of the step it is.
  enum Action: String, ExpressibleByArgument, CaseIterable {
    case begin, end
  }

  @Argument(help: "begin or end.")
  var action: Action

  @Argument(help: "The step to end (default: the one that this session or process began).")
  var step: String?

  @Option(help: "The agent's name (default: that of the process).")
  var agent: String?

  @Option(help: "The model that the agent uses.")
  var model: String?

  @Option(
    name: [.customLong("label"), .customShort("m")], parsing: .unconditional,
    help: ArgumentHelp("What the step is about.", valueName: "text"))
  var label: String?

  @Option(help: ArgumentHelp("What the agent calls its session.", valueName: "id"))
  var session: String?

  @Option(
    help: ArgumentHelp(
      "The process that the step ends with at the latest (default: the agent above this call).",
      valueName: "pid"))
  var pid: Int32?

  @Flag(help: "The step did not go well.")
  var failed = false

  @Option(help: ArgumentHelp("A JSON file with what the step used.", valueName: "file"))
  var usageFile: String?

  @Flag(name: .shortAndLong, help: "Do not print the closing line.")
  var quiet = false

  @Option(
    help: ArgumentHelp(
      "Take the call from an agent's own hook, whose input is on standard input.",
      valueName: "agent"))
  var hook: HookedAgent?

  func validate() throws {
    let beginning = [
      "--agent": agent != nil, "--model": model != nil, "--label": label != nil,
      "--pid": pid != nil,
    ]
    let ending = [
      "'\(step ?? "")'": step != nil, "--failed": failed, "--usage-file": usageFile != nil,
      "--quiet": quiet,
    ]
    var useless = action == .begin ? ending : beginning
    if hook != nil {
      // The agent tells all of it.
      useless = beginning.merging(ending) { $1 }.merging(["--session": session != nil]) { $1 }
    }
    if let name = useless.filter(\.value).keys.min() {
      let call = hook == nil ? action.rawValue : "\(action.rawValue) --hook"
      throw ValidationError("\(name) is of no use with 'laforge step \(call)'")
    }
  }

  func run(in context: CommandContext) async throws -> ExitStatus {
    if context.variable("LAFORGE") == "off" { return .success }
    guard let hook else {
      let session = try await BegunStepSession(in: context)
      switch action {
      case .begin:
        let begun = try await session.begin(try beginning(in: context), in: context)
        try context.output.write("\(begun)\n")
      case .end: try await session.end(try ending(), isQuiet: quiet, in: context)
      }
      return .success
    }
    try await AgentHookCall(agent: hook, input: try .read()).run(action, in: context)
    return .success
  }

  private func beginning(in context: CommandContext) throws -> StepBeginning {
    let process = try pid.map { pid in
      guard let found = context.process(pid) else {
        throw CommandFailure(
          UserMessage(
            code: "no_such_process", summary: "There is no process \(pid).",
            consequence: "No step was begun.", hint: "`ps -e` lists the processes."))
      }
      return CallingAgent(process: found.process, words: found.words)
    }
    return StepBeginning(
      agent: agent, model: model, label: label, session: session,
      caller: process ?? CallingAgent(named: agent, in: context))
  }

  private func ending() throws -> StepEnd {
    StepEnd(
      step: try step.map(OperationOptions.reference), session: session, isSuccess: !failed,
      usageFile: try usageFile.map(UsageFileArgument.read))
  }
}
