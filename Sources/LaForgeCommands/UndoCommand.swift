import ArgumentParser
import LaForgeCore

/// `laforge undo`: take a step out and keep what was done since.
struct UndoCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "undo",
    abstract: "Take a step and the later ones out, and keep what you did since.",
    discussion: OperationHelp.table)

  @Argument(
    help: ArgumentHelp("The first step to take out (default: the latest).", valueName: "STEP"))
  var step: String?

  @OptionGroup var options: OperationOptions

  func run(in context: CommandContext) async throws -> ExitStatus {
    let reference = try step.map(OperationOptions.reference)
    return try await options.run(
      .undo(reference), attempt: "Cannot undo \(step ?? "the latest step")",
      again: "laforge undo\(step.map { " \($0)" } ?? "")", in: context)
  }
}

/// `laforge rollback`: go back exactly.
struct RollbackCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Make everything exactly as right after a step; what came later is set aside.",
    discussion: OperationHelp.table)

  @Argument(
    help: ArgumentHelp(
      "The step to go back to (default: to before the latest).", valueName: "STEP"))
  var step: String?

  @Flag(help: "Go to right before the step instead.")
  var before = false

  @OptionGroup var options: OperationOptions

  func run(in context: CommandContext) async throws -> ExitStatus {
    let reference = try step.map(OperationOptions.reference)
    return try await options.run(
      .rollback(reference, toBefore: before), attempt: "Cannot roll back",
      again: "laforge rollback\(before ? " --before" : "")\(step.map { " \($0)" } ?? "")",
      in: context)
  }
}

/// `laforge redo`: go forward again.
struct RedoCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "redo",
    abstract: "Reverse the latest undo or rollback, or bring a rolled-back step in again.",
    discussion: OperationHelp.table)

  @Argument(
    help: ArgumentHelp(
      "The rolled-back step to go forward to (default: what was undone last).", valueName: "STEP"))
  var step: String?

  @OptionGroup var options: OperationOptions

  func run(in context: CommandContext) async throws -> ExitStatus {
    let reference = try step.map(OperationOptions.reference)
    return try await options.run(
      .redo(reference), attempt: "Cannot redo\(step.map { " \($0)" } ?? "")",
      again: "laforge redo\(step.map { " \($0)" } ?? "")", in: context)
  }
}

/// Options of the commands that change the repository.
struct OperationOptions: ParsableArguments {
  @Flag(name: .customLong("dry-run"), help: "Show the plan and change nothing.")
  var isDryRun = false

  func run(
    _ request: OperationRequest, attempt: String, again: String, in context: CommandContext
  ) async throws -> ExitStatus {
    try await OperationSession(in: context).run(
      request, isDryRun: isDryRun, attempt: attempt, again: again, in: context)
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
                       the step   your later work              to get it again
      undo 7           goes       stays (refused where it      redo
                                  meets the step's files)
      rollback 7       stays      set aside                    redo
      restore 7 FILE   -          FILE is replaced             restore O15
    """
}
