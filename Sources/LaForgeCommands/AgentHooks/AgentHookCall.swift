import Foundation
import LaForgeCore
import SystemPackage

/// What an agent's own hook is given on standard input, as far as it matters here.
///
/// Claude Code, Codex and Gemini CLI name these alike; see "Hook input" in the hooks reference of each.
struct AgentHookInput: Decodable {
  var event: String?
  var session: String?
  var transcript: String?
  var directory: String?
  var prompt: String?
  var model: String?

  private enum CodingKeys: String, CodingKey {
    case event = "hook_event_name"
    case session = "session_id", transcript = "transcript_path", directory = "cwd"
    case prompt, model
  }

  /// Reads standard input.
  ///
  /// - Throws: `CommandFailure` where it is no such thing.
  static func read() throws -> AgentHookInput {
    do {
      let data = try FileHandle.standardInput.readToEnd() ?? Data()
      return try JSONDecoder().decode(AgentHookInput.self, from: data)
    } catch {
      throw CommandFailure(
        UserMessage(
          code: "hook_input", summary: "Standard input is not what an agent gives its hooks.",
          consequence: "No step was begun or ended.",
          hint: "`laforge step` without --hook is for any other caller."))
    }
  }
}

/// A call of `laforge step` by the hook of an agent.
struct AgentHookCall {
  let agent: HookedAgent
  let input: AgentHookInput

  /// How much of a prompt is kept as the label, in characters.
  private static let labelLimit = 1000

  /// Begins or ends a step; outside a repository there is nothing to do.
  ///
  /// Nothing is printed on standard output, which the agents take for an answer.
  ///
  /// - Throws: `CommandFailure`, which ends with status 1: agents take 2 for a veto.
  func run(_ action: StepCommand.Action, in context: CommandContext) async throws {
    // The agent may have gone elsewhere with a shell of its own.
    let place = agent.projectVariable.flatMap(context.variable) ?? input.directory
    if let place, !FileManager.default.changeCurrentDirectoryPath(place) { return }
    let session: BegunStepSession
    do {
      session = try await BegunStepSession(in: context)
    } catch let failure as CommandFailure where failure.message.code == "no_repository" {
      return
    }
    let transcript = input.transcript.flatMap { $0.isEmpty ? nil : $0 }
    switch action {
    case .begin:
      let caller = CallingAgent(named: agent.rawValue, in: context)
      let beginning = StepBeginning(
        agent: agent.rawValue, model: input.model,
        label: input.prompt.flatMap { $0.isEmpty ? nil : String($0.prefix(Self.labelLimit)) },
        session: input.session, caller: caller,
        closesOtherSessions: agent.leavesSessionsOpen(caller?.words ?? []))
      _ = try await session.begin(beginning, in: context)
    case .end:
      var end = StepEnd(session: input.session, transcript: transcript)
      // A turn that ended has told so before.
      if input.event == HookedAgent.sessionEnd { end.reason = .sessionEnd }
      try await session.endIfRunning(end, in: context)
    }
  }
}
