import CLaForgeSupport
import Foundation
import Glibc
import LaForgeCore
import SystemPackage

/// Git's `index.lock`, held by LaForge: whoever holds it may change the index, and every git that
/// wants to waits or gives up.
///
/// It holds the number of the operation, so that the next command knows it as LaForge's own.
final class IndexLockFile: IndexLock {
  let operation: OperationID
  /// How long locks of other gits are waited for.
  let timeoutMilliseconds: Int
  private let path: FilePath
  private let announcement: LockAnnouncement
  private var isHeld = true

  private init(
    _ path: FilePath, operation: OperationID, timeoutMilliseconds: Int,
    _ announcement: LockAnnouncement
  ) {
    self.announcement = announcement
    self.path = path
    self.operation = operation
    self.timeoutMilliseconds = timeoutMilliseconds
  }

  deinit {
    release()
  }

  func release() {
    if isHeld { unlink(path.string) }
    isHeld = false
  }

  /// Takes the lock, trying for some time.
  static func take(
    in location: RepositoryLocation, for operation: OperationID, timeoutMilliseconds: Int
  ) async throws(OperationError) -> IndexLockFile {
    let path = location.gitDirectory.appending("index.lock")
    let announcement: LockAnnouncement
    do throws(GitError) {
      // The gits of the operation take the others.
      announcement = try LockAnnouncement(
        [
          path, location.gitDirectory.appending("HEAD.lock"),
          location.commonDirectory.appending("packed-refs.lock"),
          location.commonDirectory.appending("refs/stash.lock"),
        ], mark: OperationProcesses.mark(operation, in: location.gitDirectory), in: location)
    } catch {
      throw .git(error)
    }
    var waited = 0
    while true {
      let descriptor = laforge_open(path.string, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 {
        let text = Array(content(operation).utf8)
        let written = laforge_write(descriptor, text, text.count)
        laforge_close(descriptor)
        let lock = IndexLockFile(
          path, operation: operation, timeoutMilliseconds: timeoutMilliseconds, announcement)
        guard written == text.count else {
          throw .git(
            GitError(
              code: .notStarted, message: "'\(path)' cannot be written", function: "write"))
        }
        return lock
      }
      guard errno == EEXIST else {
        throw .git(
          GitError(
            code: .notStarted, message: "'\(path)': \(Errno(rawValue: errno).description)",
            function: "open"))
      }
      guard waited < timeoutMilliseconds else { throw .locked(LockInspection.report(path)) }
      usleep(20_000)
      waited += 20
    }
  }

  /// Removes the lock of an operation whose LaForge is gone; a lock of anybody else stays.
  static func remove(of operation: OperationID, in gitDirectory: FilePath) throws(GitError) {
    let path = gitDirectory.appending("index.lock")
    guard let text = try? String(contentsOfFile: path.string, encoding: .utf8),
      text == content(operation)
    else { return }
    unlink(path.string)
  }

  private static func content(_ operation: OperationID) -> String { "laforge \(operation)\n" }
}

/// Finds out who holds a lock file.
enum LockInspection {
  /// Waits until none of the lock files is there.
  ///
  /// - Throws: `OperationError.locked` where one still is after that time.
  static func wait(for locks: [FilePath], timeoutMilliseconds: Int) throws(OperationError) {
    var waited = 0
    while let held = locks.first(where: WorkingTreeFile.exists) {
      guard waited < timeoutMilliseconds else { throw .locked(report(held)) }
      usleep(20_000)
      waited += 20
    }
  }

  static func report(_ path: FilePath) -> LockReport {
    var status = stat()
    guard stat(path.string, &status) == 0 else { return LockReport(path: path.string) }
    let milliseconds =
      Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
    return LockReport(
      path: path.string, madeAt: Timestamp(millisecondsSince1970: milliseconds),
      process: process(holding: path))
  }

