import GRDB
import Glibc
import LaForgeCore
import SystemPackage

extension StoreError {
  /// A failure of SQLite; see <https://www.sqlite.org/rescode.html>.
  init(_ error: DatabaseError, path: FilePath) {
    let code: Code =
      switch error.resultCode {
      case .SQLITE_FULL: .diskFull
      case .SQLITE_CORRUPT, .SQLITE_NOTADB: .damaged
      // The schema holds the rules: an end before the start, a negative duration.
      case .SQLITE_CONSTRAINT: .invalidStep
      case .SQLITE_BUSY, .SQLITE_LOCKED: .busy
      case .SQLITE_PERM, .SQLITE_AUTH: .notPermitted
      case .SQLITE_READONLY, .SQLITE_CANTOPEN: Self.codeOfAccess(to: path)
      default: .failed
      }
    // What fails at the other of a backup's two connections leaves this one "not an error" to tell.
    let isMute = error.message == DatabaseError(resultCode: .SQLITE_OK).message
    let message = isMute ? DatabaseError(resultCode: error.resultCode).message : error.message
    // Arguments may be private, so the SQL is told without them.
    self.init(
      code: code, message: message ?? "SQLite reports \(error.resultCode)",
      path: path.string, function: error.sql)
  }

  /// SQLite does not tell why a file cannot be opened or written; `access(2)` does.
  private static func codeOfAccess(to path: FilePath) -> Code {
    for candidate in [path, path.removingLastComponent()]
    where access(candidate.string, R_OK | W_OK) != 0 {
      switch errno {
      case EROFS: return .readOnly
      case EACCES: return .notPermitted
      default: continue
      }
    }
    return .readOnly
  }
}
