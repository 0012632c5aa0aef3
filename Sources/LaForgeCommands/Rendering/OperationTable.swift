import LaForgeCore

/// The table of `laforge ops`.
struct OperationTable {
  /// The newest first.
  let operations: [Operation]
  let now: Timestamp
  let isUTC: Bool

  /// The lines, ended by a newline each.
  func text(width: Int?, style: Style) -> String {
    var table = Table([
      Table.Column(heading: "OP"),
      Table.Column(heading: "STARTED", priority: 2),
      Table.Column(heading: "KIND", priority: 3),
      Table.Column(heading: "FILES", isAlignedRight: true, priority: 0),
      Table.Column(heading: "STATE", priority: 1),
      Table.Column(heading: "WHAT", isFlexible: true),
    ])
    let today = CalendarTime(now, isUTC: isUTC)
    for operation in operations {
      let cells = [
        "\(operation.id)", CalendarTime(operation.startedAt, isUTC: isUTC).short(now: today),
        operation.kind.rawValue, operation.plan.map { "\($0.files.count)" } ?? "?",
        state(operation), TerminalText.clean(subject(operation)),
      ]
      table.append(.cells(cells) { $0 })
    }
    return table.text(width: width, style: style)
  }

  /// What it was about; of what it reverses no more than fits a line.
  private func subject(_ operation: Operation) -> String {
    guard let reversed = operation.reverses else { return operation.title }
    let found = operations.first { $0.id == reversed }
    let what = found.map { operation in
      " (\(operation.kind.rawValue)\(operation.reverses == nil ? " \(operation.title)" : ""))"
    }
    return "reverses \(reversed)\(what ?? "")"
  }

  /// `can redo` or `can undo` for what these commands would reverse, one after the other.
  private func state(_ operation: Operation) -> String {
    if operation.status == .open { return "cut off" }
    if operation.isOnStack { return operation.kind == .redo ? "can undo" : "can redo" }
    return operations.contains { $0.reverses == operation.id } ? "reversed" : "done"
  }
}
