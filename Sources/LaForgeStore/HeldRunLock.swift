import Glibc
import LaForgeCore
import SystemPackage

/// The lock that tells other processes that the recorder of a step lives.
final class HeldRunLock: Sendable {
  private let lock: FileLock
  private let path: FilePath

  init(_ id: StepID, in folder: StoreFolder) throws(StoreError) {
    path = Self.path(of: id, in: folder)
    lock = try FileLock(new: path)
  }

  /// Removes the file of a step that has ended.
  func remove() {
    unlink(path.string)
  }

  static func path(of id: StepID, in folder: StoreFolder) -> FilePath {
    folder.runLocks.appending(String(id.rawValue))
  }
}
