/// Takes what was printed on a terminal and gives the text of its lines: control sequences left out,
/// and what was drawn over within a line as it looked in the end.
///
/// See `man 4 console_codes`. Sequences that move to other lines are dropped, not followed.
struct PlainText {
  private enum State {
    case text
    case escape
    /// `ESC [ …`, with what was read of it.
    case control([UInt8])
    /// `ESC ] …` and its relatives, which end with BEL or `ESC \`.
    case string(isEnding: Bool)
    /// `ESC (` and its relatives take one more byte.
    case oneMore
  }

  private var state = State.text
  /// The characters of the line, as UTF-8.
  private var line: [[UInt8]] = []
  private var column = 0
  /// The beginning of a character whose bytes are not all there.
  private var partial: [UInt8] = []
  private var missing = 0

  /// Takes bytes, which may end anywhere, and returns the lines that they end.
  mutating func consume(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var output: [UInt8] = []
    for byte in bytes { take(byte, &output) }
    return output
  }

  /// Returns the last line where it has no end.
  mutating func finish() -> [UInt8] {
    if !partial.isEmpty { put(partial) }
    let rest = Array(line.joined())
    self = PlainText()
    return rest
  }

  private mutating func take(_ byte: UInt8, _ output: inout [UInt8]) {
    switch state {
    case .text: takeText(byte, &output)
    case .escape:
      switch byte {
      case UInt8(ascii: "["): state = .control([])
      case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"),
        UInt8(ascii: "_"):
        state = .string(isEnding: false)
      case 0x20...0x2F: state = .oneMore
      default: state = .text
      }
    case .control(let read):
      if (0x40...0x7E).contains(byte) {
        state = .text
        control(byte, read)
      } else {
        state = read.count < 64 ? .control(read + [byte]) : .text
      }
    case .string(let isEnding):
      if byte == 7 || (isEnding && byte == UInt8(ascii: "\\")) {
        state = .text
      } else {
        state = .string(isEnding: byte == 27)
      }
    case .oneMore: state = .text
    }
  }

  private mutating func takeText(_ byte: UInt8, _ output: inout [UInt8]) {
    if missing > 0, byte & 0xC0 == 0x80 {
      partial.append(byte)
      missing -= 1
      if missing == 0 { put(partial) }
      return
    }
    if !partial.isEmpty { put(partial) }
    switch byte {
    case 10:
      output += line.joined()
      output.append(10)
      line = []
      column = 0
    case 13: column = 0
    case 8: column = max(0, column - 1)
    case 27: state = .escape
    case 9, 32...126: put([byte])
    case 0xC0...0xDF: begin(byte, 1)
    case 0xE0...0xEF: begin(byte, 2)
    case 0xF0...0xF7: begin(byte, 3)
    case 128...: put([byte])
    default: break
    }
  }

  private mutating func begin(_ byte: UInt8, _ count: Int) {
    partial = [byte]
    missing = count
  }

  private mutating func put(_ character: [UInt8]) {
    partial = []
    missing = 0
    while line.count < column { line.append([32]) }
    if column < line.count { line[column] = character } else { line.append(character) }
    column += 1
  }

  /// A control sequence that changes the line.
  private mutating func control(_ final: UInt8, _ parameters: [UInt8]) {
    let number = Int(String(decoding: parameters.prefix { $0 != 59 }, as: UTF8.self))
    // What no terminal is as wide as is nonsense.
    let count = min(max(number ?? 1, 1), 4096)
    switch final {
    case UInt8(ascii: "K") where (number ?? 0) == 0:
      if column < line.count { line.removeSubrange(column...) }
    case UInt8(ascii: "K") where number == 1:
      for index in line.indices.prefix(column + 1) { line[index] = [32] }
    case UInt8(ascii: "K") where number == 2: line = []
    case UInt8(ascii: "C"): column = min(column + count, 4096)
    case UInt8(ascii: "D"): column = max(0, column - count)
    case UInt8(ascii: "G"): column = count - 1
    default: break
    }
  }
}
