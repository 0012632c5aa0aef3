/// Columns of text that fit a width.
struct Table {
  /// One column: its heading, and what happens to it where space is short.
  struct Column {
    var heading: String
    var isAlignedRight = false
    /// Columns with a lower number are left out first; `nil` stays.
    var priority: Int?
    /// Takes what space is left and is cut to it.
    var isFlexible = false
  }

  /// One row: a cell for each column, already clean, or a text across all of them.
  enum Row {
    case cells([String], style: (String) -> String)
    case text(String)
  }

  let columns: [Column]
  private(set) var rows: [Row] = []

  init(_ columns: [Column]) {
    self.columns = columns
  }

  mutating func append(_ row: Row) {
    rows.append(row)
  }

  /// The least width that a flexible column is left before other columns are dropped.
  private static let leastFlexibleWidth = 10
  private static let gap = "  "

  /// The lines of the table, each ended by a newline; `width` is the terminal's, `nil` for no limit.
  func text(width: Int?, style: Style) -> String {
    let kept = keptColumns(width: width)
    let widths = widths(of: kept, width: width)
    let heading = line(columns.map(\.heading), kept, widths)
    var lines = [style.heading(heading)]
    for row in rows {
      switch row {
      case .cells(let cells, let emphasize): lines.append(emphasize(line(cells, kept, widths)))
      case .text(let text):
        lines.append(width.map { TerminalText.truncate(text, to: $0) } ?? text)
      }
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private func line(_ cells: [String], _ kept: [Int], _ widths: [Int: Int]) -> String {
    var texts: [String] = []
    for index in kept {
      let width = widths[index] ?? 0
      let cell = TerminalText.truncate(cells[index], to: width)
      texts.append(
        TerminalText.pad(cell, to: width, alignedRight: columns[index].isAlignedRight))
    }
    return TerminalText.trimmingEnd(texts.joined(separator: Self.gap))
  }

  private func naturalWidth(_ index: Int) -> Int {
    var width = TerminalText.width(columns[index].heading)
    for case .cells(let cells, _) in rows { width = max(width, TerminalText.width(cells[index])) }
    return width
  }

  private func keptColumns(width: Int?) -> [Int] {
    var kept = Array(columns.indices)
    guard let width else { return kept }
    let droppable = columns.indices.filter { columns[$0].priority != nil }
      .sorted { (columns[$0].priority ?? 0) < (columns[$1].priority ?? 0) }
    for index in droppable where leastWidth(of: kept) > width {
      kept.removeAll { $0 == index }
    }
    return kept
  }

  private func leastWidth(of kept: [Int]) -> Int {
    let cells = kept.map { index in
      columns[index].isFlexible
        ? min(naturalWidth(index), Self.leastFlexibleWidth) : naturalWidth(index)
    }
    return cells.reduce(0, +) + Self.gap.count * (kept.count - 1)
  }

  private func widths(of kept: [Int], width: Int?) -> [Int: Int] {
    var widths = Dictionary(uniqueKeysWithValues: kept.map { ($0, naturalWidth($0)) })
    guard let width, let flexible = kept.first(where: { columns[$0].isFlexible }) else {
      return widths
    }
    let others = kept.filter { $0 != flexible }.reduce(0) { $0 + (widths[$1] ?? 0) }
    let room = width - others - Self.gap.count * (kept.count - 1)
    widths[flexible] = max(0, min(widths[flexible] ?? 0, room))
    return widths
  }
}
