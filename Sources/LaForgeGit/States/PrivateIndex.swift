import CLaForgeSupport
import Foundation
import Glibc
import LaForgeCore
import SystemPackage

/// A copy of the user's index that LaForge may change; removed at the end of its life.
///
/// It lies in the worktree's git directory, where git finds the files that a split index needs.
final class PrivateIndex: Sendable {
  let path: FilePath

  /// Copies the user's index, with its modification time to the nanosecond: git tells by it which
  /// entries may have changed in the tick in which it was written.
  init(_ location: RepositoryLocation, purpose: String) throws(GitError) {
    path = location.gitDirectory.appending("laforge-\(purpose)-\(getpid()).index")
    let source = location.gitDirectory.appending("index")
    remove()
    let code = laforge_copy_file(source.string, path.string)
    guard code == 0 || code == ENOENT else {
      throw GitError(
        code: .notStarted, message: Errno(rawValue: code).description,
        function: "copy of the index")
    }
  }

  deinit {
    remove()
  }

  private func remove() {
    unlink(path.string)
    unlink(path.string + ".lock")
  }
}
