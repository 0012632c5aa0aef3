import CZlib
import Glibc
import LaForgeCore
import SystemPackage

/// One piece of a step's output on disk: four bytes that name the form, then frames, compressed as
/// one zlib stream; see RFC 1950 and <https://www.zlib.net/manual.html>.
///
/// A frame is the number of its stream, its length in four bytes, the least first, and its bytes.
enum OutputSegment {
  static let magic = Array("LFO1".utf8)
  static let headerLength = 5

  /// The number of a stream in a frame; it is what the descriptor of the stream is.
  static func number(of stream: AgentStream) -> UInt8 {
    switch stream {
    case .standardOutput: 1
    case .standardError: 2
    }
  }

  static func stream(of number: UInt8) -> AgentStream? {
    switch number {
    case 1: .standardOutput
    case 2: .standardError
    default: nil
    }
  }

  static func path(of number: Int, of step: StepID, in folder: FilePath) -> FilePath {
    folder.appending("\(step.rawValue).\(number)")
  }

  /// The numbers of the segments that are there, in order.
  static func numbers(of step: StepID, in folder: FilePath) -> [Int] {
    let prefix = "\(step.rawValue)."
    return names(in: folder).filter { $0.hasPrefix(prefix) }
      .compactMap { Int($0.dropFirst(prefix.count)) }.sorted()
  }

  private static func names(in folder: FilePath) -> [String] {
    guard let directory = opendir(folder.string) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) { pointer in
          pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names
  }
}

/// Writes one segment.
final class OutputSegmentWriter {
  let path: FilePath
  private let file: FileDescriptor
  private var stream = z_stream()
  private var buffer = [UInt8](repeating: 0, count: 1 << 15)
  /// Bytes on disk so far.
  private(set) var diskBytes: Int64 = 0
  /// Bytes in frames so far.
  private(set) var keptBytes: Int64 = 0

  /// - Throws: `Errno`.
  init(_ path: FilePath) throws {
    self.path = path
    file = try FileDescriptor.open(
      path, .writeOnly, options: [.create, .truncate, .closeOnExec],
      permissions: [.ownerReadWrite])
    // The fastest level: the output of an agent is compressed while it works.
    deflateInit_(&stream, Z_BEST_SPEED, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    try write(OutputSegment.magic[...])
  }

  deinit {
    deflateEnd(&stream)
    do { try file.close() } catch { return }
  }

  /// Adds a frame.
  ///
  /// - Throws: `Errno`.
  func append(_ bytes: [UInt8], from source: AgentStream) throws {
    let length = UInt32(bytes.count)
    var header = [OutputSegment.number(of: source)]
    for shift in stride(from: 0, to: 32, by: 8) {
      header.append(UInt8(truncatingIfNeeded: length >> UInt32(shift)))
    }
    try deflate(header, Z_NO_FLUSH)
    try deflate(bytes, Z_NO_FLUSH)
    keptBytes += Int64(bytes.count)
  }

  /// Makes everything so far readable in the file.
  ///
  /// - Throws: `Errno`.
  func flush() throws { try deflate([], Z_SYNC_FLUSH) }

  /// - Throws: `Errno`.
  func finish() throws { try deflate([], Z_FINISH) }

  private func deflate(_ bytes: [UInt8], _ mode: Int32) throws {
    var bytes = bytes
    try bytes.withUnsafeMutableBufferPointer { input in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      repeat {
        let count = buffer.withUnsafeMutableBufferPointer { output in
          stream.next_out = output.baseAddress
          stream.avail_out = UInt32(output.count)
          // It can only tell that there is nothing to do, which the loop ends at.
          _ = CZlib.deflate(&stream, mode)
          return output.count - Int(stream.avail_out)
        }
        try write(buffer[..<count])
      } while stream.avail_out == 0
    }
  }

  private func write(_ bytes: ArraySlice<UInt8>) throws {
    guard !bytes.isEmpty else { return }
    _ = try file.writeAll(bytes)
    diskBytes += Int64(bytes.count)
  }
}

/// Reads one segment, which may still grow.
final class OutputSegmentReader {
  private let file: FileDescriptor
  private var stream = z_stream()
  private var waiting: [UInt8] = []
  private var hasBegun = false
  private var isWhole = true

  /// `nil` where there is no such file.
  init?(_ path: FilePath) {
    guard let opened = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else {
      return nil
    }
    file = opened
    inflateInit_(&stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  }

  deinit {
    inflateEnd(&stream)
    do { try file.close() } catch { return }
  }

  /// Reads what is there and has not been read yet, frame by frame.
  ///
  /// A file that was cut off yields what can be read of it.
  ///
  /// - Throws: `Errno`, and whatever `body` throws.
  func read(_ body: (AgentStream, ArraySlice<UInt8>) throws -> Void) throws {
    var input = [UInt8](repeating: 0, count: 1 << 15)
    if !hasBegun {
      let count = try input.withUnsafeMutableBytes {
        try file.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<4]))
      }
      guard count == 4, input[..<4].elementsEqual(OutputSegment.magic) else { return }
      hasBegun = true
    }
    while isWhole {
      let count = try input.withUnsafeMutableBytes { try file.read(into: $0) }
      guard count > 0 else { return }
      inflate(&input, count)
      try takeFrames(body)
    }
  }

  private func inflate(_ input: inout [UInt8], _ count: Int) {
    var output = [UInt8](repeating: 0, count: 1 << 16)
    input.withUnsafeMutableBufferPointer { input in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(count)
      repeat {
        let (made, result) = output.withUnsafeMutableBufferPointer { output in
          stream.next_out = output.baseAddress
          stream.avail_out = UInt32(output.count)
          let result = CZlib.inflate(&stream, Z_NO_FLUSH)
          return (output.count - Int(stream.avail_out), result)
        }
        waiting += output[..<made]
        // What is damaged ends what can be read.
        if result != Z_OK, result != Z_BUF_ERROR {
          isWhole = false
          return
        }
      } while stream.avail_out == 0
    }
  }

  private func takeFrames(_ body: (AgentStream, ArraySlice<UInt8>) throws -> Void) throws {
    var offset = 0
    while offset + OutputSegment.headerLength <= waiting.count {
      let header = waiting[offset..<(offset + OutputSegment.headerLength)]
      let length = header.dropFirst().reversed().reduce(0) { $0 << 8 | Int($1) }
      let start = offset + OutputSegment.headerLength
      guard start + length <= waiting.count else { break }
      if let stream = OutputSegment.stream(of: waiting[offset]) {
        try body(stream, waiting[start..<(start + length)])
      }
      offset = start + length
    }
    waiting.removeFirst(offset)
  }
}
