import Foundation
import LaForgeCore

/// The lines that are left of a store: of its record file, and of the keep tree.
struct RecordSources {
  private var segments: [RecordSegment]
  private let file: Data

  /// - Parameters:
  ///   - file: The content of the record file.
  ///   - segments: What the keep tree holds; left out where it is of another store.
  init(file: Data, segments: [RecordSegment]) {
    self.file = file
    self.segments = segments.sorted { ($0.first, $0.last) < ($1.first, $1.last) }
    let own = Self.storeID(of: file)
    let kept = self.segments.lazy.compactMap { Self.storeID(of: Data($0.bytes)) }.first
    if let own, let kept, own != kept { self.segments = [] }
  }

  /// The store's id; `nil` where no line tells it.
  var storeID: String? {
    Self.storeID(of: file)
      ?? segments.lazy.compactMap { Self.storeID(of: Data($0.bytes)) }.first
  }

  static func storeID(of file: Data) -> String? {
    for line in file.recordLines {
      return RecordLine(parsing: line)?.beginning
    }
    return nil
  }

  /// What was found by reading all lines.
  struct Outcome: Equatable {
    /// The number of the last line; that before the first one where there is none.
    var last: Int64
    /// Lines that are torn or of another form.
    var unreadable = 0
    /// Where the last good line of the file ends, and the line; `nil` unless the file ends with the
    /// last line of all and all of it can be read.
    var end: (bytes: Int64, tail: String)?

    static func == (left: Self, right: Self) -> Bool {
      left.last == right.last && left.unreadable == right.unreadable
        && left.end?.bytes == right.end?.bytes && left.end?.tail == right.end?.tail
    }
  }

  /// Hands out the lines after a number, each once, in their order.
  func forEachLine(
    after number: Int64, _ body: (RecordLine) throws -> Void
  ) rethrows -> Outcome {
    var outcome = Outcome(last: number)
    func take(_ lines: Data) throws -> Bool {
      var isWhole = true
      for bytes in lines.recordLines {
        // Only what is needed is parsed.
        if let number = Self.number(of: bytes), number <= outcome.last { continue }
        guard let line = RecordLine(parsing: bytes) else {
          outcome.unreadable += 1
          isWhole = false
          continue
        }
        guard line.number > outcome.last else { continue }
        try body(line)
        outcome.last = line.number
      }
      return isWhole
    }
    for segment in segments where segment.last > outcome.last {
      _ = try take(Data(segment.bytes))
    }
    let isWhole = try take(file)
    if isWhole, file.last == UInt8(ascii: "\n"), Self.lastNumber(in: file) == outcome.last {
      let end = file.dropLast()
      let start = end.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? file.startIndex
      let tail = file[start...].suffix(RecordFile.tailLimit)
      outcome.end = (Int64(file.count), String(decoding: tail, as: UTF8.self))
    }
    return outcome
  }

  /// The number of the last line that can be read; 0 where none can.
  static func lastNumber(in file: Data) -> Int64 {
    var end = file.endIndex
    while end > file.startIndex {
      let before = file[file.startIndex..<(end - 1)].lastIndex(of: UInt8(ascii: "\n"))
      let start = before.map { $0 + 1 } ?? file.startIndex
      let line = file[start..<end]
      if line.last == UInt8(ascii: "\n"), let parsed = RecordLine(parsing: line) {
        return parsed.number
      }
      end = start
    }
    return 0
  }

  /// The number that a line begins with, without looking at the rest of it.
  private static func number(of line: Data) -> Int64? {
    guard line.starts(with: Data("{\"n\":".utf8)) else { return nil }
    let digits = line.dropFirst(5).prefix(20).prefix {
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
    }
    return Int64(String(decoding: digits, as: UTF8.self))
  }
}
