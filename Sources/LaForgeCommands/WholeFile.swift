import Glibc
import SystemPackage

/// Files that a reader finds whole or not at all.
enum WholeFile {
  /// Puts bytes in the place of a file, with its permissions, through a link so that it stays one.
  ///
  /// - Throws: `Errno`; the file is as it was then.
  static func write(_ bytes: [UInt8], to path: String) throws {
    let target = resolved(path)
    var status = stat()
    let exists = stat(target, &status) == 0
    if exists, status.st_mode & S_IFMT != S_IFREG {
      // A pipe or a device cannot be replaced by a file.
      let file = try FileDescriptor.open(FilePath(target), .writeOnly, options: .closeOnExec)
      try file.closeAfter { _ = try file.writeAll(bytes) }
      return
    }
    let temporary = FilePath("\(target).laforge-\(getpid())")
    do {
      let file = try FileDescriptor.open(
        temporary, .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: exists ? .ownerReadWrite : [.ownerReadWrite, .groupRead, .otherRead])
      try file.closeAfter {
        if exists, fchmod(file.rawValue, status.st_mode & 0o7777) != 0 {
          throw Errno(rawValue: errno)
        }
        _ = try file.writeAll(bytes)
      }
      guard rename(temporary.string, target) == 0 else { throw Errno(rawValue: errno) }
    } catch {
      unlink(temporary.string)
      throw error
    }
  }

  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }
}
