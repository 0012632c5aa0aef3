import CLaForgeSupport
import Glibc
import LaForgeCore
import SystemPackage

/// An advisory lock on a file, held until this value is gone or the process dies; see `man 2 flock`.
struct FileLock: ~Copyable {
  private let descriptor: Int32

  /// Creates the file if needed and waits for its exclusive lock, at most for another process that
  /// looks whether somebody holds it.
  init(_ path: FilePath) throws(StoreError) {
    while true {
      let opened = laforge_open(path.string, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      guard opened >= 0 else {
        throw StoreError(errorNumber: errno, function: "open", path: path)
      }
      while laforge_flock(opened, LOCK_EX) != 0 {
        if errno == EINTR { continue }
        let error = StoreError(errorNumber: errno, function: "flock", path: path)
        laforge_close(opened)
        throw error
      }
      // Between the two calls another process may have removed the file as one that nobody holds.
      if FileIdentity(descriptor: opened) == FileIdentity(path) {
        descriptor = opened
        return
      }
      laforge_close(opened)
    }
  }

  deinit {
    laforge_close(descriptor)
  }

  /// Replaces what is in the file.
  func write(_ text: String) throws(StoreError) {
    let bytes = Array(text.utf8)
    guard ftruncate(descriptor, 0) == 0,
      pwrite(descriptor, bytes, bytes.count, 0) == bytes.count
    else { throw StoreError(errorNumber: errno, function: "pwrite", path: FilePath("")) }
  }

  /// Waits until nobody holds the lock of a file; false where that takes longer than a time.
  static func waitUntilFree(_ path: FilePath, milliseconds: Int64) throws(StoreError) -> Bool {
    var left = milliseconds
    while try isHeld(path) {
      guard left > 0 else { return false }
      // flock(2) has no time limit.
      usleep(20_000)
      left -= 20
    }
    return true
  }

  /// Removes a file unless somebody holds its lock.
  ///
  /// It is held while it is removed, so that a process that waits for it notices.
  static func removeIfFree(_ path: FilePath) {
    let descriptor = laforge_open(path.string, O_RDONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { return }
    defer { laforge_close(descriptor) }
    if laforge_flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path.string) }
  }

  /// Returns whether another process holds the lock of a file; false where there is no such file.
  static func isHeld(_ path: FilePath) throws(StoreError) -> Bool {
    let descriptor = laforge_open(path.string, O_RDONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else {
      if errno == ENOENT { return false }
      throw StoreError(errorNumber: errno, function: "open", path: path)
    }
    defer { laforge_close(descriptor) }
    return laforge_flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }
}
