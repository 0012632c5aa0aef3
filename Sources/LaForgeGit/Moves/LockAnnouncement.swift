import CLaForgeSupport
import Foundation
import Glibc
import LaForgeCore
import Synchronization
import SystemPackage

/// A list of lock files that this process and its gits are about to take, written before they do.
///
/// If all of them are killed at once, git's lock files remain and block every git. The list tells the
/// next command which of them are LaForge's. Each list is a separate file; this object holds its lock
/// (`man 2 flock`) as long as it exists.
final class LockAnnouncement {
  private let path: FilePath
  private let descriptor: Int32

  private static let count = Atomic(0)

  static func folder(_ location: RepositoryLocation) -> FilePath {
    location.commonDirectory.appending("laforge").appending("locks")
  }

  /// Writes the list.
  ///
  /// - Parameters:
  ///   - locks: The lock files, which need not be there yet, and need not all be taken.
  ///   - mark: The value of `OperationProcesses.variable` of the gits that take them.
  ///   - location: The repository.
  ///   - isDurable: Whether the list must outlive a power loss.
  /// - Throws: `GitError` if it cannot be written; no lock may be taken then.
  init(
    _ locks: [FilePath], mark: String, in location: RepositoryLocation, isDurable: Bool = true
  ) throws(GitError) {
    let folder = Self.folder(location)
    mkdir(folder.string, 0o700)
    let number = Self.count.add(1, ordering: .relaxed).newValue
    path = folder.appending("\(number)-\(getpid())")
    // Under another name until its lock is held: a list without one is that of a dead process.
    let unfinished = folder.appending("new-\(number)-\(getpid())")
    let flags = O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC
    descriptor = laforge_open(unfinished.string, flags, 0o600)
    guard descriptor >= 0 else { throw Self.failure(unfinished, "open") }
    let bytes = Array(([mark] + locks.map(\.string)).joined(separator: "\0").utf8)
    guard laforge_flock(descriptor, LOCK_EX) == 0,
      laforge_write(descriptor, bytes, bytes.count) == bytes.count,
      !isDurable || fsync(descriptor) == 0, rename(unfinished.string, path.string) == 0
    else {
      let error = Self.failure(unfinished, "write")
      unlink(unfinished.string)
      laforge_close(descriptor)
      throw error
    }
  }

  deinit {
    unlink(path.string)
    laforge_close(descriptor)
  }

  private static func failure(_ path: FilePath, _ function: String) -> GitError {
    GitError(
      code: .io, message: "'\(path)': \(Errno(rawValue: errno).description)", function: function)
  }
}

/// Lock files that a killed LaForge, or a git of its, has left.
struct AbandonedLocks {
  let location: RepositoryLocation
  /// How long processes are waited for that may still hold a lock.
  let timeoutMilliseconds: Int

  /// Removes them.
  ///
  /// A lock file is removed if a dead process had announced it, it is not older than the
  /// announcement, and no git is at work in the repository. That no process has it open proves
  /// nothing: git closes it while an editor is open, for instance.
  ///
  /// - Returns: The files that were removed.
  /// - Throws: `OperationError.locked` if a git that may hold one is still at work.
  func remove() throws(OperationError) -> [FilePath] {
    let folder = LockAnnouncement.folder(location)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
    var removed: [FilePath] = []
    for name in names.sorted() {
      let path = folder.appending(name)
      let pid = name.split(separator: "-").last.flatMap { pid_t($0) }
      if name.hasPrefix("new-") {
        if let pid, pid != getpid(), kill(pid, 0) != 0, errno == ESRCH { unlink(path.string) }
        continue
      }
      removed += try remove(announcedBy: path)
    }
    return removed
  }

  private func remove(announcedBy path: FilePath) throws(OperationError) -> [FilePath] {
    let descriptor = laforge_open(path.string, O_RDONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { return [] }
    defer { laforge_close(descriptor) }
    // Another process of LaForge is at work, or removes the same.
    guard laforge_flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return [] }
    var announced = stat()
    guard fstat(descriptor, &announced) == 0,
      let content = FileManager.default.contents(atPath: path.string)
    else { return [] }
    let parts = content.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    guard let mark = parts.first else { return [] }
    let left = parts.dropFirst().map { FilePath($0) }
      .filter { isLeft($0, since: announced.st_mtim) }
    if !left.isEmpty {
      // Without `/proc` nothing tells who is at work: the locks stay, and are reported as such.
      guard access("/proc/self/stat", F_OK) == 0 else { return [] }
      try OperationProcesses.wait(
        forMark: mark, in: location.gitDirectory, timeoutMilliseconds: timeoutMilliseconds)
      try OperationProcesses.waitForGit(in: location, timeoutMilliseconds: timeoutMilliseconds)
    }
    let removed = left.filter { isLeft($0, since: announced.st_mtim) && unlink($0.string) == 0 }
    unlink(path.string)
    return removed
  }

  private func isLeft(_ lock: FilePath, since time: timespec) -> Bool {
    var status = stat()
    guard lstat(lock.string, &status) == 0 else { return false }
    let (made, announced) = (status.st_mtim, time)
    return (made.tv_sec, made.tv_nsec) >= (announced.tv_sec, announced.tv_nsec)
  }
}
