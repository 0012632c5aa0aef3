import Foundation

/// JSON as LaForge writes it: keys sorted, slashes as they are.
enum JSONOutput {
  /// One document over several lines, ended by a newline.
  static func document(_ value: some Encodable) throws -> String {
    let text = try encode(value, [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    return closingEmptyContainers(text) + "\n"
  }

  /// One document on one line, without a newline.
  static func compact(_ value: some Encodable) throws -> String {
    try encode(value, [.sortedKeys, .withoutEscapingSlashes])
  }

  /// Foundation spreads `[]` and `{}` over three lines.
  ///
  /// A string holds no line break as such, so the pattern is found in the layout only.
  private static func closingEmptyContainers(_ text: String) -> String {
    var result: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      result.append(byte)
      guard byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{"), rest.starts(with: [10, 10])
      else { continue }
      rest = rest.drop { $0 == 10 || $0 == 32 }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func encode(
    _ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting
  ) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
