import Glibc
import LaForgeCore
import SystemPackage

/// Keeps a command's output while it is relayed: the beginning and the end of it, bounded, without
/// credentials, compressed.
///
/// Relaying comes first: what arrives is copied into memory, and written when nothing arrives or a
/// second has passed. Of a flood only the beginning and what is the end by then is ever looked at
/// again.
final class OutputLog {
  private let folder: FilePath
  private let step: StepID
  private let limits: OutputLimits
  /// What waits to be written, the oldest first; the last one grows.
  private var blocks: [Block] = []
  /// The memory of a block that is done with: a flood must not ask for new memory all the time.
  private var spare: [UInt8] = []
  /// Of the oldest block.
  private var writer: OutputSegmentWriter?
  private var filters: [AgentStream: OutputFilter] = [:]
  /// The segments on disk.
  private var written: [Int: (path: FilePath, kept: Int64, disk: Int64)] = [:]
  private var firstWaiting: Int64?
  private var lastArrival: Int64 = 0
  private(set) var printedBytes: Int64 = 0
  /// Why nothing is kept any more; `nil` where all is well.
  private(set) var failure: Errno?

  /// Part of the output: one segment on disk, or to be one.
  private struct Block {
    var number: Int
    var bytes: [UInt8] = []
    var frames: [(stream: AgentStream, count: Int)] = []
    /// How many bytes it has taken in all, those among them that were written and are not in memory
    /// any more.
    var size = 0
  }

  /// Into how many segments the whole is divided, and how many of them are the beginning: the end has
  /// to wait in memory.
  private static let segmentCount: Int64 = 16
  private static let headCount = 12
  private static let tailCount = 4
  private static let quietTime: Int64 = 50
  private static let longestWait: Int64 = 1000

  /// - Parameters:
  ///   - step: Whose output it is.
  ///   - folder: Where it is kept; made when there is something to keep.
  ///   - limits: How much of it.
  init(of step: StepID, in folder: FilePath, limits: OutputLimits) {
    self.step = step
    self.folder = folder
    self.limits = limits
  }

  private var segmentSize: Int {
    Int(max(1 << 12, limits.ofStep / Self.segmentCount))
  }

  // MARK: - While the command runs

  /// Takes what was relayed at a time of the monotonic clock, in milliseconds.
  func append(_ bytes: UnsafeRawBufferPointer, from stream: AgentStream, at now: Int64) {
    printedBytes += Int64(bytes.count)
    guard failure == nil, !bytes.isEmpty else { return }
    lastArrival = now
    firstWaiting = firstWaiting ?? now
    var rest = bytes[...]
    while !rest.isEmpty {
      if blocks.last.map({ $0.size >= segmentSize }) ?? true { beginBlock() }
      let index = blocks.count - 1
      let part = rest.prefix(segmentSize - blocks[index].size)
      blocks[index].bytes.append(contentsOf: part)
      blocks[index].frames.append((stream, part.count))
      blocks[index].size += part.count
      rest = rest.dropFirst(part.count)
    }
  }

  /// When `work(at:)` is to be called; `nil` while there is nothing to do.
  var due: Int64? {
    guard failure == nil, let firstWaiting else { return nil }
    return min(lastArrival + Self.quietTime, firstWaiting + Self.longestWait)
  }

  /// Writes what waits, at most about a segment of it.
  func work(at now: Int64) {
    guard let due, now >= due else { return }
    attempt {
      if blocks.count > 1 {
        try writeFirstBlock()
      } else {
        try writeFrames()
        try writer?.flush()
      }
    }
    firstWaiting = blocks.contains { !$0.frames.isEmpty } ? now : nil
  }

  /// Writes what is left and returns what is kept.
  func finish() -> (kept: Int64, disk: Int64) {
    attempt {
      while blocks.count > 1 { try writeFirstBlock() }
      try writeFrames()
      for (stream, _) in filters { try flushFilter(of: stream) }
      try writer?.finish()
    }
    if let last = blocks.last, let writer { note(writer, last.number) }
    writer = nil
    return (
      written.values.reduce(0) { $0 + $1.kept }, written.values.reduce(0) { $0 + $1.disk }
    )
  }

  // MARK: - Blocks

  private func beginBlock() {
    let number = (blocks.last?.number ?? -1) + 1
    let head = Self.headCount
    // The beginning is written as it comes, or it would take up memory until the end.
    if number > 0, number <= head {
      attempt { while !blocks.isEmpty { try writeFirstBlock() } }
    }
    defer {
      blocks.append(Block(number: number, bytes: spare))
      spare = []
    }
    guard number >= head else { return }
    // The end is what came last.
    let oldest = number - Self.tailCount + 1
    while let first = blocks.first, first.number >= head, first.number < oldest { dropFirstBlock() }
    for (segment, file) in written where segment >= head && segment < oldest {
      unlink(file.path.string)
      written[segment] = nil
    }
  }

  private func dropFirstBlock() {
    recycle(blocks.removeFirst())
    // A line that began in it has lost its beginning.
    filters = [:]
    if let writer { unlink(writer.path.string) }
    writer = nil
  }

  private func writeFirstBlock() throws {
    try writeFrames()
    if let writer, let number = blocks.first?.number {
      try writer.finish()
      note(writer, number)
    }
    writer = nil
    recycle(blocks.removeFirst())
  }

  private func recycle(_ block: consuming Block) {
    // Swapped, not copied: memory that is shared would be asked for anew.
    swap(&spare, &block.bytes)
    spare.removeAll(keepingCapacity: true)
  }

  private func note(_ writer: OutputSegmentWriter, _ number: Int) {
    written[number] = (writer.path, writer.keptBytes, writer.diskBytes)
  }

  /// Writes the frames of the oldest block that were not written yet.
  private func writeFrames() throws {
    guard let block = blocks.first, !block.frames.isEmpty else { return }
    let writer = try self.writer ?? makeWriter(block.number)
    self.writer = writer
    var offset = 0
    for frame in block.frames {
      let bytes = block.bytes[offset..<(offset + frame.count)]
      let masked = filters[frame.stream, default: OutputFilter()].consume(bytes)
      if !masked.isEmpty { try writer.append(masked, from: frame.stream) }
      offset += frame.count
    }
    // What is on disk need not stay in memory.
    blocks[0].bytes.removeAll(keepingCapacity: blocks.count == 1)
    blocks[0].frames.removeAll(keepingCapacity: true)
  }

  private func flushFilter(of stream: AgentStream) throws {
    let rest = filters[stream]?.finish() ?? []
    guard !rest.isEmpty, let number = blocks.last?.number else { return }
    let writer = try self.writer ?? makeWriter(number)
    self.writer = writer
    try writer.append(rest, from: stream)
  }

  private func makeWriter(_ number: Int) throws -> OutputSegmentWriter {
    let path = OutputSegment.path(of: number, of: step, in: folder)
    do {
      return try OutputSegmentWriter(path)
    } catch Errno.noSuchFileOrDirectory {
      guard mkdir(folder.string, 0o700) == 0 || errno == EEXIST else {
        throw Errno(rawValue: errno)
      }
      return try OutputSegmentWriter(path)
    }
  }

  /// What cannot be kept is not worth more than to be told: the command goes on.
  private func attempt(_ body: () throws -> Void) {
    guard failure == nil else { return }
    do {
      try body()
    } catch {
      failure = error as? Errno ?? .ioError
      blocks = []
      writer = nil
    }
  }
}
