import Foundation
import LaForgeCore
import SystemPackage

/// The files by which git remembers an operation in progress: a merge, a rebase, a bisection.
///
/// See `man 5 gitrepository-layout` and git's `wt-status.c` and `sequencer.c`.
enum ProgressFiles {
  /// Files and folders in the git directory of a worktree.
  static let names = [
    "MERGE_HEAD", "MERGE_MODE", "MERGE_MSG", "MERGE_RR", "MERGE_AUTOSTASH", "AUTO_MERGE",
    "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD", "SQUASH_MSG", "rebase-merge",
    "rebase-apply", "sequencer", "BISECT_START", "BISECT_LOG", "BISECT_TERMS", "BISECT_NAMES",
    "BISECT_EXPECTED_REV", "BISECT_ANCESTORS_OK", "BISECT_RUN",
  ]

  /// Files that name commits which nothing else may hold.
  private static let commitFiles: Set<String> = [
    "MERGE_HEAD", "MERGE_AUTOSTASH", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD",
    "rebase-merge/orig-head", "rebase-merge/onto", "rebase-merge/autostash",
    "rebase-merge/stopped-sha", "rebase-merge/squash-onto", "rebase-apply/orig-head",
    "rebase-apply/onto", "rebase-apply/autostash", "rebase-apply/original-commit",
    "sequencer/head", "sequencer/abort-safety",
  ]

  /// Returns the contents by path in the git directory.
  ///
  /// - Throws: `GitError` where one of them is there and cannot be read.
  static func read(in gitDirectory: FilePath) throws(GitError) -> [GitPath: [UInt8]] {
    var files: [GitPath: [UInt8]] = [:]
    for name in names {
      let path = GitPath(name)
      switch WorkingTreeFile(path, in: gitDirectory)?.kind {
      case .folder: try readFolder(path, in: gitDirectory, into: &files)
      case .regular: files[path] = try content(of: path, in: gitDirectory)
      default: break
      }
    }
    return files
  }

  /// The commits that the files name.
  static func commits(in files: [GitPath: [UInt8]]) -> [ObjectID] {
    files.filter { commitFiles.contains($0.key.text) }.values.flatMap { content in
      String(decoding: content, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        .compactMap { ObjectID(hex: String($0)) }
    }
  }

  /// Whether a bisection goes on, whose references no state covers.
  static func hasBisection(_ paths: some Sequence<GitPath>) -> Bool {
    paths.contains { $0 == "BISECT_LOG" || $0 == "BISECT_START" }
  }

  private static func readFolder(
    _ folder: GitPath, in gitDirectory: FilePath, into files: inout [GitPath: [UInt8]]
  ) throws(GitError) {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(
        atPath: gitDirectory.appending(folder.text).string)
    } catch {
      throw GitError(code: .notStarted, message: error.localizedDescription, function: "readdir")
    }
    for name in names {
      let path = GitPath("\(folder.text)/\(name)")
      switch WorkingTreeFile(path, in: gitDirectory)?.kind {
      case .folder: try readFolder(path, in: gitDirectory, into: &files)
      case .regular: files[path] = try content(of: path, in: gitDirectory)
      default: break
      }
    }
  }

  private static func content(
    of path: GitPath, in gitDirectory: FilePath
  ) throws(GitError) -> [UInt8] {
    if let content = WorkingTreeFile.content(of: path, in: gitDirectory) { return content }
    throw GitError(
      code: .notStarted, message: "'\(gitDirectory)/\(path)' cannot be read", function: "open")
  }
}
