import CLaForgeSupport
import Glibc

/// The file named by `LAFORGE_USAGE_FILE`, into which the command may write its usage.
///
/// It lies in a folder of its own in the temporary directory: agents that run in a sandbox may
/// write there, but not into `.git`.
struct UsageFile {
  /// The file's absolute path.
  let path: String
  private let folder: String
  /// The folder itself, whatever its path leads to later.
  private let folderDescriptor: Int32

  /// More than that is no usage object.
  private static let largestSize = 1 << 20

  /// Makes an empty file for this user alone; `nil` where the temporary directory has no room or
  /// may not be written, in which case the command runs without it.
  init?(in temporaryDirectory: String) {
    var template = Array("\(temporaryDirectory)/laforge-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { return nil }
    folder = template.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.map { String(cString: $0) } ?? ""
    }
    path = "\(folder)/usage.json"
    folderDescriptor = laforge_open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)
    let descriptor = laforge_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard folderDescriptor >= 0, descriptor >= 0 else {
      if descriptor >= 0 {
        close(descriptor)
        unlink(path)
      }
      if folderDescriptor >= 0 { close(folderDescriptor) }
      rmdir(folder)
      return nil
    }
    close(descriptor)
  }

  /// Returns what the command wrote; `nil` where it wrote nothing or more than one MiB.
  func contents() -> [UInt8]? {
    let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
    let descriptor = laforge_open_at(folderDescriptor, "usage.json", flags)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while bytes.count <= Self.largestSize {
      let size = read(descriptor, &chunk, chunk.count)
      if size < 0, errno == EINTR { continue }
      guard size > 0 else { break }
      bytes += chunk[..<size]
    }
    return bytes.isEmpty || bytes.count > Self.largestSize ? nil : bytes
  }

  /// Removes the file and its folder, unless the command has put something else in the folder's place.
  func remove() {
    unlinkat(folderDescriptor, "usage.json", 0)
    var own = stat()
    var present = stat()
    if fstat(folderDescriptor, &own) == 0, lstat(folder, &present) == 0,
      own.st_dev == present.st_dev, own.st_ino == present.st_ino
    {
      rmdir(folder)
    }
    close(folderDescriptor)
  }
}
