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
  /// Whether the reader is gone and the bytes are dropped.
  ///
  /// A pseudo-terminal without a reader would block the command for ever; a pipe reports an error.
  private var isDiscarded = false
  private var source: Int32
  private var sink: OutputSink
  /// The caller's descriptors that its bytes go to: 1, 2, or both where they are one pipe.
  private let descriptors: [Int32]
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
  /// The exit status for output that was lost though its writer had no sign of it; `nil` where there
  /// was none.
  private(set) var lossStatus: Int32?
  /// A carriage return of a pseudo-terminal was read and not written yet.
  private var holdsReturn = false
  /// Whether the caller's descriptors were let go.
  private var isLetGo = false

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
    descriptors = [relay.sink] + (relay.isBoth ? [2] : [])
    mayPass = sink.isPipe && !relay.isTerminal
    // One more for a carriage return.
    buffer = .allocate(byteCount: Self.capacity + 1, alignment: 16)
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

  /// - Parameters:
  ///   - sourceEvents: What poll(2) reported of the source.
  ///   - sinkEvents: What it reported of the sink.
  ///   - isRaw: Whether LaForge has made the caller's terminal raw.
  ///   - observe: Gets what was printed.
  mutating func advance(
    source sourceEvents: Int16, sink sinkEvents: Int16, isRaw: Bool,
    observe: (AgentEvent) -> Void
  ) {
    // A pipe reports POLLERR, a socket and a terminal POLLHUP.
    if sinkEvents & Int16(POLLERR | POLLHUP) != 0, !sink.isAlwaysReady {
      loseReader(128 + SIGPIPE)
      return
    }
    if pending.isEmpty, (isSinkFull ? sinkEvents : sourceEvents) != 0 {
      isSinkFull = false
      if mayPass, laforge_available(source) >= Self.flood {
        pass(observe: observe)
      } else {
        fill(isRaw: isRaw, observe: observe)
      }
    }
    if !pending.isEmpty, sink.isAlwaysReady || sinkEvents != 0 || sourceEvents != 0 { flush() }
  }

  mutating func close() {
    closeSource()
    sink.close()
    buffer.deallocate()
  }

  // MARK: - The end of the stream

  /// Lets go of the caller's standard output if the command has closed its side for good.
  ///
  /// - Parameter own: Descriptors that LaForge itself writes to later.
  mutating func letGoIfEnded(except own: Set<Int32>) {
    if !isOpen { letGo(except: own) }
  }

  /// Lets go of the caller's standard output: its reader gets the end of the stream.
  ///
  /// Standard error stays, which LaForge's own messages need.
  ///
  /// - Parameter own: Descriptors that LaForge itself writes to later.
  mutating func letGo(except own: Set<Int32>) {
    guard !isLetGo, !isTerminal else { return }
    isLetGo = true
    guard sink.hasReader else { return }
    sink.close()
    for descriptor in descriptors where descriptor != 2 && !own.contains(descriptor) {
      laforge_descriptor_let_go(descriptor)
    }
  }

  // MARK: - Relaying

  /// Passes a flood on without copying it.
  private mutating func pass(observe: (AgentEvent) -> Void) {
    switch sink.pass(from: source, into: buffer) {
    case .wrote(let count) where count > 0:
      take(UnsafeRawBufferPointer(rebasing: buffer[..<count]), observe: observe)
    case .mustWait: isSinkFull = true
    case .lostReader: loseReader(128 + SIGPIPE)
    // Copying tells whether anything is wrong.
    case .wrote, .failed: mayPass = false
    }
  }

  /// Reads what is to be written then.
  private mutating func fill(isRaw: Bool, observe: (AgentEvent) -> Void) {
    let place = UnsafeMutableRawBufferPointer(rebasing: buffer[1...])
    let count = read(source, place.baseAddress, place.count)
    if count < 0, errno == EINTR || errno == EAGAIN { return }
    let hasEnded = count <= 0
    take(UnsafeRawBufferPointer(rebasing: place[..<max(0, count)]), observe: observe)
    if isDiscarded { return }
    pending = hasEnded || isRaw || !isTerminal ? afterReturn(count) : withoutReturns(count)
  }

  /// The range of bytes that were read, with the carriage return that was held before them.
  private mutating func afterReturn(_ count: Int) -> Range<Int> {
    defer { holdsReturn = false }
    if holdsReturn { buffer[0] = 13 }
    return (holdsReturn ? 0 : 1)..<(1 + max(0, count))
  }

  /// Takes the carriage returns of the pseudo-terminal out: the caller's terminal puts its own there.
  private mutating func withoutReturns(_ count: Int) -> Range<Int> {
    var modes = termios()
    guard tcgetattr(source, &modes) == 0, laforge_terminal_adds_returns(&modes),
      let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
    else { return afterReturn(count) }
    return 0..<laforge_terminal_unreturn(start, start + 1, count, &holdsReturn)
  }

  /// Deals with bytes that were read; with none the source has ended.
  private mutating func take(_ bytes: UnsafeRawBufferPointer, observe: (AgentEvent) -> Void) {
    guard !bytes.isEmpty else { return closeSource() }
    if let remaining = owed { owed = max(0, remaining - bytes.count) }
    observe(.output(stream, bytes))
    if isDiscarded { lossStatus = Self.failureStatus }
  }

  private mutating func flush() {
    while !pending.isEmpty {
      switch sink.write(UnsafeRawBufferPointer(rebasing: buffer[pending])) {
      case .wrote(let count): pending = (pending.lowerBound + count)..<pending.upperBound
      case .mustWait: return
      case .lostReader:
        loseReader(128 + SIGPIPE)
        return
      case .failed(let number):
        failure = AgentOutputFailure(stream: stream, errorNumber: number)
        loseReader(Self.failureStatus)
        return
      }
      if !sink.mayWriteAgain { return }
    }
  }

  /// What programs exit with that could not write: `cat` to a full disk.
  private static let failureStatus: Int32 = 1

  /// Nothing can be written any more.
  ///
  /// The command learns it as in a pipeline: its next write fails with EPIPE. What it wrote before is
  /// lost, and it has no sign of that unless it waits for room in the pipe.
  private mutating func loseReader(_ status: Int32) {
    let waiting = source < 0 ? 0 : Int(laforge_available(source))
    let isWaitedFor = !isTerminal && waiting + Self.pageSize > Self.capacity
    if !pending.isEmpty || waiting > 0, !isWaitedFor {
      lossStatus = isTerminal ? Self.failureStatus : status
    }
    pending = 0..<0
    isSinkFull = false
    if isTerminal { isDiscarded = true } else { closeSource() }
  }

  /// A pipe with less room than that may make a writer wait, in bytes.
  private static let pageSize = 4096

  private mutating func closeSource() {
    guard source >= 0 else { return }
    laforge_close(source)
    source = -1
  }
}
