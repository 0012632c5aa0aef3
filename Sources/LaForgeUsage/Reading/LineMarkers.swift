import Glibc

/// What tells, without decoding it, whether a line can matter: bytes of which it holds at least one.
struct LineMarkers: ExpressibleByArrayLiteral {
  private let texts: [StaticString]
  /// What marks a line too, unless that holds the exception.
  private let weak: (text: StaticString, exception: StaticString)?

  /// - Parameters:
  ///   - texts: What marks a line whatever else it holds.
  ///   - text: What marks it as well where it does not hold the exception.
  ///   - exception: What tells that the line is of another kind.
  init(_ texts: [StaticString], or text: StaticString, unless exception: StaticString) {
    self.texts = texts
    weak = (text, exception)
  }

  init(arrayLiteral texts: StaticString...) {
    self.texts = texts
    weak = nil
  }

  func isIn(_ line: UnsafeRawBufferPointer) -> Bool {
    if line.holds(texts) { return true }
    guard let weak else { return false }
    return line.holds([weak.text]) && !line.holds([weak.exception])
  }
}

extension UnsafeRawBufferPointer {
  /// Whether these bytes hold one of some texts; those that begin alike are looked for together.
  fileprivate func holds(_ texts: [StaticString]) -> Bool {
    guard let first = texts.first?.utf8Start.pointee else { return false }
    guard texts.allSatisfy({ $0.utf8Start.pointee == first }) else {
      return texts.contains { holds([$0]) }
    }
    guard let baseAddress else { return false }
    var from = 0
    while let hit = memchr(baseAddress + from, Int32(first), count - from) {
      let left = count - (UnsafeRawPointer(hit) - baseAddress)
      for text in texts where text.isAt(hit, of: left) { return true }
      from = count - left + 1
    }
    return false
  }
}

extension StaticString {
  /// Whether so many bytes begin with these; nearly all differ in the second byte.
  fileprivate func isAt(_ bytes: UnsafeMutableRawPointer, of count: Int) -> Bool {
    utf8CodeUnitCount <= count
      && (utf8CodeUnitCount < 2 || bytes.load(fromByteOffset: 1, as: UInt8.self) == utf8Start[1])
      && memcmp(bytes, utf8Start, utf8CodeUnitCount) == 0
  }
}
