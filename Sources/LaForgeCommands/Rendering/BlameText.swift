import LaForgeCore

/// The text of `laforge blame`: who, when, the number of the line, the line.
struct BlameText {
  let report: BlameReport
  let now: Timestamp
  let isUTC: Bool
  /// Whether a terminal or its pager shows it: then nothing in the file may control it.
  let isForTerminal: Bool

  /// The least room for a line of the file; for it the time and the agent's name are left out.
  private static let leastRoom = 40

  /// The lines, ended by a newline each; the file's own bytes where they do not go to a terminal.
  func bytes(width: Int?, style: Style) -> [UInt8] {
    let today = CalendarTime(now, isUTC: isUTC)
    let times = report.rows.map { row in
      row.time.map { CalendarTime($0, isUTC: isUTC).short(now: today) } ?? ""
    }
    let numbers = report.rows.map { String($0.line.number) }
    let numberWidth = numbers.map(\.count).max() ?? 0
    let timeWidth = times.map(TerminalText.width).max() ?? 0
    var names = report.rows.map { report.who($0, isShort: false) }
    let room = width.map { $0 - Self.widest(names) - numberWidth - 4 }
    let showsTimes =
      timeWidth > 0 && room.map { $0 - timeWidth - 2 >= Self.leastRoom } ?? true
    if let room, room < Self.leastRoom {
      names = report.rows.map { report.who($0, isShort: true) }
    }
    let nameWidth = Self.widest(names)
    var output: [UInt8] = []
    for (index, row) in report.rows.enumerated() {
      var prefix = TerminalText.pad(names[index], to: nameWidth) + "  "
      if showsTimes { prefix += TerminalText.pad(times[index], to: timeWidth) + "  " }
      prefix += TerminalText.pad(numbers[index], to: numberWidth, alignedRight: true)
      output += Array(emphasize(prefix, row, style).utf8)
      let text = isForTerminal ? Array(Self.harmless(row.line.text).utf8) : row.line.text
      if !text.isEmpty { output += Array("  ".utf8) + text }
      output.append(10)
    }
    return output
  }

  private static func widest(_ names: [String]) -> Int {
    names.map(TerminalText.width).max() ?? 0
  }

  private func emphasize(_ prefix: String, _ row: BlameReport.Row, _ style: Style) -> String {
    if row.isBeforeAll { return style.faint(prefix) }
    return row.owner.steps.isEmpty ? prefix : style.heading(prefix)
  }

  /// Sets tabs as a terminal does that begins with the line, and takes out what would control it.
  private static func harmless(_ line: [UInt8]) -> String {
    var result = ""
    for part in String(decoding: line, as: UTF8.self).split(
      separator: "\t", omittingEmptySubsequences: false)
    {
      if !result.isEmpty || part.startIndex != part.base.startIndex {
        result += String(repeating: " ", count: 8 - TerminalText.width(result) % 8)
      }
      result += TerminalText.clean(String(part))
    }
    return result
  }
}
