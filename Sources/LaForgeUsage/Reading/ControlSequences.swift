/// Lines of a terminal without what moves its cursor or colours its text.
enum ControlSequences {
  /// The bytes without control sequences; see `man 4 console_codes`.
  static func stripped(_ line: UnsafeRawBufferPointer) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(line.count)
    var index = 0
    while index < line.count {
      let byte = line[index]
      index += 1
      guard byte == 27, index < line.count else {
        if byte != 13, byte != 27 { output.append(byte) }
        continue
      }
      switch line[index] {
      case UInt8(ascii: "["):
        index += 1
        while index < line.count, !(0x40...0x7E).contains(line[index]) { index += 1 }
        index += 1
      case UInt8(ascii: "]"):
        while index < line.count, line[index] != 7, line[index] != 27 { index += 1 }
        if index < line.count, line[index] == 27 { index += 1 }
        index += 1
      default: index += 1
      }
    }
    return output
  }
}
