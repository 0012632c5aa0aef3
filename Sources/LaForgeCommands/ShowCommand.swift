import ArgumentParser
import LaForgeCore

/// `laforge show`: one step in full.
struct ShowCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show one step in full.",
    usage: "laforge show [STEP] [options]")

  @Argument(
    help: ArgumentHelp(
      "The step: 7, S7, @ for the latest of this worktree, @-3.", valueName: "STEP"))
  var step = "@"

  @OptionGroup var listing: ListingOptions

  func run(in context: CommandContext) async throws -> ExitStatus {
    guard let reference = StepReference(parsing: step) else {
      throw CommandFailure(
        UserMessage(
          code: "not_a_step", summary: "'\(step)' is not a step.",
          hint: "A step is 7, S7, @ or @-3; `laforge log` lists them."),
        status: .usage)
    }
    let session = try await ReadingSession(in: context)
    guard let history = session.history else { throw CommandFailure(.noSteps) }
    let found = try session.find { () throws(StepLookupError) in try history.step(reference) }
    if listing.json {
      let document = StepDocument(step: found, storeID: history.storeID)
      try context.output.write(try JSONOutput.document(document))
    } else {
      let details = StepDetails(
        step: found, isUTC: listing.isUTC, now: context.clock.now(),
        worktree: session.repository.location.worktree,
        abbreviate: session.repository.abbreviation)
      try context.output.write(
        details.text(width: context.output.columns, style: listing.style(in: context)))
    }
    return .success
  }
}
