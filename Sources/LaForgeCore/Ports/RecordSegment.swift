/// Lines of the record file that are kept with the recorded states.
package struct RecordSegment: Hashable, Sendable {
  /// The number of its first line.
  package var first: Int64
  /// The number of its last line.
  package var last: Int64
  /// The lines, each ended by a newline.
  package var bytes: [UInt8]

  package init(first: Int64, last: Int64, bytes: [UInt8]) {
    self.first = first
    self.last = last
    self.bytes = bytes
  }

  /// What the name of every segment begins with.
  package static let prefix = "record-"

  /// Its name in the keep tree, such as `record-0000000001-0000000256`.
  package var name: String { "\(Self.prefix)\(Self.digits(first))-\(Self.digits(last))" }

  private static func digits(_ number: Int64) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 10 - digits.count)) + digits
  }

  /// The numbers of the first and last line that a name tells; `nil` for the name of something else.
  package static func range(of name: String) -> ClosedRange<Int64>? {
    guard name.hasPrefix(prefix) else { return nil }
    let numbers = name.dropFirst(prefix.count).split(separator: "-").map { Int64($0) }
    guard numbers.count == 2, let first = numbers[0], let last = numbers[1], first <= last
    else { return nil }
    return first...last
  }

  /// How many lines the largest segment holds.
  private static let largest: Int64 = 4096

  /// Divides lines into segments that stay as they are when lines are added, but for a few short ones
  /// at the end: each is as long as a power of 16 at most, and begins at a multiple of its length.
  ///
  /// - Parameters:
  ///   - lines: The numbers, from 1 on.
  ///   - kept: How many lines were divided before; segments that there were then are left out.
  /// - Returns: The segments, in order.
  package static func division(
    of lines: ClosedRange<Int64>, after kept: Int64
  ) -> [ClosedRange<Int64>] {
    let known = kept < lines.lowerBound ? [] : Set(division(of: lines.lowerBound...kept))
    return division(of: lines).filter { !known.contains($0) }
  }

  private static func division(of lines: ClosedRange<Int64>) -> [ClosedRange<Int64>] {
    var segments: [ClosedRange<Int64>] = []
    var next = lines.lowerBound - 1
    while next < lines.upperBound {
      var length = largest
      // The block that the line is in, as far as it is complete.
      while length > 1, (next / length + 1) * length > lines.upperBound { length /= 16 }
      let end = length == 1 ? lines.upperBound : (next / length + 1) * length
      segments.append(next + 1...end)
      next = end
    }
    return segments
  }
}
