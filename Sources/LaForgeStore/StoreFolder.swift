import CLaForgeSupport
import Glibc
import LaForgeCore
package import SystemPackage

/// The folder `laforge/` in a common git directory, and the names in it.
package struct StoreFolder: Equatable, Sendable {
  package let path: FilePath

  package init(commonDirectory: FilePath) {
    path = commonDirectory.appending("laforge")
  }

  /// The step database.
  package var database: FilePath { path.appending("steps.db") }
  /// The same as lines, to make the database again from.
  var record: FilePath { path.appending("record.jsonl") }
  /// Made where the database was found to be damaged; the next changing command checks all of it.
  var damageMark: FilePath { path.appending("steps.db.damaged") }
  /// One lock file for each step that runs.
  var runLocks: FilePath { path.appending("run") }
  /// What steps printed.
  package var outputs: FilePath { path.appending("output") }
  /// Records that could not be written into the database.
  package var spool: FilePath { path.appending("spool") }
  /// Held while the keep reference is changed.
  var keepLock: FilePath { path.appending("keep.lock") }
  /// Held while a state of a worktree is taken or changed.
  func worktreeLock(_ worktree: String) -> FilePath {
    path.appending("worktree-\(worktree.replacing("/", with: "-")).lock")
  }
  /// Held while the database is made or migrated.
  var setupLock: FilePath { path.appending("setup.lock") }

  /// Makes a folder that only this user may enter, unless it exists.
  static func makePrivate(_ folder: FilePath) throws(StoreError) {
    if mkdir(folder.string, 0o700) != 0, errno != EEXIST {
      throw StoreError(errorNumber: errno, function: "mkdir", path: folder)
    }
  }

  /// Makes a folder and the missing ones above it, each for this user alone.
  static func makePrivateWithParents(_ folder: FilePath) throws(StoreError) {
    var missing: [FilePath] = []
    var current = folder
    while access(current.string, F_OK) != 0, current.lastComponent != nil {
      missing.append(current)
      current.removeLastComponent()
    }
    for folder in missing.reversed() { try makePrivate(folder) }
  }
}

extension StoreError {
  /// A failure of a system call.
  init(errorNumber: Int32, function: String, path: FilePath) {
    let code: Code =
      switch errorNumber {
      case EACCES, EPERM: .notPermitted
      case EROFS: .readOnly
      case ENOSPC, EDQUOT: .diskFull
      default: .failed
      }
    self.init(
      code: code, message: Errno(rawValue: errorNumber).description, path: path.string,
      function: function)
  }
}
