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
  private var isHeld = true

  private init(_ path: FilePath, operation: OperationID, timeoutMilliseconds: Int) {
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
    in gitDirectory: FilePath, for operation: OperationID, timeoutMilliseconds: Int
  ) async throws(OperationError) -> IndexLockFile {
    let path = gitDirectory.appending("index.lock")
    var waited = 0
    while true {
      let descriptor = laforge_open(path.string, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 {
        let text = Array(content(operation).utf8)
        let written = laforge_write(descriptor, text, text.count)
        laforge_close(descriptor)
        let lock = IndexLockFile(
          path, operation: operation, timeoutMilliseconds: timeoutMilliseconds)
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
    let mark = Array("\(variable)=\(mark(operation, in: gitDirectory))".utf8)
    var waited = 0
    while let pid = anyAlive(mark) {
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
