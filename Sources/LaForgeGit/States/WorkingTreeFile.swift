import CLaForgeSupport
import Glibc
import LaForgeCore
import SystemPackage

/// A path of the working tree as it lies on disk; symbolic links are not followed.
struct WorkingTreeFile: Sendable {
  /// What a path is.
  enum Kind: Equatable, Sendable {
    case regular(isExecutable: Bool)
    case symbolicLink
    case folder
    /// A FIFO, socket or device.
    case other
  }

  let kind: Kind
  /// The size in bytes.
  let size: Int64

  /// Looks at a path; `nil` where there is nothing, or a folder on the way is a link or a file.
  init?(_ path: GitPath, in top: FilePath) {
    var status = stat()
    // What lies behind a linked folder is not in the working tree.
    for parent in path.parents {
      guard lstat(Self.characters(parent, in: top), &status) == 0,
        status.st_mode & S_IFMT == S_IFDIR
      else { return nil }
    }
    guard lstat(Self.characters(path, in: top), &status) == 0 else { return nil }
    size = Int64(status.st_size)
    switch status.st_mode & S_IFMT {
    case S_IFREG: kind = .regular(isExecutable: status.st_mode & S_IXUSR != 0)
    case S_IFLNK: kind = .symbolicLink
    case S_IFDIR: kind = .folder
    default: kind = .other
    }
  }

  /// Whether there is anything at a path.
  static func exists(_ path: FilePath) -> Bool {
    var status = stat()
    return lstat(path.string, &status) == 0
  }

  /// The mode that git gives such a file; `nil` for what it does not track.
  func mode(trustsExecutableBit: Bool) -> EntryMode? {
    switch kind {
    case .regular(let isExecutable):
      isExecutable && trustsExecutableBit ? .executable : .regular
    case .symbolicLink: .symbolicLink
    case .folder, .other: nil
    }
  }

  /// Reads the content of a regular file, or the target of a link.
  ///
  /// A file that changes while it is read is read again, a few times.
  ///
  /// - Returns: `nil` where it cannot be read or has become something else.
  static func content(of path: GitPath, in top: FilePath) -> [UInt8]? {
    let characters = characters(path, in: top)
    var target = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let length = readlink(characters, &target, target.count)
    if length >= 0 { return target.prefix(length).map(UInt8.init(bitPattern:)) }
    let descriptor = open(path, in: top)
    guard descriptor >= 0 else { return nil }
    defer { laforge_close(descriptor) }
    var content: [UInt8]?
    for _ in 0..<3 {
      var before = stat()
      guard fstat(descriptor, &before) == 0, before.st_mode & S_IFMT == S_IFREG else { return nil }
      content = read(descriptor, expecting: Int(before.st_size))
      var after = stat()
      guard content != nil, fstat(descriptor, &after) == 0 else { return nil }
      if before.st_size == after.st_size, before.st_mtim.tv_sec == after.st_mtim.tv_sec,
        before.st_mtim.tv_nsec == after.st_mtim.tv_nsec
      {
        break
      }
      lseek(descriptor, 0, SEEK_SET)
    }
    return content
  }

  /// Opens a regular file for reading; never waits for a FIFO.
  static func open(_ path: GitPath, in top: FilePath) -> Int32 {
    let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
    return laforge_open(characters(path, in: top), flags, 0)
  }

  private static func read(_ descriptor: Int32, expecting size: Int) -> [UInt8]? {
    var content: [UInt8] = []
    content.reserveCapacity(size + 1)
    var buffer = [UInt8](repeating: 0, count: max(4096, min(size + 1, 1 << 20)))
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 {
        if errno == EINTR { continue }
        return nil
      }
      if count == 0 { return content }
      content.append(contentsOf: buffer[..<count])
    }
  }

  /// The path as C takes it, with the bytes it has.
  static func characters(_ path: GitPath, in top: FilePath) -> [CChar] {
    Array(top.string.utf8CString.dropLast()) + [CChar(bitPattern: UInt8(ascii: "/"))]
      + path.bytes.map(CChar.init(bitPattern:)) + [0]
  }
}
