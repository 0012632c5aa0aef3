import Foundation
import GRDB
package import LaForgeCore
import Synchronization
import SystemPackage

/// A line whose transaction is committed when it is written.
struct WrittenLine {
  var text: String
  /// Where it ends in the file.
  var end: Int64
}

/// The record file beside the database.
extension SQLiteStepStore {
  var record: RecordFile { RecordFile(path: folder.record) }

  static func position(_ database: Database) throws -> RecordPosition {
    let statement = try database.cachedStatement(
      sql: "SELECT lines, bytes, tail, is_stale FROM record")
    guard let row = try Row.fetchOne(statement) else {
      throw StoreError(code: .damaged, message: "the place in the record is missing", path: "")
    }
    return RecordPosition(lines: row[0], bytes: row[1], tail: row[2], isStale: row[3])
  }

  private static func move(to position: RecordPosition, _ database: Database) throws {
    try database.cachedStatement(
      sql: "UPDATE record SET lines = ?, bytes = ?, tail = ?, is_stale = ?"
    ).execute(arguments: [position.lines, position.bytes, position.tail, position.isStale])
  }

  /// Notes in a transaction what it changes.
  ///
  /// Transactions are one after the other, so the line before is in the file, or is written here: at
  /// most one is ever missing. A file that cannot be written makes no transaction fail; it is stale
  /// then, and written as a whole once it can be.
  ///
  /// - Returns: The line that is to be written once the transaction is committed; `nil` where
  ///   nothing was noted or the file is written already.
  func note(_ changes: [RecordChange], _ database: Database) throws -> WrittenLine? {
    guard !changes.isEmpty else { return nil }
    var position = try Self.position(database)
    do throws(StoreError) {
      if try !record.mend(position) {
        try Self.rewriteRecord(of: folder, storeID: storeID, position, database)
        return nil
      }
    } catch {
      keepRecordFailure(error)
      position.isStale = true
      try Self.move(to: position, database)
      return nil
    }
    let text = RecordLine(number: position.lines + 1, changes: changes).text
    position.lines += 1
    position.bytes += Int64(text.utf8.count)
    position.tail = String(decoding: text.utf8.suffix(RecordFile.tailLimit), as: UTF8.self)
    try Self.move(to: position, database)
    return WrittenLine(text: text, end: position.bytes)
  }

  /// Writes a line after its transaction; where that fails, the next transaction does it.
  func append(_ line: WrittenLine) {
    do throws(StoreError) {
      try record.append(line.text, endingAt: line.end)
    } catch {
      keepRecordFailure(error)
    }
  }

  /// Writes the file as a whole: everything that the database holds.
  static func rewriteRecord(
    of folder: StoreFolder, storeID: String, _ position: RecordPosition, _ database: Database
  ) throws(StoreError) {
    do {
      var position = position
      var last = ""
      func text(_ changes: [RecordChange], _ beginning: String? = nil) -> String {
        position.lines += 1
        last = RecordLine(number: position.lines, changes: changes, beginning: beginning).text
        return last
      }
      position.bytes = try RecordFile(path: folder.record).rewrite { write in
        try write(text([], storeID))
        try RecordImage.forEach(database) { try write(text($0)) }
      }
      position.tail = String(decoding: last.utf8.suffix(RecordFile.tailLimit), as: UTF8.self)
      position.isStale = false
      try move(to: position, database)
    } catch {
      throw storeError(error, folder.record)
    }
  }

  private func keepRecordFailure(_ error: StoreError) {
    recordFailures.withLock { if $0 == nil { $0 = error } }
  }

  /// Returns once why the record file could not be written; `nil` where it could.
  package func takeRecordFailure() -> StoreError? {
    recordFailures.withLock { failure in
      defer { failure = nil }
      return failure
    }
  }

  // MARK: - The keep tree

  /// How many bytes of the record go into the keep tree at once.
  private static let segmentLimit = 16 << 20

  package func unkeptRecords() throws(StoreError) -> [RecordSegment] {
    let (position, kept) = try readOnce { database in
      (
        try Self.position(database),
        try Int64.fetchOne(database, sql: "SELECT kept_lines FROM record") ?? 0
      )
    }
    // A file that must be mended first is in the keep tree the next time.
    guard position.lines > kept, !position.isStale, try record.standing(at: position) == .equal
    else { return [] }
    let content = try record.content()
    return Self.segments(of: content.prefix(Int(position.bytes)), last: position.lines, kept)
  }

  /// Divides the end of a file into segments, as far back as there are new ones.
  static func segments(of content: Data, last: Int64, _ kept: Int64) -> [RecordSegment] {
    guard last > 0 else { return [] }
    // Where lines end, from the last one back; the first line that is needed is found on the way.
    var wanted = RecordSegment.division(of: 1...last, after: kept)
    guard let first = wanted.first?.lowerBound else { return [] }
    var starts: [Int] = []
    var end = content.endIndex
    while end > content.startIndex, last - Int64(starts.count) >= first {
      let before = content[content.startIndex..<(end - 1)].lastIndex(of: UInt8(ascii: "\n"))
      end = before.map { $0 + 1 } ?? content.startIndex
      starts.append(end)
    }
    // A file that was written as a whole does not begin with line 1.
    let oldest = last - Int64(starts.count) + 1
    wanted = wanted.compactMap { range in
      range.upperBound < oldest ? nil : max(range.lowerBound, oldest)...range.upperBound
    }
    func start(_ line: Int64) -> Int {
      line > last ? content.endIndex : starts[Int(last - line)]
    }
    var segments: [RecordSegment] = []
    var size = 0
    for range in wanted where size < segmentLimit {
      let bytes = Array(content[start(range.lowerBound)..<start(range.upperBound + 1)])
      size += bytes.count
      segments.append(
        RecordSegment(first: range.lowerBound, last: range.upperBound, bytes: bytes))
    }
    return segments
  }

  /// Notes up to which line the keep tree holds the record.
  func noteKept(
    _ segments: [RecordSegment], isIncomplete: Bool, _ database: Database
  ) throws {
    if isIncomplete {
      try database.execute(sql: "UPDATE record SET kept_lines = 0")
    } else if let last = segments.last?.last {
      try database.execute(
        sql: "UPDATE record SET kept_lines = max(kept_lines, ?)", arguments: [last])
    }
  }
}
