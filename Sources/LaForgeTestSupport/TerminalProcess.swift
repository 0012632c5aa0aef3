import CLaForgeSupport
import Dispatch
import Glibc
import Synchronization
package import SystemPackage

/// A program that leads a session on a pseudo-terminal of its own, and somebody who types there.
package final class TerminalProcess: Sendable {
  private let master: Int32
  /// The path of the terminal that the program has.
  package let name: String
  package let pid: Int32
  private let screen = Mutex(Screen())

  /// What has come so far.
  private struct Screen {
    var received: [UInt8] = []
    /// How far `expect` has got.
    var position = 0
    var hasEnded = false

    var text: String { String(decoding: received, as: UTF8.self) }

    func endOfFirst(_ wanted: [UInt8]) -> Int? {
      guard received.count >= position + wanted.count else { return nil }
      return (position...(received.count - wanted.count)).first { start in
        received[start..<(start + wanted.count)].elementsEqual(wanted)
      }.map { $0 + wanted.count }
    }
  }

  /// How long anything may take; a machine that builds at the same time is slow.
  private static let patience = Duration.seconds(60)

  /// Something did not come in time.
  package struct Missing: Error, CustomStringConvertible {
    package var description: String
  }

  /// The modes that the terminal had before the program was started.
  package let modesBefore: [UInt32]

  /// Starts a program, its three descriptors being the terminal.
  package init(
    _ words: [String], in environment: TestEnvironment, directory: FilePath? = nil,
    rows: UInt16 = 24, columns: UInt16 = 80, adding: [String: String] = [:]
  ) throws {
    var (master, slave) = (Int32(-1), Int32(-1))
    var path = [CChar](repeating: 0, count: 128)
    let problem = laforge_terminal_open(-1, &master, &slave, &path, path.count)
    guard problem == 0 else { throw Errno(rawValue: problem) }
    self.master = master
    defer { close(slave) }
    name = path.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    let folder = (directory ?? environment.repository).string
    let script = "cd \"$0\" && exec \"$@\""
    var variables = environment.variables.merging(adding) { $1 }
    variables["PATH"] = "\(TestEnvironment.products):\(variables["PATH"] ?? "")"
    // `setsid -c` makes a session that the terminal controls.
    let arguments =
      (["setsid", "-c", "/bin/sh", "-c", script, folder] + words).map { strdup($0) } + [nil]
    let strings = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { for string in arguments + strings { free(string) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor in Int32(0)...2 {
      posix_spawn_file_actions_addopen(&actions, descriptor, name, O_RDWR, 0)
    }
    // The threads that tests run in block signals, which a program would inherit.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var (none, all) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    modesBefore = Self.modes(of: master)
    var pid = pid_t()
    let error = posix_spawn(&pid, "/usr/bin/setsid", &actions, &attributes, arguments, strings)
    guard error == 0 else { throw Errno(rawValue: error) }
    self.pid = pid
  }

  deinit {
    if !screen.withLock({ $0.hasEnded }) {
      kill(-pid, SIGKILL)
      waitpid(pid, nil, 0)
    }
    close(master)
  }

  // MARK: - What a person does

  /// Types text; `\u{3}` is Ctrl-C.
  package func type(_ text: String) {
    let bytes = Array(text.utf8)
    var done = 0
    while done < bytes.count {
      // A terminal that nobody reads takes no more at some time; what is expected then does not come.
      var descriptor = pollfd(fd: master, events: Int16(POLLOUT), revents: 0)
      guard poll(&descriptor, 1, Int32(Self.patience.components.seconds * 1000)) > 0 else { return }
      let count = bytes[done...].prefix(256).withUnsafeBytes {
        write(master, $0.baseAddress, $0.count)
      }
      guard count > 0 else { return }
      done += count
    }
  }

  /// Gives the terminal another size.
  package func resize(rows: UInt16, columns: UInt16) {
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
  }

  /// The modes of the terminal now, as `stty -g` would show them.
  package var modes: [UInt32] { Self.modes(of: master) }

  private static func modes(of terminal: Int32) -> [UInt32] {
    var modes = termios()
    tcgetattr(terminal, &modes)
    return [modes.c_iflag, modes.c_oflag, modes.c_cflag, modes.c_lflag]
  }

  /// Everything that was printed so far.
  package var text: String { screen.withLock { $0.text } }

  /// Waits until a text is printed, after what was waited for before.
  ///
  /// - Returns: What was printed up to and including it.
  @discardableResult
  package func expect(_ wanted: String) async throws -> String {
    try await inBackground { try self.waitFor(wanted) }
  }

  /// Waits until the terminal has modes; whoever restores them need not be the one that printed last.
  package func expectModes(_ wanted: [UInt32]) async throws {
    try await inBackground {
      let end = ContinuousClock.now + Self.patience
      while self.modes != wanted {
        guard ContinuousClock.now < end else {
          throw Missing(description: "the modes are \(self.modes), not \(wanted)")
        }
        poll(nil, 0, 5)
      }
    }
  }

  /// Waits for the end of the program and returns all that was printed and the exit status, as a
  /// shell reports it.
  package func end() async throws -> (text: String, status: Int32) {
    try await inBackground { try self.waitForEnd() }
  }

  // MARK: - Waiting

  private func inBackground<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
    }
  }

  private func waitFor(_ wanted: String) throws -> String {
    let bytes = Array(wanted.utf8)
    return try screen.withLock { screen in
      while true {
        if let end = screen.endOfFirst(bytes) {
          let found = String(decoding: screen.received[screen.position..<end], as: UTF8.self)
          screen.position = end
          return found
        }
        guard readMore(&screen) else {
          throw Missing(description: "'\(wanted)' did not come after: \(screen.text)")
        }
      }
    }
  }

  private func waitForEnd() throws -> (text: String, status: Int32) {
    try screen.withLock { screen in
      while readMore(&screen) {}
      var status: Int32 = 0
      guard waitpid(pid, &status, WNOHANG) == pid else {
        throw Missing(description: "the program did not end after: \(screen.text)")
      }
      screen.hasEnded = true
      let signal = status & 0x7F
      return (screen.text, signal == 0 ? (status >> 8) & 0xFF : 128 + signal)
    }
  }

  /// Returns false at the end of the program, and where nothing comes for too long.
  private func readMore(_ screen: inout Screen) -> Bool {
    let end = ContinuousClock.now + Self.patience
    while ContinuousClock.now < end {
      var descriptor = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
      var bytes = [UInt8](repeating: 0, count: 1 << 16)
      let size = poll(&descriptor, 1, 50) > 0 ? read(master, &bytes, bytes.count) : 0
      if size > 0 {
        screen.received += bytes[..<size]
        return true
      }
      // The terminal has no end while something of the session is left: the program's end counts.
      var information = siginfo_t()
      let found = waitid(P_PID, id_t(pid), &information, WEXITED | WNOHANG | WNOWAIT)
      if found == 0, information.si_signo == SIGCHLD { return false }
      // Nobody has it open any more, or not yet again.
      if size < 0 { poll(nil, 0, 10) }
    }
    return false
  }
}
