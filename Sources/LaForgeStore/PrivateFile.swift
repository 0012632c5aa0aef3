import Glibc
import LaForgeCore
import SystemPackage

/// Files that only this user may read.
enum PrivateFile {
  /// Writes a file so that it is there whole and durable, or not at all.
  static func writeAtomically(_ bytes: [UInt8], to path: FilePath) throws(StoreError) {
    let temporary = FilePath("\(path.string).tmp")
    do {
      let file = try FileDescriptor.open(
        temporary, .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWrite])
      try file.closeAfter {
        _ = try file.writeAll(bytes)
        guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
      }
    } catch {
      let number = (error as? Errno)?.rawValue ?? EIO
      unlink(temporary.string)
      throw StoreError(errorNumber: number, function: "write", path: temporary)
    }
    guard rename(temporary.string, path.string) == 0 else {
      throw StoreError(errorNumber: errno, function: "rename", path: path)
    }
  }
}
