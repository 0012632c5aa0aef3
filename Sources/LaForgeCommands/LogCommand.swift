import ArgumentParser
import LaForgeCore

/// `laforge log`: the steps of this worktree.
struct LogCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "List the steps of this worktree, newest first.",
    discussion: """
      Neighbouring steps that ended well, made no commit and reported no usage share one line; '--all' and \
      the JSON forms list each.
      """)

  @Flag(help: "Also list rolled-back steps and steps that ran within another.")
  var all = false

  @Option(name: .customShort("n"), help: ArgumentHelp("List at most this many.", valueName: "n"))
  var limit: Int?

  @Flag(help: "Write one JSON document a line.")
  var jsonl = false

  @OptionGroup var listing: ListingOptions

  /// What a terminal gets without `-n`.
  private static let terminalLimit = 30

  func validate() throws {
    if let limit, limit < 0 { throw ValidationError("'-n' needs a number that is not negative") }
  }

  func run(in context: CommandContext) async throws -> ExitStatus {
    let session = try await ReadingSession(in: context)
    let isText = !listing.json && !jsonl
    let limit = limit ?? (isText && context.output.isTerminal ? Self.terminalLimit : nil)
    let steps = try session.find { () throws(StepLookupError) in
      try session.history?.steps(includesAll: all, limit: limit) ?? []
    }
    if isText {
      try writeTable(steps, session, in: context)
    } else {
      try writeJSON(steps, storeID: session.history?.storeID ?? "", in: context)
    }
    return .success
  }

  private func writeJSON(_ steps: [Step], storeID: String, in context: CommandContext) throws {
    let documents = steps.map { StepDocument(step: $0, storeID: storeID) }
    if jsonl {
      for document in documents {
        try context.output.write(try JSONOutput.compact(document) + "\n")
      }
    } else {
      try context.output.write(try JSONOutput.document(documents))
    }
  }

  private func writeTable(
    _ steps: [Step], _ session: ReadingSession, in context: CommandContext
  ) throws {
    let total = try session.find { () throws(StepLookupError) in
      (
        shown: try session.history?.count(includesAll: all) ?? 0,
        all: try session.history?.count(includesAll: true) ?? 0
      )
    }
    guard !steps.isEmpty || total.shown > 0 else {
      try context.output.write(emptyText(rolledBack: total.all))
      return
    }
    let table = StepTable(
      steps: steps, now: context.clock.now(), isUTC: listing.isUTC, folds: !all)
    let style = listing.style(in: context)
    try context.output.write(table.text(width: context.output.columns, style: style))
    var notes: [String] = []
    if let legend = table.legend { notes.append(legend) }
    if total.shown > steps.count { notes.append("\(total.shown - steps.count) older: `log -n`") }
    if !all, total.all > total.shown {
      notes.append("\(total.all - total.shown) more with `log --all`")
    }
    if !notes.isEmpty {
      let line = notes.joined(separator: "   ")
      let width = context.output.columns
      let cut = width.map { TerminalText.wrap(line, columns: $0, indent: "") } ?? line
      try context.output.write(style.faint(cut) + "\n")
    }
  }

  private func emptyText(rolledBack: Int) -> String {
    if rolledBack > 0 {
      return "All \(Counted(rolledBack, "step")) of this worktree are rolled back:"
        + " `laforge log --all`\n"
    }
    return "No steps in this worktree yet. `laforge run -- <command>` records one.\n"
  }
}
