import ArgumentParser
import LaForgeCore
import LaForgeStore
import SystemPackage

/// `laforge status`, and `laforge` alone: where one is.
struct StatusCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show where you are, the latest step, and what undo and redo would do.",
    usage: "laforge status [options]")

  @OptionGroup var listing: ListingOptions

  func run(in context: CommandContext) async throws -> ExitStatus {
    let session = try await ReadingSession(in: context)
    let report = try await makeReport(session, in: context)
    if listing.json {
      try context.output.write(try JSONOutput.document(report))
    } else {
      let text = StatusText(
        report: report, now: context.clock.now(), abbreviate: session.repository.abbreviation)
      try context.output.write(
        text.text(
          width: context.output.columns, style: listing.style(in: context)))
    }
    return .success
  }

  private func makeReport(
    _ session: ReadingSession, in context: CommandContext
  ) async throws -> StatusReport {
    let location = session.repository.location
    let head: Head
    do {
      head = try await session.repository.head()
    } catch {
      throw CommandFailure(UserMessage(error))
    }
    let project = try await session.repository.projectID
    let outlook = await StatusOutlook(session)
    return try session.find { () throws(StepLookupError) in
      let spool = context.makeSpool(commonDirectory: location.commonDirectory)
      let storeID = session.history?.storeID
      return StatusReport(
        projectID: project, storeID: storeID, worktree: location.workingTree.string, head: head,
        latest: try session.history?.latest(), cutOff: try session.cutOffOperation(),
        running: try session.history?.running() ?? [],
        activeSteps: try session.history?.count(.active) ?? 0,
        rolledBackSteps: try session.history?.count(.inactive) ?? 0, outlook: outlook,
        waitingRecords: storeID.map { spool.waiting(storeID: $0).steps.map(\.path) } ?? [])
    }
  }
}
