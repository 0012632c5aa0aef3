import LaForgeCore

/// The table of `laforge log`.
struct StepTable {
  let steps: [Step]
  let now: Timestamp
  let isUTC: Bool
  /// Whether runs of steps that changed and used nothing become one line.
  let folds: Bool

  /// The columns of it.
  static let columns = [
    Table.Column(heading: "STEP"),
    Table.Column(heading: "STARTED", priority: 3),
    Table.Column(heading: "TIME", priority: 2),
    Table.Column(heading: "RESULT"),
    Table.Column(heading: "AGENT", priority: 1),
    Table.Column(heading: "TOKENS", isAlignedRight: true, priority: 5),
    Table.Column(heading: "COST", isAlignedRight: true, priority: 4),
    Table.Column(heading: "CHANGED", isAlignedRight: true, priority: 0),
    Table.Column(heading: "WHAT", isFlexible: true),
  ]

  /// The lines, ended by a newline each.
  func text(width: Int?, style: Style) -> String {
    var table = Table(Self.columns)
    for group in groups {
      if group.count > 1 {
        table.append(.text(foldedText(group)))
      } else {
        for step in group { table.append(row(step, style)) }
      }
    }
    return table.text(width: width, style: style)
  }

  /// What the signs in the table mean; only those that it holds.
  ///
  /// `nil` for none.
  var legend: String? {
    let shown = groups.filter { $0.count == 1 }.joined()
    var parts: [String] = []
    if shown.contains(where: { tokens($0) == "?" || cost($0) == "?" }) {
      parts.append("? not reported")
    }
    if shown.contains(where: { $0.end?.tokenUsage?.isPartial == true }) {
      parts.append(">= at least")
    }
    if shown.contains(where: { $0.status == .running }) { parts.append(". still running") }
    if shown.contains(where: { !$0.isActive }) { parts.append("(S) rolled back") }
    return parts.isEmpty ? nil : parts.joined(separator: "   ")
  }

  /// Neighbours that changed and used nothing in one group, any other step alone.
  private var groups: [[Step]] {
    var groups: [[Step]] = []
    for step in steps {
      if folds, step.isEmpty, let last = groups.last?.last, last.isEmpty {
        groups[groups.count - 1].append(step)
      } else {
        groups.append([step])
      }
    }
    return groups
  }

  private func foldedText(_ group: [Step]) -> String {
    let first = group.last.map { "\($0.id)" } ?? ""
    let last = group.first.map { "\($0.id)" } ?? ""
    return "\(first)-\(last)  \(Counted(group.count, "run")) without commit or usage"
  }

  /// The row of a step, behind the lines of a graph.
  func row(_ step: Step, _ style: Style, lines: String = "") -> Table.Row {
    let today = CalendarTime(now, isUTC: isUTC)
    let cells = [
      lines + step.idText,
      CalendarTime(step.start.startTime, isUTC: isUTC).short(now: today),
      step.durationMilliseconds(now: now).map { Readable.duration(milliseconds: $0) } ?? "?",
      step.resultText, step.agentText, tokens(step), cost(step), changes(step), step.purposeText,
    ]
    if !step.isActive { return .cells(cells, style: style.faint) }
    if step.isFailure { return .cells(cells, style: style.failure) }
    return .cells(cells) { $0 }
  }

  private func tokens(_ step: Step) -> String {
    if step.status == .running { return "." }
    guard let usage = step.end?.tokenUsage, let total = usage.totalText else { return "?" }
    return (usage.isPartial ? ">=" : "") + total
  }

  private func cost(_ step: Step) -> String {
    if step.status == .running { return "." }
    guard let usage = step.end?.tokenUsage, let cost = usage.cost else { return "?" }
    return usage.isPartial ? ">=" + Readable.cost(cost).dropFirst() : Readable.cost(cost)
  }

  private func changes(_ step: Step) -> String {
    if step.status == .running { return "." }
    guard let changes = step.end?.changes else { return "?" }
    if changes == .none { return "0" }
    return "\(changes.filesChanged) +\(changes.insertions) -\(changes.deletions)"
  }
}
