import LaForgeCore

/// Takes credentials out of one stream before it is written anywhere.
///
/// A credential may come in pieces, so a line is looked at whole: what has no end yet waits.
struct OutputFilter {
  private var line: [UInt8] = []
  /// Whether the lines that follow belong to a private key whose first line was seen.
  private var isInPrivateKey = false
  private let redactor = CredentialRedactor()

  /// A line that is longer is cut at the last space in it.
  private static let longestLine = 1 << 16

  /// Takes bytes and returns what may be written.
  mutating func consume(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    line += bytes
    guard let end = lastEnd ?? cut else { return [] }
    let ready = line[..<end]
    let masked = mask(ready)
    line.removeSubrange(..<end)
    return masked
  }

  /// Returns what waits; nothing follows any more.
  mutating func finish() -> [UInt8] {
    let masked = mask(line[...])
    line = []
    return masked
  }

  /// Where the last whole line ends.
  ///
  /// A carriage return alone ends one too: progress is drawn so.
  private var lastEnd: Int? {
    line.lastIndex { $0 == 10 || $0 == 13 }.map { $0 + 1 }
  }

  private var cut: Int? {
    guard line.count > Self.longestLine else { return nil }
    return line.lastIndex(of: 32).map { $0 + 1 } ?? line.count
  }

  private mutating func mask(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var bytes = bytes
    if isInPrivateKey { bytes = bytes.dropFirst(restOfKey(bytes)) }
    let (masked, isOpen) = redactor.redact(bytes: bytes)
    if isOpen { isInPrivateKey = true }
    return masked ?? Array(bytes)
  }

  /// How many bytes belong to a private key: the lines in base64 and headers, and the last one.
  private mutating func restOfKey(_ bytes: ArraySlice<UInt8>) -> Int {
    var count = 0
    for text in bytes.split(separator: 10, omittingEmptySubsequences: false) {
      let isLast = count + text.count >= bytes.count
      if text.starts(with: "-----END".utf8) {
        isInPrivateKey = false
        return count + text.count
      }
      guard text.allSatisfy(Self.mayBeKey) else {
        isInPrivateKey = false
        return count
      }
      count += text.count + (isLast ? 0 : 1)
    }
    return min(count, bytes.count)
  }

  /// Base64, and what stands in headers such as `Proc-Type: 4,ENCRYPTED`.
  private static func mayBeKey(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122: true
    default: "+/=-:, \r".utf8.contains(byte)
    }
  }
}
