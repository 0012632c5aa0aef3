import Foundation

/// Numbers as agents write them for people.
enum Numbers {
  /// `1,234`, `2.6k`, `18.9m`: a count, rounded by whoever wrote it.
  static func count(_ text: some StringProtocol) -> Int64? {
    let plain = String(text.filter { $0 != "," })
    let units: [Character: Double] = ["k": 1e3, "K": 1e3, "m": 1e6, "M": 1e6, "b": 1e9, "B": 1e9]
    let factor = plain.last.flatMap { units[$0] }
    guard let number = Double(factor == nil ? plain : String(plain.dropLast())), number >= 0
    else { return nil }
    let count = number * (factor ?? 1)
    // More than anybody can have used is no count, and may be more than an integer holds.
    return count < 1e15 ? Int64(count.rounded()) : nil
  }

  /// The count right before a marker: `3.1k` for ` sent` in `Tokens: 3.1k sent, 157 received`.
  static func count(before marker: String, in text: String) -> Int64? {
    word(before: marker, in: text).flatMap { count($0) }
  }

  /// The word right before a marker.
  static func word(before marker: String, in text: String) -> Substring? {
    guard let range = text.range(of: marker) else { return nil }
    return text[..<range.lowerBound].split(whereSeparator: { $0 == " " || $0 == "(" }).last
  }

  /// The digits right behind a marker: `43` for `output=` in `output=43, input=1`.
  static func digits(after marker: String, in text: String) -> Int64? {
    guard let range = text.range(of: marker) else { return nil }
    return Int64(text[range.upperBound...].prefix(while: \.isNumber))
  }
}
