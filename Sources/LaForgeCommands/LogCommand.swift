import ArgumentParser
import LaForgeCore

/// `laforge log`: the steps of this worktree.
struct LogCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "List the steps of this worktree, newest first.",
    usage: "laforge log [options]",
    discussion: """
      Neighbouring steps that ended well, made no commit and reported no usage share one line; '--all' and \
      the JSON forms list each.

      '--graph' draws the steps by their parents, with what you did between them in rows of its own; with \
      '--all' rolled-back steps branch off, and steps within another stand indented below it.
      """)

  @Flag(help: "Also list rolled-back steps and steps that ran within another.")
  var all = false

  @Flag(help: "Draw the steps by their parents, and what you did between them.")
  var graph = false

  @Flag(help: "List the commits of the steps, with what became of them.")
  var commits = false

  @OptionGroup var limits: LimitOptions

  @Flag(help: "Write one JSON document a line.")
  var jsonl = false

  @OptionGroup var listing: ListingOptions

  private var limit: Int? { limits.limit }

  /// What a terminal gets without `-n`.
  private static let terminalLimit = 30

  func validate() throws {
    if jsonl, listing.json { throw ValidationError("'--json' and '--jsonl' exclude each other") }
    if graph, commits { throw ValidationError("'--graph' and '--commits' exclude each other") }
    if graph, jsonl || listing.json {
      throw ValidationError(
        "'--graph' and '\(jsonl ? "--jsonl" : "--json")' exclude each other")
    }
  }

  func run(in context: CommandContext) async throws -> ExitStatus {
    let session = try await ReadingSession(in: context)
    if commits {
      try await writeCommits(session, in: context)
    } else if listing.json || jsonl {
      let storeID = session.history?.storeID ?? ""
      try writeJSON(
        try find(limit, in: session).map { StepDocument(step: $0, storeID: storeID) }, in: context)
    } else {
      let limit = limit ?? (context.output.isTerminal ? Self.terminalLimit : nil)
      // One more tells whether there are older ones, without counting them.
      let steps = try find(limit.map { $0 + 1 }, in: session)
      let shown = limit.map { Array(steps.prefix($0)) } ?? steps
      try await writeText(shown, hasOlder: shown.count < steps.count, session, in: context)
    }
    return .success
  }

  private func find(_ limit: Int?, in session: ReadingSession) throws -> [Step] {
    try session.find { () throws(StepLookupError) in
      try session.history?.steps(includesAll: all, limit: limit) ?? []
    }
  }

  private func writeCommits(_ session: ReadingSession, in context: CommandContext) async throws {
    let listing = try await CommitListing(try find(limit, in: session), in: session)
    if jsonl || self.listing.json {
      try writeJSON(listing.entries.map(CommitListing.Document.init), in: context)
    } else {
      try context.output.write(
        listing.text(
          width: context.output.columns, abbreviate: session.repository.abbreviation))
    }
  }

  private func writeJSON(_ documents: [some Encodable], in context: CommandContext) throws {
    guard jsonl else { return try context.output.write(try JSONOutput.document(documents)) }
    for document in documents {
      try context.output.write(try JSONOutput.compact(document) + "\n")
    }
  }

  private func writeText(
    _ steps: [Step], hasOlder: Bool, _ session: ReadingSession, in context: CommandContext
  ) async throws {
    let rolledBack = try session.find { () throws(StepLookupError) in
      all ? [] : try session.history?.rolledBack(limit: Self.namedSteps + 1) ?? []
    }
    guard !steps.isEmpty || hasOlder else {
      try context.output.write(emptyText(rolledBack))
      return
    }
    let table = StepTable(
      steps: steps, now: context.clock.now(), isUTC: listing.isUTC, folds: !all && !graph)
    let style = listing.style(in: context)
    let width = context.output.columns
    try context.output.write(
      graph
        ? GraphTable(log: try await LogGraph(steps, hasOlder: hasOlder, session), steps: table)
          .text(width: width, style: style)
        : table.text(width: width, style: style))
    var notes = table.legend.map { [$0] } ?? []
    if hasOlder {
      let options = (all ? "--all " : "") + (graph ? "--graph " : "")
      notes.append("older ones: `laforge log \(options)-n \((limit ?? Self.terminalLimit) * 2)`")
    }
    if !rolledBack.isEmpty { notes.append("\(names(rolledBack)) rolled back: `log --all`") }
    guard !notes.isEmpty else { return }
    let line = notes.joined(separator: "   ")
    let wrapped = TerminalText.wrap(line, columns: context.output.columns, indent: "")
    try context.output.write(style.faint(wrapped) + "\n")
  }

  /// How many rolled-back steps are named.
  private static let namedSteps = 3

  private func names(_ steps: [Step]) -> String {
    let names = steps.prefix(Self.namedSteps).reversed().map(\.id.description)
    return (steps.count > Self.namedSteps ? "…, " : "") + names.joined(separator: ", ")
  }

  private func emptyText(_ rolledBack: [Step]) -> String {
    if rolledBack.isEmpty {
      return "No steps in this worktree yet. `laforge run -- <command>` records one.\n"
    }
    return "All steps of this worktree are rolled back: `laforge log --all`\n"
  }
}
