import Foundation
import Glibc
import LaForgeCore
import SystemPackage

/// Writes and removes the files of operations in progress.
struct ProgressMover {
  let location: RepositoryLocation

  /// Writes and removes.
  ///
  /// - Parameter contents: What the files are to hold; `nil` inside removes one.
  /// - Throws: What the file system says.
  func apply(_ contents: [GitPath: [UInt8]?]) throws {
    let top = location.gitDirectory
    // What is there stays until its successor is.
    for (path, content) in contents.sorted(by: { $0.key < $1.key }) {
      guard let content else { continue }
      let target = top.appending(path.text)
      try FileManager.default.createDirectory(
        atPath: target.removingLastComponent().string, withIntermediateDirectories: true)
      try Data(content).write(to: URL(filePath: target.string), options: .atomic)
    }
    for (path, content) in contents where content == nil {
      unlink(top.appending(path.text).string)
      for folder in path.parents.reversed() {
        // Fails, as it should, where something is left in it.
        rmdir(top.appending(folder.text).string)
      }
    }
  }
}
