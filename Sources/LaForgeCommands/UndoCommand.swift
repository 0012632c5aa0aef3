import ArgumentParser
import LaForgeCore

/// `laforge undo`: take a step out and keep what was done since.
struct UndoCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "undo",
    abstract: "Take a step and the later ones out, and keep what you did since.",
    usage: "laforge undo [STEP] [options]",
    discussion: OperationHelp.table)

  @Argument(
    help: ArgumentHelp("The first step to take out (default: the latest).", valueName: "STEP"))
  var step: String?

  @Flag(help: "End a step that still runs first, as a time limit would.")
  var stop = false

  @OptionGroup var options: OperationOptions

  func validate() throws {
    if stop, options.isDryRun {
      throw ValidationError("'--stop' ends a step, which '--dry-run' must not")
    }
  }

  func run(in context: CommandContext) async throws -> ExitStatus {
    let reference = try step.map(OperationOptions.reference)
    let session = try await OperationSession(in: context, isDryRun: options.isDryRun)
    if stop { try session.stopRunningSteps(in: context) }
    return try await session.run(
      .undo(reference), options, words: ["undo", step].compactMap { $0 }, in: context)
  }
}

/// `laforge rollback`: go back exactly.
struct RollbackCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Make everything exactly as right after a step; what came later is set aside.",
    usage: "laforge rollback [STEP] [options]",
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
      .rollback(reference, toBefore: before),
      words: ["rollback", before ? "--before" : nil, step].compactMap { $0 },
      in: context)
  }
}

/// `laforge redo`: go forward again.
struct RedoCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "redo",
    abstract: "Reverse the latest undo or rollback, or bring a rolled-back step in again.",
    usage: "laforge redo [STEP] [options]",
    discussion: OperationHelp.table)

  @Argument(
    help: ArgumentHelp(
      "The rolled-back step to go forward to (default: what was undone last).", valueName: "STEP"))
  var step: String?

  @OptionGroup var options: OperationOptions

  func run(in context: CommandContext) async throws -> ExitStatus {
    let reference = try step.map(OperationOptions.reference)
    return try await options.run(
      .redo(reference), words: ["redo", step].compactMap { $0 }, in: context)
  }
}
