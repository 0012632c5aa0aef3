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

  /// Takes paths out, with all stages of a conflict; paths that are not in it are no error.
  ///
  /// See "Using --index-info" in `man 1 git-update-index`.
  func forget(
    _ paths: some Collection<GitPath>, _ git: RepositoryGit
  ) async throws(GitError) {
    guard !paths.isEmpty else { return }
    let line = Array("0 \(String(repeating: "0", count: git.idLength * 2))\t".utf8)
    var input: [UInt8] = []
    for path in paths.sorted() { input += line + path.bytes + [0] }
    try await git.check(["update-index", "-z", "--index-info"], index: path, input: input)
  }

  /// Puts files in as they are on disk; one that is gone is taken out.
  func update(
    _ paths: some Collection<GitPath>, _ git: RepositoryGit
  ) async throws(GitError) {
    guard !paths.isEmpty else { return }
    try await git.check(
      ["update-index", "--add", "--remove", "--replace", "-z", "--stdin"], index: path,
      input: ContentStorage.list(paths.sorted()))
  }

  private func remove() {
    unlink(path.string)
    unlink(path.string + ".lock")
  }
}
