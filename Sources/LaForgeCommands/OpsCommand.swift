import ArgumentParser
import LaForgeCore

/// `laforge ops`: the operations of this worktree.
struct OpsCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "ops", abstract: "List undos, rollbacks, redos and restores, newest first.",
    usage: "laforge ops [options]",
    discussion:
      "'O15' names the state just before: `laforge restore O15 FILE`, `laforge diff O15 now`.")

  @OptionGroup var limits: LimitOptions

  @OptionGroup var listing: ListingOptions

  func run(in context: CommandContext) async throws -> ExitStatus {
    let session = try await ReadingSession(in: context)
    let operations = try session.operations(limit: limits.limit)
    if listing.json {
      try context.output.write(
        try JSONOutput.document(operations.map(OperationDocument.init)))
      return .success
    }
    guard !operations.isEmpty else {
      try context.output.write("No operations in this worktree yet.\n")
      return .success
    }
    let table = OperationTable(
      operations: operations, now: context.clock.now(), isUTC: listing.isUTC)
    try context.output.write(
      table.text(width: context.output.columns, style: listing.style(in: context)))
    return .success
  }
}
