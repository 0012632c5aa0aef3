/// Finds the JSON values in an output that is one document over many lines: the document itself, or
/// the elements of an array, one after the other.
///
/// Memory is bounded: long texts are cut, and a value that is too large all the same is dropped.
struct DocumentSplitter {
  private var depth = 0
  /// The depth at which a value is handed out: 1 within an array, else 0.
  private var level = 0
  private var value: [UInt8] = []
  private var isInText = false
  private var isEscaped = false
  private var textLength = 0
  private var isDropped = false
  /// How many values were too large.
  private(set) var dropped = 0

  private static let valueLimit = 4 << 20
  private static let textLimit = 64 << 10

  /// Takes the next line, without its newline; a line outside of a value that begins none is passed
  /// over.
  mutating func consume(_ line: UnsafeRawBufferPointer, _ body: ([UInt8]) -> Void) {
    if depth == 0 {
      guard let first = line.first(where: { !$0.isSpace }), first.opensJSON else { return }
    }
    for byte in line { take(byte, body) }
    // Between the parts of a value a newline is a space; within a text there can be none.
    if isInText { reset() } else if depth > 0 { append(UInt8(ascii: " ")) }
  }

  private mutating func take(_ byte: UInt8, _ body: ([UInt8]) -> Void) {
    if isInText {
      takeText(byte)
      return
    }
    switch byte {
    case UInt8(ascii: "\""):
      isInText = true
      textLength = 0
      append(byte)
    case UInt8(ascii: "["), UInt8(ascii: "{"):
      if depth == 0 { level = byte == UInt8(ascii: "[") ? 1 : 0 }
      depth += 1
      if depth > level { append(byte) }
    case UInt8(ascii: "]"), UInt8(ascii: "}"):
      if depth > level { append(byte) }
      depth = max(0, depth - 1)
      if depth == level, !value.isEmpty { handOut(body) }
      if depth == 0 { reset() }
    default: if depth > level { append(byte) }
    }
  }

  private mutating func takeText(_ byte: UInt8) {
    textLength += 1
    if isEscaped {
      isEscaped = false
    } else if byte == UInt8(ascii: "\\") {
      isEscaped = true
    } else if byte == UInt8(ascii: "\"") {
      isInText = false
      append(byte)
      return
    }
    // An escape is never cut apart: from the limit on nothing of the text is taken.
    if textLength < Self.textLimit || (textLength == Self.textLimit && !isEscaped) { append(byte) }
  }

  private mutating func append(_ byte: UInt8) {
    guard !isDropped, depth > level || isInText else { return }
    if value.count >= Self.valueLimit {
      isDropped = true
      value = []
    } else {
      value.append(byte)
    }
  }

  private mutating func handOut(_ body: ([UInt8]) -> Void) {
    if isDropped { dropped += 1 } else { body(value) }
    value.removeAll(keepingCapacity: true)
    isDropped = false
  }

  private mutating func reset() {
    let count = dropped
    self = DocumentSplitter()
    dropped = count
  }
}
