import Foundation
import Glibc
import LaForgeCore
import SystemPackage

/// The lock that tells other processes that the recorder of a step lives, and which process it is.
final class HeldRunLock: Sendable {
  private let lock: FileLock
  private let path: FilePath

  init(_ id: StepID, in folder: StoreFolder) throws(StoreError) {
    path = Self.path(of: id, in: folder)
    lock = try FileLock(path)
    try lock.write("\(getpid())\n")
  }

  /// The process that holds the lock of a step; `nil` where nobody does.
  static func holder(of id: StepID, in folder: StoreFolder) throws(StoreError) -> Int32? {
    let path = path(of: id, in: folder)
    guard try FileLock.isHeld(path) else { return nil }
    let text = try? String(contentsOfFile: path.string, encoding: .utf8)
    return text.flatMap { Int32($0.trimmingCharacters(in: .newlines)) }
  }

  /// Removes the file of a step that has ended.
  func remove() {
    unlink(path.string)
  }

  static func path(of id: StepID, in folder: StoreFolder) -> FilePath {
    folder.runLocks.appending(String(id.rawValue))
  }

  /// Returns the steps that have a lock file, whether or not somebody holds it.
  static func files(in folder: StoreFolder) throws(StoreError) -> [StepID] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder.runLocks.string)
        .compactMap(Int64.init).map(StepID.init(rawValue:))
    } catch {
      throw SQLiteStepStore.storeError(error, folder.runLocks)
    }
  }
}
