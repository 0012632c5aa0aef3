import Foundation
import LaForgeCore
import SystemPackage

/// Writes files of a state somewhere else than into the working tree.
struct FileExport {
  let git: RepositoryGit
  let objects: any ObjectDatabase

  /// Writes the exact bytes where they are recorded, else what a checkout would write.
  func write(
    _ paths: [GitPath], of trees: StateTrees, to folder: FilePath
  ) async throws(GitError) {
    let comparison = TreeComparison(objects: objects)
    let entries = try await comparison.entries(of: trees.worktree, at: paths)
    let raw = try await comparison.entries(of: trees.raw, at: paths)
    for (path, entry) in entries.sorted(by: { $0.key < $1.key }) where entry.mode != .gitlink {
      let content: [UInt8]
      if let bytes = raw[path] {
        content = try await objects.object(bytes.id, .blob).content
      } else if entry.mode.isRegular, String(decoding: path.bytes, as: UTF8.self) == path.text {
        content = try await git.check(
          ["cat-file", "--filters", "--path=\(path.text)", entry.id.hex]
        ).output
      } else {
        content = try await objects.object(entry.id, .blob).content
      }
      do {
        try write(content, entry.mode, to: folder.appending(path.text))
      } catch {
        throw GitError(
          code: .notStarted, message: error.localizedDescription, function: "write")
      }
    }
  }

  private func write(_ content: [UInt8], _ mode: EntryMode, to path: FilePath) throws {
    let files = FileManager.default
    try files.createDirectory(
      atPath: path.removingLastComponent().string, withIntermediateDirectories: true)
    if mode == .symbolicLink {
      try files.createSymbolicLink(
        atPath: path.string, withDestinationPath: String(decoding: content, as: UTF8.self))
      return
    }
    try Data(content).write(to: URL(filePath: path.string), options: .withoutOverwriting)
    if mode == .executable {
      try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path.string)
    }
  }
}
