import CLaForgeSupport
import Glibc

/// What is typed at the caller's terminal, on its way to the command's pseudo-terminal.
struct TerminalInput {
  private let terminal: PseudoTerminal
  private var pending: [UInt8] = []
  private var isOpen = true
  /// SIGINT or SIGQUIT, where its character was typed while the terminal made a signal of it.
  private(set) var typedSignal: Int32?

  init(_ terminal: PseudoTerminal) {
    self.terminal = terminal
  }

  /// As long as the pseudo-terminal takes no more, nothing more is read.
  func sourceInterest(isForeground: Bool) -> pollfd {
    let isWanted = isForeground && isOpen && pending.isEmpty
    return pollfd(fd: isWanted ? terminal.outer : -1, events: Int16(POLLIN), revents: 0)
  }

  var sinkInterest: pollfd {
    pollfd(fd: pending.isEmpty ? -1 : terminal.master, events: Int16(POLLOUT), revents: 0)
  }

  mutating func advance(source: Int16, sink: Int16) {
    if source != 0, pending.isEmpty { fill() }
    if !pending.isEmpty { flush() }
  }

  private mutating func fill() {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(terminal.outer, &bytes, bytes.count)
    if count < 0, errno == EINTR || errno == EAGAIN { return }
    guard count > 0 else {
      // The terminal is gone; a SIGHUP tells the rest.
      isOpen = false
      return
    }
    pending = Array(bytes[..<count])
    guard var modes = terminal.modes else { return }
    for byte in pending {
      let signal = laforge_terminal_signal(&modes, byte)
      if signal != 0 { typedSignal = signal }
    }
  }

  private mutating func flush() {
    let count = laforge_write(terminal.master, pending, pending.count)
    if count > 0 {
      pending.removeFirst(count)
    } else if count < 0, errno != EINTR, errno != EAGAIN {
      pending = []
    }
  }
}
