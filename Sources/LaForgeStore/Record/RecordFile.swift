import CLaForgeSupport
import Foundation
import Glibc
import LaForgeCore
import SystemPackage

/// How far the record file goes, as the database has it.
struct RecordPosition: Equatable {
  var lines: Int64
  var bytes: Int64
  /// The last line, or the end of a long one.
  var tail: String
  /// Whether the file must be written as a whole.
  var isStale: Bool
}

/// The file `record.jsonl`: every change of the database as a line, in the order of the transactions.
///
/// A line is written after its transaction is committed, at the place that the transaction has
/// noted, so it does not matter which of several processes is faster. The file is not waited for:
/// the database is durable by itself, and whatever of the file a crash or a power loss has taken is
/// written again by the next transaction.
struct RecordFile {
  let path: FilePath

  /// How the file stands to what the database says of it.
  enum Standing: Equatable {
    case equal
    /// Its last line is missing or torn.
    case lacksLastLine
    /// More than that is missing, or it is another file.
    case unusable
    /// It holds more than the database.
    case ahead
  }

  /// How much of a line the database keeps to write it again: a plan may name 100,000 files.
  static let tailLimit = 64 << 10

  /// Looks at the size and the end of the file.
  func standing(at position: RecordPosition) throws(StoreError) -> Standing {
    let descriptor = try open(O_RDONLY)
    guard let descriptor else { return .unusable }
    defer { laforge_close(descriptor) }
    return try standing(descriptor, position)
  }

  private func standing(
    _ descriptor: Int32, _ position: RecordPosition
  ) throws(StoreError) -> Standing {
    let size = try size(descriptor)
    let tail = Array(position.tail.utf8)
    let start = position.bytes - Int64(tail.count)
    guard start >= 0, size >= start else { return .unusable }
    var found = [UInt8](repeating: 0, count: tail.count)
    let count = pread(descriptor, &found, tail.count, off_t(start))
    guard count >= 0 else { throw failure("pread") }
    if count == tail.count, found == tail { return size > position.bytes ? .ahead : .equal }
    // Of a line that was cut to its end there is no telling where it began.
    return tail.count < Self.tailLimit && size <= position.bytes ? .lacksLastLine : .unusable
  }

  /// Makes the file hold what the database says it holds; returns whether it does.
  func mend(_ position: RecordPosition) throws(StoreError) -> Bool {
    guard !position.isStale else { return false }
    switch try standing(at: position) {
    case .equal: return true
    case .lacksLastLine:
      try append(position.tail, endingAt: position.bytes)
      return true
    case .unusable, .ahead: return false
    }
  }

  /// Writes a line at its place.
  func append(_ text: String, endingAt end: Int64) throws(StoreError) {
    guard let descriptor = try open(O_WRONLY | O_CREAT) else { throw failure("open", ENOENT) }
    defer { laforge_close(descriptor) }
    let bytes = Array(text.utf8)
    try write(bytes[...], descriptor, at: end - Int64(bytes.count))
  }

  private func write(
    _ bytes: ArraySlice<UInt8>, _ descriptor: Int32, at offset: Int64
  ) throws(StoreError) {
    var (rest, offset) = (bytes, offset)
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure("pwrite", count == 0 ? ENOSPC : errno) }
      rest = rest.dropFirst(count)
      offset += Int64(count)
    }
  }

  /// Writes the whole file anew and durably; the one that is there stays until it is complete.
  ///
  /// - Parameter body: Is given what takes the next text.
  /// - Returns: The size.
  /// - Throws: `StoreError`, and what the body throws.
  func rewrite(_ body: ((String) throws -> Void) throws -> Void) throws -> Int64 {
    let temporary = RecordFile(path: FilePath("\(path.string).tmp.\(getpid())"))
    unlink(temporary.path.string)
    guard let descriptor = try temporary.open(O_WRONLY | O_CREAT) else {
      throw failure("open", ENOENT)
    }
    defer { laforge_close(descriptor) }
    var size: Int64 = 0
    var waiting: [UInt8] = []
    do {
      try body { text in
        waiting += Array(text.utf8)
        guard waiting.count > 1 << 20 else { return }
        try write(waiting[...], descriptor, at: size)
        size += Int64(waiting.count)
        waiting = []
      }
      try write(waiting[...], descriptor, at: size)
      size += Int64(waiting.count)
      guard fsync(descriptor) == 0 else { throw failure("fsync") }
      guard rename(temporary.path.string, path.string) == 0 else { throw failure("rename") }
    } catch {
      unlink(temporary.path.string)
      throw error
    }
    return size
  }

  // MARK: - Reading

  /// What the file holds; empty where there is none.
  func content() throws(StoreError) -> Data {
    guard let descriptor = try open(O_RDONLY) else { return Data() }
    laforge_close(descriptor)
    do {
      return try Data(contentsOf: URL(filePath: path.string), options: .mappedIfSafe)
    } catch {
      throw SQLiteStepStore.storeError(error, path)
    }
  }

  /// Whether there is a file with anything in it.
  var holdsAnything: Bool {
    var status = stat()
    return lstat(path.string, &status) == 0 && status.st_size > 0
  }

  // MARK: - Descriptors

  /// Opens a regular file only, since anything else might block for ever; `nil` where there is none.
  private func open(_ flags: Int32) throws(StoreError) -> Int32? {
    let descriptor = laforge_open(
      path.string, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw failure("open")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      laforge_close(descriptor)
      throw StoreError(code: .notAFile, message: "it is not a regular file", path: path.string)
    }
    return descriptor
  }

  private func size(_ descriptor: Int32) throws(StoreError) -> Int64 {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("fstat") }
    return Int64(status.st_size)
  }

  private func failure(_ function: String, _ number: Int32 = errno) -> StoreError {
    StoreError(errorNumber: number, function: function, path: path)
  }
}

extension Data {
  /// The lines, without their newlines; an end without a newline is one as well.
  var recordLines: some Sequence<Data> {
    var rest = self[...]
    return sequence(state: ()) { _ -> Data? in
      guard !rest.isEmpty else { return nil }
      let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
      let line = rest[rest.startIndex..<end]
      rest = end == rest.endIndex ? rest[rest.endIndex...] : rest[(end + 1)...]
      return line
    }
  }
}
