import Glibc

/// Cuts a stream of chunks into lines, in constant memory whatever the stream holds.
///
/// A line within one chunk is lent as it lies there. A line that spans chunks is copied, but only
/// up to a limit: JSON lines may be long (an agent may print a whole session as one), any other line
/// beyond 64 KiB holds no usage.
struct LineAssembler {
  private var partial: [UInt8] = []
  private var isTooLong = false

  static let jsonLimit = 16 << 20
  static let textLimit = 64 << 10

  /// Takes the next chunk and lends each line that it completes, without its newline.
  mutating func consume(
    _ chunk: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void
  ) {
    var rest = chunk
    while let base = rest.baseAddress, !rest.isEmpty {
      guard let newline = memchr(base, 0x0A, rest.count) else {
        append(rest)
        return
      }
      let length = UnsafeRawPointer(newline) - base
      let line = UnsafeRawBufferPointer(rebasing: rest[..<length])
      if partial.isEmpty && !isTooLong {
        body(line)
      } else {
        append(line)
        finish(body)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[(length + 1)...])
    }
  }

  /// Lends the last line if the stream ended without a newline.
  mutating func finish(_ body: (UnsafeRawBufferPointer) -> Void) {
    if !partial.isEmpty, !isTooLong { partial.withUnsafeBytes(body) }
    isTooLong = false
    // A long line gives its memory back.
    partial.removeAll(keepingCapacity: partial.capacity <= Self.textLimit)
  }

  private mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard !isTooLong else { return }
    let first = partial.first { !$0.isSpace } ?? bytes.first { !$0.isSpace }
    let limit = first?.opensJSON == true ? Self.jsonLimit : Self.textLimit
    if partial.count + bytes.count > limit {
      isTooLong = true
      partial = []
    } else {
      partial.append(contentsOf: bytes)
    }
  }
}

extension UInt8 {
  var isSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }

  /// Whether it is an ASCII letter, given in lower case, in any case.
  func isLetter(_ letter: Unicode.Scalar) -> Bool { self | 0x20 == UInt8(ascii: letter) }

  /// Whether a JSON object or array may begin with this byte.
  var opensJSON: Bool { self == UInt8(ascii: "{") || self == UInt8(ascii: "[") }
}

extension UnsafeRawBufferPointer {
  /// Whether the line begins like a JSON object or an array of objects; `[12:00]` begins neither.
  var looksLikeJSON: Bool {
    var significant = lazy.filter { !$0.isSpace }.makeIterator()
    let first = significant.next()
    if first == UInt8(ascii: "[") { return significant.next() == UInt8(ascii: "{") }
    return first == UInt8(ascii: "{")
  }
}
