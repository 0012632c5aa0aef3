/// Rows of a name and a text, as `show`, `status`, the operations and `help limits` have them.
enum FactRows {
  /// The least room for a text beside its name; in a narrower window it stands below.
  private static let leastRoom = 24

  /// The rows, each wrapped to `width`; the texts begin in column `indent`.
  static func lines(
    _ facts: [(name: String, text: String)], indent: Int, width: Int?
  ) -> [String] {
    let isNarrow = width.map { $0 - indent < leastRoom } ?? false
    return facts.flatMap { fact in
      let name = "  " + TerminalText.clean(fact.name)
      let text = TerminalText.clean(fact.text)
      if isNarrow, !fact.name.isEmpty {
        return [name, wrap("    " + text, to: width, indent: 4)]
      }
      // A name that is wider than its column is parted from the text all the same.
      let beginning = TerminalText.pad(name + " ", to: indent)
      return [wrap(beginning + text, to: width, indent: indent)]
    }
  }

  private static func wrap(_ text: String, to width: Int?, indent: Int) -> String {
    TerminalText.wrap(text, columns: width, indent: String(repeating: " ", count: indent))
  }
}
