import Foundation
import GRDB
import Glibc
package import LaForgeCore
package import SystemPackage

extension SQLiteStepStore {
  /// How many copies are kept beside the database.
  private static let keptCopies = 2

  /// Copies the database to `steps.db.YYYY-MM-DD` beside it unless today's copy exists, and removes
  /// all copies but the two newest.
  ///
  /// The copy is made with SQLite's online backup, <https://www.sqlite.org/backup.html>, so other
  /// processes may write meanwhile.
  package func backUp(on now: Timestamp) throws(StoreError) {
    let day = now.description.prefix(10)
    let target = FilePath("\(folder.database.string).\(day)")
    guard access(target.string, F_OK) != 0 else { return }
    let temporary = FilePath("\(target.string).tmp.\(getpid())")
    do {
      try FileDescriptor.open(
        temporary, .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWrite]
      ).close()
      let copy = try DatabaseQueue(path: temporary.string)
      try queue.backup(to: copy)
      try copy.close()
    } catch {
      unlink(temporary.string)
      throw Self.storeError(error, target)
    }
    guard rename(temporary.string, target.string) == 0 else {
      throw StoreError(errorNumber: errno, function: "rename", path: target)
    }
    for path in try Self.backups(in: folder).dropLast(Self.keptCopies) { unlink(path.string) }
  }

  /// Returns the copies of a repository's database, oldest first.
  package static func backups(in folder: StoreFolder) throws(StoreError) -> [FilePath] {
    guard access(folder.path.string, F_OK) == 0 else { return [] }
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder.path.string)
        .filter { name in
          let day = name.dropFirst("steps.db.".count)
          return name.hasPrefix("steps.db.") && day.utf8.count == "2026-11-23".utf8.count
            && day.allSatisfy { $0.isNumber || $0 == "-" }
        }
        .sorted().map { folder.path.appending($0) }
    } catch {
      throw storeError(error, folder.path)
    }
  }
}
