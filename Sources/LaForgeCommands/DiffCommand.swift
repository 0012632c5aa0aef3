import ArgumentParser
import LaForgeCore

/// `laforge diff`: what a step did, or what lies between two states, as git shows it.
struct DiffCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Show what a step did, or compare two states, as git does.",
    usage: "laforge diff [STEP [STEP]] [--stat] [-- paths]",
    discussion: """
      `laforge diff 7` shows what step 7 did, `laforge diff 7 9` compares the states after 7 and 9, \
      `laforge diff 7 now` the state after 7 with the present one, `laforge diff O15 now` the state \
      just before an operation. Colour and pager are git's own.
      """)

  @Argument(help: ArgumentHelp("STEP, O15 or 'now'.", valueName: "STEP"))
  var first: String?

  @Argument(help: ArgumentHelp("STEP, O15 or 'now'.", valueName: "STEP"))
  var second: String?

  @Flag(help: "Show how much each file changed.")
  var stat = false

  @Argument(parsing: .postTerminator, help: ArgumentHelp("Only these paths.", valueName: "paths"))
  var paths: [String] = []

  private var states: [String] { [first, second].compactMap { $0 } }

  func run(in context: CommandContext) async throws -> ExitStatus {
    for word in states where word != "now" && OperationReference.parse(word) == nil {
      _ = try reference(word)
    }
    let session = try await ReadingSession(in: context)
    let (old, new) = try await resolve(session)
    let oldTree = try await session.repository.objectForDiff(of: old)
    let newTree = try await session.repository.objectForDiff(of: new)
    return context.showDiff(
      from: oldTree, to: newTree, options: stat ? ["--stat"] : [], paths: paths,
      seeing: session.temporaryObjects)
  }

  private func resolve(
    _ session: ReadingSession
  ) async throws -> (old: RepositoryState, new: RepositoryState) {
    if states.count == 2 {
      return (try await state(states[0], session), try await state(states[1], session))
    }
    guard states.first != "now" else {
      throw CommandFailure(
        UserMessage(
          code: "usage", summary: "'now' needs another state.", hint: "`laforge diff @ now`"),
        status: .usage)
    }
    if let first = states.first, OperationReference.parse(first) != nil {
      return (try await state(first, session), try await state("now", session))
    }
    let step = try session.step(try reference(states.first ?? "@"))
    guard let before = step.stateBefore, let after = step.stateAfter else {
      throw CommandFailure(
        UserMessage(
          code: "unknown_state",
          summary: "What \(step.id) did is unknown: a state of it was never recorded."))
    }
    return (before, after)
  }

  private func reference(_ word: String) throws -> StepReference {
    if let reference = StepReference(parsing: word) { return reference }
    let others = states.filter { $0 != word }.map { "\($0) " }.joined()
    throw CommandFailure(
      UserMessage(
        code: "not_a_step", summary: "'\(word)' is not a step.",
        hint: "`laforge diff \(others)-- \(ShellWords.quote(word))` takes it for a path."),
      status: .usage)
  }

  private func state(
    _ word: String, _ session: ReadingSession
  ) async throws -> RepositoryState {
    if word == "now" {
      do {
        return try await session.repository.captureState().state
      } catch {
        throw CommandFailure(
          UserMessage(
            code: "state_not_saved", summary: "The present state cannot be taken.",
            causes: [error.description]))
      }
    }
    if let id = OperationReference.parse(word) { return try session.stateBefore(id) }
    let step = try session.step(try reference(word))
    guard let after = step.stateAfter else {
      throw CommandFailure(
        UserMessage(
          code: "unknown_state", summary: "The state after \(step.id) was never recorded."))
    }
    return after
  }
}
