/// Emphasis for a terminal; plain text elsewhere.
///
/// Everything it marks also reads without it.
struct Style: Equatable {
  let isColored: Bool

  func failure(_ text: String) -> String { wrap(text, "31") }
  func heading(_ text: String) -> String { wrap(text, "1") }
  func faint(_ text: String) -> String { wrap(text, "2") }

  /// See "SGR" in `man 4 console_codes`.
  private func wrap(_ text: String, _ code: String) -> String {
    isColored && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