  /// The process that has the file open, as far as `/proc` tells this user.
  private static func process(holding path: FilePath) -> String? {
    let files = FileManager.default
    let target = URL(filePath: path.string).resolvingSymlinksInPath().path
    for name in (try? files.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let pid = Int32(name) else { continue }
      let folder = "/proc/\(pid)/fd"
      let open = (try? files.contentsOfDirectory(atPath: folder)) ?? []
      let holds = open.contains {
        (try? files.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")) == target
      }
      if holds { return description(of: pid) }
    }
    return nil
  }

  /// A process for people: its command line and number.
  static func description(of pid: Int32) -> String {
    let command = (try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? ""
    let words = command.split(separator: "\0").joined(separator: " ")
    return "'\(words)', pid \(pid)"
  }
}

/// Finds processes that an operation started and that outlived it.
enum OperationProcesses {
  /// The variable by which they are known.
  static let variable = "LAFORGE_OPERATION"

  /// The value of the variable: operations of other repositories have the same numbers.
  static func mark(_ operation: OperationID, in gitDirectory: FilePath) -> String {
    "\(operation)@\(gitDirectory)"
  }

  /// Waits until there are none: a git that still writes files must not be raced.
  ///
  /// - Throws: `OperationError.locked` where one still lives after that time.
  static func wait(
    for operation: OperationID, in gitDirectory: FilePath, timeoutMilliseconds: Int
  ) throws(OperationError) {
    try wait(
      forMark: mark(operation, in: gitDirectory), in: gitDirectory,
      timeoutMilliseconds: timeoutMilliseconds)
  }

  /// As `wait(for:in:timeoutMilliseconds:)`, for a value of the variable.
  static func wait(
    forMark mark: String, in gitDirectory: FilePath, timeoutMilliseconds: Int
  ) throws(OperationError) {
    let entry = Array("\(variable)=\(mark)".utf8)
    try wait(in: gitDirectory, timeoutMilliseconds: timeoutMilliseconds) { anyAlive(entry) }
  }

  /// Waits until no git works in a folder of the repository.
  ///
  /// - Throws: `OperationError.locked` where one still does after that time.
  static func waitForGit(
    in location: RepositoryLocation, timeoutMilliseconds: Int
  ) throws(OperationError) {
    let folders = [location.workingTree, location.commonDirectory].map { folder in
      URL(filePath: folder.string).resolvingSymlinksInPath().path
    }
    try wait(in: location.gitDirectory, timeoutMilliseconds: timeoutMilliseconds) {
      gitAtWork(in: folders)
    }
  }

  /// Whether a process's name is that of git or of one of its commands, and not of a program such as
  /// `gitk`, which holds no locks and runs for long.
  private static func isGit(_ name: Data) -> Bool {
    let name = String(decoding: name, as: UTF8.self).trimmingCharacters(in: .newlines)
    return name == "git" || name.hasPrefix("git-")
  }

  private static func wait(
    in gitDirectory: FilePath, timeoutMilliseconds: Int, for process: () -> Int32?
  ) throws(OperationError) {
    var waited = 0
    while let pid = process() {
      guard waited < timeoutMilliseconds else {
        throw .locked(
          LockReport(
            path: gitDirectory.appending("index.lock").string,
            process: LockInspection.description(of: pid)))
      }
      usleep(20_000)
      waited += 20
    }
  }

  /// A process of git whose working directory lies in one of the folders.
  private static func gitAtWork(in folders: [String]) -> Int32? {
    let files = FileManager.default
    for name in (try? files.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let pid = Int32(name), pid != getpid(),
        let command = files.contents(atPath: "/proc/\(name)/comm"),
        Self.isGit(command),
        let directory = try? files.destinationOfSymbolicLink(atPath: "/proc/\(name)/cwd")
      else { continue }
      if folders.contains(where: { directory == $0 || directory.hasPrefix($0 + "/") }) {
        return pid
      }
    }
    return nil
  }

  private static func anyAlive(_ mark: [UInt8]) -> Int32? {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let pid = Int32(name), pid != getpid(),
        let environment = FileManager.default.contents(atPath: "/proc/\(name)/environ")
      else { continue }
      if environment.split(separator: 0).contains(where: { $0.elementsEqual(mark) }) { return pid }
    }
    return nil
  }
}
