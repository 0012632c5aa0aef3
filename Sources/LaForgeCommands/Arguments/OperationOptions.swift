import ArgumentParser
import LaForgeCore

/// Options of the commands that change the repository.
struct OperationOptions: ParsableArguments {
  @Flag(name: .customLong("dry-run"), help: "Show the plan and change nothing.")
  var isDryRun = false

  @Flag(name: .customLong("json"), help: "Write one JSON document: the operation with its plan.")
  var isJSON = false

  @Flag(
    name: .customLong("remove-stale-lock"),
    help: "Move a lock away that was left during a step and that no process has open.")
  var removesStaleLocks = false

  /// Plans or performs an operation; `words` are the command as it was called, without `laforge`.
  func run(
    _ request: OperationRequest, words: [String], in context: CommandContext
  ) async throws -> ExitStatus {
    try await OperationSession(in: context, isDryRun: isDryRun).run(
      request, self, words: words, in: context)
  }

  /// - Throws: `CommandFailure` for what is no step.
  static func reference(_ text: String) throws -> StepReference {
    if let reference = StepReference(parsing: text) { return reference }
    throw CommandFailure(
      UserMessage(
        code: "not_a_step", summary: "'\(text)' is not a step.",
        hint: "A step is 7, S7, @ or @-3; `laforge log` lists them."),
      status: .usage)
  }
}

/// What the three ways back have in common.
enum OperationHelp {
  static let table = """
                      the step  your later work      to get it again
      undo 7          goes      stays, refused       redo
                                where both meet
      rollback 7      stays     is set aside         redo
      restore 7 FILE  -         FILE is replaced     restore O15

    O15 is the operation, as `laforge ops` lists it.
    """
}
