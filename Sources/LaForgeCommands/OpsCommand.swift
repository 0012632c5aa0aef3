import ArgumentParser
import LaForgeCore

/// `laforge ops`: the operations of this worktree.
struct OpsCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "ops", abstract: "List undos, rollbacks, redos and restores, newest first.",
    discussion:
      "'O15' names the state just before: 'laforge restore O15 FILE', 'laforge diff O15 now'.")

  @Option(name: .customShort("n"), help: ArgumentHelp("List at most this many.", valueName: "n"))
  var limit: Int?

  @OptionGroup var listing: ListingOptions

  func run(in context: CommandContext) async throws -> ExitStatus {
    let session = try await ReadingSession(in: context)
    let operations = try session.operations(limit: limit)
    if listing.json {
      try context.output.write(
        try JSONOutput.document(operations.map(OperationDocument.init)))
      return .success
    }
    guard !operations.isEmpty else {
      try context.output.write("No operations in this worktree yet.\n")
      return .success
    }
    let rows = operations.map { operation in
      let state = operation.status == .open ? "cut off" : operation.isOnStack ? "redoable" : ""
      let files = operation.plan.map { "\($0.files.count)" } ?? "?"
      let time = CalendarTime(operation.startedAt, isUTC: listing.isUTC)
      return [
        "\(operation.id)", time.long, operation.kind.rawValue, files, state,
        TerminalText.clean(operation.title),
      ]
    }
    let header = ["OP", "STARTED", "KIND", "FILES", "STATE", "WHAT"]
    let widths = header.indices.map { column in
      ([header] + rows).map { TerminalText.width($0[column]) }.max() ?? 0
    }
    let style = listing.style(in: context)
    for (index, row) in ([header] + rows).enumerated() {
      let cells = zip(row, widths).map { TerminalText.pad($0, to: $1) }
      var line = TerminalText.trimmingEnd(cells.joined(separator: "  "))
      if let width = context.output.columns { line = TerminalText.truncate(line, to: width) }
      try context.output.write((index == 0 ? style.faint(line) : line) + "\n")
    }
    return .success
  }
}

/// An operation in JSON.
struct OperationDocument: Encodable {
  var id: Int64
  var kind: String
  var status: String
  var title: String
  var startTime: Timestamp
  var endTime: Timestamp?
  var filesChanged: Int?
  var redoable: Bool
  var reverses: Int64?

  init(_ operation: Operation) {
    id = operation.id.rawValue
    kind = operation.kind.rawValue
    status = operation.status.rawValue
    title = operation.title
    startTime = operation.startedAt
    endTime = operation.endedAt
    filesChanged = operation.plan?.files.count
    redoable = operation.isOnStack && operation.kind != .redo
    reverses = operation.reverses?.rawValue
  }

  private enum CodingKeys: String, CodingKey {
    case id, kind, status, title, redoable, reverses
    case startTime = "start_time"
    case endTime = "end_time"
    case filesChanged = "files_changed"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encode(kind, forKey: .kind)
    try container.encode(status, forKey: .status)
    try container.encode(title, forKey: .title)
    try container.encode(startTime, forKey: .startTime)
    try container.encode(endTime, forKey: .endTime)
    try container.encode(filesChanged, forKey: .filesChanged)
    try container.encode(redoable, forKey: .redoable)
    try container.encode(reverses, forKey: .reverses)
  }
}
