import Foundation
import LaForgeCore
import SystemPackage

/// Where a reference was, the newest first; see `man 1 git-reflog`.
struct Reflog: Equatable, Sendable {
  /// One move.
  struct Entry: Equatable, Sendable {
    /// Where the reference was put.
    var id: ObjectID
    /// Bytes that are no UTF-8 are replaced; empty where nothing was said.
    var message: String
  }

  var entries: [Entry]

  init(_ entries: [Entry]) {
    self.entries = entries
  }

  /// Reads a file below `logs`; `nil` where it is not there.
  ///
  /// - Throws: `GitError` where it cannot be read.
  init?(at path: FilePath) throws(GitError) {
    guard FileManager.default.fileExists(atPath: path.string) else { return nil }
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path.string))
    } catch {
      throw GitError(code: .notStarted, message: error.localizedDescription, function: "open")
    }
    // old SP new SP name <address> SP time SP zone TAB message
    entries = data.split(separator: 10).reversed().compactMap { line in
      let parts = line.split(separator: 9, maxSplits: 1)
      let words = (parts.first ?? []).split(separator: 32, maxSplits: 2)
      guard words.count == 3, let id = ObjectID(hex: String(decoding: words[1], as: UTF8.self))
      else { return nil }
      return Entry(
        id: id, message: parts.count == 2 ? String(decoding: parts[1], as: UTF8.self) : "")
    }
  }

  /// Returns where a remote-tracking branch was put by anything but a push from here.
  ///
  /// Git writes the message of a push, untranslated, in `transport.c`; see
  /// `git reflog refs/remotes/origin/main`.
  ///
  /// - Parameter before: Where the search ends.
  /// - Returns: The commits.
  func fetched(since before: ObjectID?) -> Set<ObjectID> {
    Set(
      entries.prefix { $0.id != before }.filter { $0.message != "update by push" }.map(\.id))
  }
}
