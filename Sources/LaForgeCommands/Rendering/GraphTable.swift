import LaForgeCore

/// The table of `laforge log --graph`.
struct GraphTable {
  let log: LogGraph
  /// The same steps as a table: their cells and what its signs mean.
  let steps: StepTable

  /// The lines, ended by a newline each.
  func text(width: Int?, style: Style) -> String {
    let known = Dictionary(steps.steps.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    var table = Table(StepTable.columns)
    for row in log.graph.rows {
      switch row.content {
      case .step(let id), .within(let id):
        guard let step = known[id] else { continue }
        table.append(steps.row(step, style, lines: row.lines))
      case .present, .before, .origin, .join:
        table.append(.text(row.lines + (log.text(of: row.content) ?? "")))
      }
    }
    return table.text(width: width, style: style)
  }
}
