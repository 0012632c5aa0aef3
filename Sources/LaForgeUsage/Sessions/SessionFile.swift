import Foundation
import Glibc
import LaForgeCore

/// A session file that changed while the agent ran.
struct SessionFile {
  var path: String
  var form: SessionPlace.Form
  /// How large it was before, in bytes; what lies behind that is new where lines are appended.
  var sizeBefore: Int64 = 0
  /// How large it is now, in bytes; what comes later is not this run's.
  var sizeAfter: Int64
  /// What the document held before; `nil` where it was not there.
  var before: JSON?
  /// The rows of the database now, by their ids.
  var rows: [String: JSONValue] = [:]
  /// The rows before.
  var rowsBefore: [String: JSONValue] = [:]
  /// Whether what this run added can be told from what was there.
  var isComparable = true

  /// The names of the folders that it lies in, and its own, the last first.
  var names: [Substring] { path.split(separator: "/").reversed() }

  /// The name of the folder that it lies in.
  var folder: String? { names.dropFirst().first.map(String.init) }

  /// Its name without what follows the last point.
  var stem: String {
    let name = names.first ?? ""
    return String(name.lastIndex(of: ".").map { name[..<$0] } ?? name)
  }

  /// Larger documents hold no figures that anybody could wait for.
  private static let documentLimit: Int64 = 64 << 20

  /// How large a file is, in bytes; `nil` where it is not there.
  static func size(_ path: String) -> Int64? {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : nil
  }

  /// Reads a JSON document.
  ///
  /// - Throws: `UnreadableUsage` where it cannot be read.
  static func document(_ path: String) throws -> JSON {
    guard let size = size(path), size <= documentLimit,
      let data = try? Data(contentsOf: URL(filePath: path))
    else { throw UnreadableUsage() }
    return try JSON(parsing: data)
  }

  /// Lends each line that holds one of some markers, or each, with whether it was there before the
  /// run.
  ///
  /// - Returns: Whether the file could be read.
  func eachLine(
    holding markers: LineMarkers?, _ body: (UnsafeRawBufferPointer, _ isOld: Bool) -> Void
  ) -> Bool {
    guard let file = fopen(path, "re") else { return false }
    defer { fclose(file) }
    let parts = [(true, sizeBefore), (false, max(0, sizeAfter - sizeBefore))]
    for (isOld, size) in parts {
      var rest = size
      var lines = LineAssembler()
      func lend(_ line: UnsafeRawBufferPointer) {
        if markers?.isIn(line) ?? true { body(line, isOld) }
      }
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      while rest > 0 {
        let count = fread(&buffer, 1, Int(min(rest, Int64(buffer.count))), file)
        guard count > 0 else { break }
        buffer[..<count].withUnsafeBytes { lines.consume($0, lend) }
        rest -= Int64(count)
      }
      lines.finish(lend)
    }
    return true
  }
}
