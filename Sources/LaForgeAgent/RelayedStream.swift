import CLaForgeSupport
import Glibc
import LaForgeCore

/// One output stream of a command on its way to the caller: a pipe or a pseudo-terminal, a buffer,
/// and where it goes.
///
/// It is read only while the buffer is empty, so a slow reader slows the command down and memory
/// stays constant.
struct RelayedStream {
  private let stream: AgentStream
  /// Whether it comes from a pseudo-terminal.
  let isTerminal: Bool
  /// Whether nobody reads any more, but the command must not wait for ever: a terminal that nobody
  /// reads blocks its writers, where a pipe tells them.
  private var isDiscarded = false
  private var source: Int32
  private let sink: OutputSink
  private let buffer: UnsafeMutableRawBufferPointer
  private var pending: Range<Int> = 0..<0
  /// Whether a flood can pass from pipe to pipe.
  private var mayPass: Bool
  /// Whether the sink had no room for a flood.
  private var isSinkFull = false
  /// How many bytes the command itself can still have in the pipe; `nil` while it runs.
  private var owed: Int?
  /// Why the caller's descriptor could not be written; `nil` where it could.
  private(set) var failure: AgentOutputFailure?

  /// As much as a pipe of LaForge's holds, in bytes.
  static let capacity = 1 << 18
  /// How many bytes wait in the source where a flood comes.
  ///
  /// What is less is copied: it may lie in pages that are nearly empty, of which the sink holds no more
  /// than of full ones.
  private static let flood = 1 << 16

  init(_ relay: Plumbing.Relay) {
    stream = relay.stream
    isTerminal = relay.isTerminal
    source = relay.source
    sink = OutputSink(relay.sink)
    mayPass = sink.isPipe && !relay.isTerminal
    buffer = .allocate(byteCount: Self.capacity, alignment: 16)
  }

  /// Whether anything can still come.
  var isOpen: Bool { source >= 0 || !pending.isEmpty }

  /// Whether bytes that the command itself wrote are still to be relayed.
  var isOwed: Bool { !pending.isEmpty || (source >= 0 && (owed ?? 0) > 0) }

  /// Notes how much the pipe holds now that the command has ended.
  mutating func limitToPresent() {
    guard source >= 0 else { return }
    owed = Int(laforge_available(source))
  }

  /// Whether the sink has to take something before more can be read.
  private var waitsForSink: Bool { isSinkFull || !pending.isEmpty }

  var sourceInterest: pollfd {
    pollfd(fd: waitsForSink ? -1 : source, events: Int16(POLLIN), revents: 0)
  }

  /// With nothing to write, only the disappearance of the reader is of interest.
  var sinkInterest: pollfd {
    let isWanted = !isDiscarded && (source >= 0 || !pending.isEmpty)
    let descriptor = isWanted ? sink.pollDescriptor : -1
    return pollfd(fd: descriptor, events: waitsForSink ? Int16(POLLOUT) : 0, revents: 0)
  }

  mutating func advance(
    source sourceEvents: Int16, sink sinkEvents: Int16, observe: (AgentEvent) -> Void
  ) {
    // A pipe reports POLLERR, a socket and a terminal POLLHUP.
    if sinkEvents & Int16(POLLERR | POLLHUP) != 0, !sink.isAlwaysReady {
      loseReader()
      return
    }
    if pending.isEmpty, (isSinkFull ? sinkEvents : sourceEvents) != 0 {
      isSinkFull = false
      if mayPass, laforge_available(source) >= Self.flood {
        pass(observe: observe)
      } else {
        fill(observe: observe)
      }
    }
    if !pending.isEmpty, sink.isAlwaysReady || sinkEvents != 0 || sourceEvents != 0 { flush() }
  }

  mutating func close() {
    closeSource()
    sink.close()
    buffer.deallocate()
  }

  /// Passes a flood on without copying it.
  private mutating func pass(observe: (AgentEvent) -> Void) {
    switch sink.pass(from: source, into: buffer) {
    case .wrote(let count) where count > 0: take(count, observe: observe)
    case .mustWait: isSinkFull = true
    case .lostReader: loseReader()
    // Copying tells whether anything is wrong.
    case .wrote, .failed: mayPass = false
    }
  }

  /// Reads what is to be written then.
  private mutating func fill(observe: (AgentEvent) -> Void) {
    let count = read(source, buffer.baseAddress, buffer.count)
    if count < 0, errno == EINTR || errno == EAGAIN { return }
    take(count, observe: observe)
    if !isDiscarded { pending = 0..<max(0, count) }
  }

  /// Deals with so many bytes in the buffer; with none the source has ended.
  private mutating func take(_ count: Int, observe: (AgentEvent) -> Void) {
    guard count > 0 else { return closeSource() }
    if let remaining = owed { owed = max(0, remaining - count) }
    observe(.output(stream, UnsafeRawBufferPointer(rebasing: buffer[..<count])))
  }

  private mutating func flush() {
    while !pending.isEmpty {
      switch sink.write(UnsafeRawBufferPointer(rebasing: buffer[pending])) {
      case .wrote(let count): pending = (pending.lowerBound + count)..<pending.upperBound
      case .mustWait: return
      case .lostReader:
        loseReader()
        return
      case .failed(let number):
        failure = AgentOutputFailure(stream: stream, errorNumber: number)
        loseReader()
        return
      }
      if !sink.mayWriteAgain { return }
    }
  }

  /// Nobody reads any more.
  ///
  /// The command learns it as it would without LaForge: its next write fails with EPIPE.
  private mutating func loseReader() {
    pending = 0..<0
    if isTerminal { isDiscarded = true } else { closeSource() }
  }

  private mutating func closeSource() {
    guard source >= 0 else { return }
    laforge_close(source)
    source = -1
  }
}
