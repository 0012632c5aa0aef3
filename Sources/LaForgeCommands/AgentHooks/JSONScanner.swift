import Foundation

/// Finds where the values of a JSON text stand; see <https://www.rfc-editor.org/rfc/rfc8259>.
struct JSONScanner {
  static let spaces: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]

  private let bytes: [UInt8]
  private var position = 0
  /// Deeper than any settings, and not too deep for the stack.
  private static let depthLimit = 200

  static func parse(_ bytes: [UInt8]) throws(JSONText.Malformed) -> JSONText.Node {
    var scanner = JSONScanner(bytes: bytes)
    scanner.skipSpace()
    let node = try scanner.value(depth: 0)
    scanner.skipSpace()
    guard scanner.position == bytes.count else { throw JSONText.Malformed() }
    return node
  }

  private init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The comments in what stands between two values; each of a line with its newline.
  static func comments(in bytes: ArraySlice<UInt8>) -> String {
    var scanner = JSONScanner(bytes: Array(bytes))
    var found = ""
    while scanner.next != nil {
      let start = scanner.position
      if scanner.starts(with: "/") {
        scanner.skipComment()
        if scanner.bytes[start...].starts(with: "//".utf8) { scanner.position += 1 }
        let end = min(scanner.position, scanner.bytes.count)
        found += String(decoding: scanner.bytes[start..<end], as: UTF8.self)
        scanner.position = end
      } else {
        scanner.position += 1
      }
    }
    return found
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func starts(with text: StaticString) -> Bool {
    text.withUTF8Buffer { bytes[position...].starts(with: $0) }
  }

  private mutating func take(_ character: UInt8) -> Bool {
    guard next == character else { return false }
    position += 1
    return true
  }

  /// Passes over white space and comments.
  private mutating func skipSpace() {
    while let byte = next {
      if Self.spaces.contains(byte) {
        position += 1
      } else if starts(with: "//") || starts(with: "/*") {
        skipComment()
      } else {
        return
      }
    }
  }

  /// Passes over a comment, but not over the newline that ends it.
  private mutating func skipComment() {
    if starts(with: "//") {
      while let byte = next, byte != 0x0A { position += 1 }
    } else {
      position += 2
      while next != nil, !starts(with: "*/") { position += 1 }
      position = min(position + 2, bytes.count)
    }
  }

  private mutating func value(depth: Int) throws(JSONText.Malformed) -> JSONText.Node {
    guard let byte = next, depth < Self.depthLimit else { throw JSONText.Malformed() }
    let start = position
    switch byte {
    case UInt8(ascii: "{"):
      return try container(.object, closedBy: UInt8(ascii: "}"), from: start, depth)
    case UInt8(ascii: "["):
      return try container(.array, closedBy: UInt8(ascii: "]"), from: start, depth)
    case UInt8(ascii: "\""):
      let text = try string()
      return JSONText.Node(kind: .string(text), range: start..<position)
    default:
      while let byte = next, byte > 0x20, !",]}/".utf8.contains(byte) { position += 1 }
      guard
        Self.decode(bytes[start..<position], as: Bool?.self) != nil
          || Self.decode(bytes[start..<position], as: Double.self) != nil
      else { throw JSONText.Malformed() }
      return JSONText.Node(kind: .other, range: start..<position)
    }
  }

  private mutating func container(
    _ kind: JSONText.Node.Kind, closedBy end: UInt8, from start: Int, _ depth: Int
  ) throws(JSONText.Malformed) -> JSONText.Node {
    position += 1
    var children: [JSONText.Node.Child] = []
    skipSpace()
    if !take(end) {
      while true {
        skipSpace()
        let from = position
        var name: String?
        if case .object = kind {
          name = try string()
          skipSpace()
          guard take(UInt8(ascii: ":")) else { throw JSONText.Malformed() }
          skipSpace()
        }
        let value = try value(depth: depth + 1)
        children.append(JSONText.Node.Child(name: name, range: from..<position, value: value))
        skipSpace()
        if take(end) { break }
        guard take(UInt8(ascii: ",")) else { throw JSONText.Malformed() }
      }
    }
    return JSONText.Node(kind: kind, range: start..<position, children: children)
  }

  private mutating func string() throws(JSONText.Malformed) -> String {
    let start = position
    guard take(UInt8(ascii: "\"")) else { throw JSONText.Malformed() }
    while let byte = next, byte != UInt8(ascii: "\"") {
      position += byte == UInt8(ascii: "\\") ? 2 : 1
    }
    guard take(UInt8(ascii: "\"")),
      let text = Self.decode(bytes[start..<position], as: String.self)
    else { throw JSONText.Malformed() }
    return text
  }

  private static func decode<Value: Decodable>(
    _ bytes: ArraySlice<UInt8>, as type: Value.Type
  ) -> Value? {
    try? JSONDecoder().decode(type, from: Data(bytes))
  }
}
