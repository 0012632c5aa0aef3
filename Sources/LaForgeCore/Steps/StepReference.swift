/// A step as people type it: `7`, `S7`, `@`, `@-`, `@-3`.
package enum StepReference: Equatable, Sendable {
  /// A step by its number.
  case id(StepID)
  /// The latest active step of this worktree, or the one that many parents before it.
  case latest(back: Int)

  /// Parses what a person typed; `nil` where it names no step in any of the forms.
  package init?(parsing text: String) {
    if text.hasPrefix("@") {
      guard let back = Self.parseAncestry(text.dropFirst()) else { return nil }
      self = .latest(back: back)
      return
    }
    let digits = text.hasPrefix("S") || text.hasPrefix("s") ? text.dropFirst() : text[...]
    guard digits.utf8.allSatisfy(Self.isDigit), let number = Int64(digits), number > 0 else {
      return nil
    }
    self = .id(StepID(rawValue: number))
  }

  private static func parseAncestry(_ suffix: Substring) -> Int? {
    if suffix.isEmpty { return 0 }
    guard suffix.hasPrefix("-") else { return nil }
    let digits = suffix.dropFirst()
    if digits.isEmpty { return 1 }
    guard digits.utf8.allSatisfy(isDigit) else { return nil }
    return Int(digits)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
