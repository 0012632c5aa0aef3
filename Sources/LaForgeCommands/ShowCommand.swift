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
    let reference = try OperationOptions.reference(step)
    let session = try await ReadingSession(in: context)
    let found = try session.step(reference)
    if listing.json {
      let document = StepDocument(step: found, storeID: session.history?.storeID ?? "")
      try context.output.write(try JSONOutput.document(document))
    } else {
      let details = StepDetails(
        step: found, isUTC: listing.isUTC, now: context.clock.now(),
        worktree: session.repository.location.worktree,
        abbreviate: session.repository.abbreviation,
        commits: try await session.commitFates(of: found, in: context))
      try context.output.write(
        details.text(width: context.output.columns, style: listing.style(in: context)))
    }
    return .success
  }
}
