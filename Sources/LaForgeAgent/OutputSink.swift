import CLaForgeSupport
import Glibc

/// Where relayed output goes: the caller's standard output or standard error.
///
/// A pipe or a terminal must not block the whole loop, but its descriptor is shared with the caller,
/// so `O_NONBLOCK` must not be set on it: it is opened anew through `/proc/self/fd` where that is
/// allowed, and else written one page at a time when `poll(2)` says that a page fits.
struct OutputSink {
  /// What writing came to.
  enum Result {
    case wrote(Int)
    case mustWait
    /// Nobody reads any more.
    case lostReader
    /// It cannot be written: a full disk, an I/O error.
    case failed(Int32)
  }

  private enum Kind {
    case file
    case pipe
    case terminal
    case shared
    case socket
  }

  private let descriptor: Int32
  private let kind: Kind
  private var isClosed = false

  init(_ original: Int32) {
    var status = stat()
    _ = fstat(original, &status)
    switch status.st_mode & S_IFMT {
    case let type where type == S_IFIFO || (type == S_IFCHR && isatty(original) != 0):
      let reopened = laforge_open(
        "/proc/self/fd/\(original)", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0)
      descriptor = reopened >= 0 ? reopened : original
      kind = reopened < 0 ? .shared : type == S_IFIFO ? .pipe : .terminal
    case S_IFSOCK:
      descriptor = original
      kind = .socket
    default:
      descriptor = original
      kind = .file
    }
  }

  /// What to poll; -1 where there is nothing to wait for.
  var pollDescriptor: Int32 { kind == .file || isClosed ? -1 : descriptor }

  /// Whether there is no reader that could make writing wait, or go away.
  var isAlwaysReady: Bool { kind == .file }

  /// Whether a reader waits for the end of the stream.
  var hasReader: Bool { kind == .pipe || kind == .socket || kind == .shared }

  /// Whether `pass` can do something.
  var isPipe: Bool { kind == .pipe }

  /// Whether a second write right after one is sure not to block.
  var mayWriteAgain: Bool { kind != .shared }

  /// Takes what a pipe holds into a buffer and writes it here as well, without copying it once more.
  ///
  /// - Returns: `.wrote(0)` at the end of the pipe.
  func pass(from pipe: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Result {
    result { laforge_pipe_pass(pipe, descriptor, buffer.baseAddress, buffer.count) }
  }

  func write(_ bytes: UnsafeRawBufferPointer) -> Result { result { writeOnce(bytes) } }

  private func result(of call: () -> Int) -> Result {
    while true {
      let count = call()
      if count >= 0 { return .wrote(count) }
      switch errno {
      case EINTR: continue
      case EAGAIN: return .mustWait
      case EPIPE, ECONNRESET: return .lostReader
      // A terminal that was hung up.
      case EIO where kind != .file: return .lostReader
      case let number: return .failed(number)
      }
    }
  }

  private func writeOnce(_ bytes: UnsafeRawBufferPointer) -> Int {
    switch kind {
    case .socket: send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT))
    // POSIX: a pipe that polls as writable takes PIPE_BUF bytes at once.
    case .shared: laforge_write(descriptor, bytes.baseAddress, min(bytes.count, 4096))
    case .file, .pipe, .terminal: laforge_write(descriptor, bytes.baseAddress, bytes.count)
    }
  }

  mutating func close() {
    if !isClosed, kind == .pipe || kind == .terminal { laforge_close(descriptor) }
    isClosed = true
  }
}
