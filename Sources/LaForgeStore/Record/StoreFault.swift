import CLaForgeSupport
import Foundation
import Glibc
import LaForgeCore
import SystemPackage

/// What was found to be wrong with a step database that other files can make again.
package enum StoreFault: Equatable, Sendable {
  /// There is no database file.
  case missing
  /// The file is empty, or holds no table.
  case empty
  /// The file is not a database, or a damaged one.
  case damaged
  /// It is older than its record file says: the `-wal` file beside it is gone, or a copy took its
  /// place.
  case behind
}

extension StoreFault {
  /// Looks at the file; a few system calls where nothing is wrong.
  ///
  /// - Returns: `nil` where nothing is wrong, or nothing was recorded yet.
  /// - Throws: `StoreError` of code `notAFile` where something else is in its place.
  static func find(in folder: StoreFolder) throws(StoreError) -> StoreFault? {
    let path = folder.database
    var status = stat()
    guard stat(path.string, &status) == 0 else {
      guard errno == ENOENT else {
        throw StoreError(errorNumber: errno, function: "stat", path: path)
      }
      return try folder.hasTraces ? .missing : nil
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw StoreError(
        code: .notAFile, message: "it is not a regular file", path: path.string)
    }
    if status.st_size == 0 { return try folder.hasTraces ? .empty : nil }
    let descriptor = laforge_open(path.string, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0)
    guard descriptor >= 0 else {
      throw StoreError(errorNumber: errno, function: "open", path: path)
    }
    defer { laforge_close(descriptor) }
    // See "The Database Header" in <https://www.sqlite.org/fileformat.html>. With a good `-wal` beside
    // it SQLite would open a file of anything.
    let magic = Array("SQLite format 3\0".utf8)
    var found = [UInt8](repeating: 0, count: magic.count)
    let count = pread(descriptor, &found, magic.count, 0)
    guard count >= 0 else { throw StoreError(errorNumber: errno, function: "pread", path: path) }
    guard count == magic.count, found == magic else {
      if try folder.hasTraces { return .damaged }
      throw StoreError(
        code: .damaged, message: "file is not a database", path: path.string)
    }
    return access(folder.damageMark.string, F_OK) == 0 ? .damaged : nil
  }
}

extension StoreFolder {
  /// Whether a store was here before: what is kept for the case that its database is lost.
  var hasTraces: Bool {
    get throws(StoreError) {
      if RecordFile(path: record).holdsAnything { return true }
      if try !SQLiteStepStore.backups(in: self).isEmpty { return true }
      let git = path.removingLastComponent()
      if access(git.appending("refs/laforge/keep").string, F_OK) == 0 { return true }
      let packed = git.appending("packed-refs").string
      // A repository may have no packed references.
      guard let data = try? Data(contentsOf: URL(filePath: packed), options: .mappedIfSafe) else {
        return false
      }
      return data.range(of: Data(" refs/laforge/keep\n".utf8)) != nil
    }
  }

  /// The highest number that a step ever had, as far as files beside the database tell.
  var highestStepNumber: Int64 {
    [runLocks, outputs, spool].flatMap { folder in
      // A folder that does not exist tells nothing.
      (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
    }.compactMap { Int64($0.prefix { $0.isNumber }) }.max() ?? 0
  }
}
