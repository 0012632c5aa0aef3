import ArgumentParser
import LaForgeCore

/// `laforge usage`: the tokens and the money of a step, and how LaForge knows.
struct UsageCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "usage", abstract: "Show the tokens and the cost of a step, and what told them.",
    usage: """
      laforge usage [STEP] [--explain] [options]
      laforge usage --recompute [STEP | --all]
      """,
    discussion: """
      Figures come from what the agent printed, from its session files, or from the file named by \
      LAFORGE_USAGE_FILE. What it reports no cost of is priced: by `git config \
      laforge.price.MODEL.input` and its like, else by a list that comes with LaForge.

      '--recompute' reads the kept output again, as this version of LaForge reads it.
      """)

  @Argument(
    help: ArgumentHelp(
      "The step: 7, S7, @ for the latest of this worktree, @-3.", valueName: "STEP"))
  var step: String?

  @Flag(help: "Say which place told which figures, and what was passed over, and why.")
  var explain = false

  @Flag(help: "Work the usage out again from what was kept.")
  var recompute = false

  @Flag(help: "With '--recompute': all steps of this worktree.")
  var all = false

  @OptionGroup var format: FormatOptions

  func validate() throws {
    if all, !recompute { throw ValidationError("'--all' goes with '--recompute'") }
    if all, step != nil { throw ValidationError("a step and '--all' exclude each other") }
    if explain, recompute {
      throw ValidationError("'--explain' and '--recompute' exclude each other")
    }
  }

  func run(in context: CommandContext) async throws -> ExitStatus {
    let session = try await ReadingSession(in: context)
    let steps = try chosen(session)
    if recompute { return try await recompute(steps, session, context) }
    guard let step = steps.first else { throw CommandFailure(.noSteps) }
    if format.json {
      let document = UsageDocument(step: step, storeID: session.history?.storeID ?? "")
      try context.output.write(try JSONOutput.document(document))
    } else {
      let text = UsageText(step: step, explains: explain)
      try context.output.write(
        text.text(width: context.output.columns, style: format.style(in: context)))
    }
    return .success
  }

  private func chosen(_ session: ReadingSession) throws -> [Step] {
    guard all else { return [try session.step(try OperationOptions.reference(step ?? "@"))] }
    guard let history = session.history else { throw CommandFailure(.noSteps) }
    return try session.find { () throws(StepLookupError) in
      try history.steps(includesAll: true, limit: nil)
    }
  }

  private func recompute(
    _ steps: [Step], _ session: ReadingSession, _ context: CommandContext
  ) async throws -> ExitStatus {
    let recomputation = try await UsageRecomputation(in: session, context)
    var results: [UsageRecomputation.Result] = []
    for step in steps {
      let result = try recomputation.recompute(step)
      results.append(result)
      if !format.json { try context.output.write(result.text + "\n") }
    }
    if format.json {
      try context.output.write(
        try JSONOutput.document(RecomputationDocument(results: results)))
    }
    return .success
  }
}
