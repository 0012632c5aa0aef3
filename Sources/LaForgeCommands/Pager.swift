import Glibc

/// The person's pager, as a process that reads what is written here; see `core.pager` in
/// `man 1 git-config`.
final class Pager {
  /// The person has seen enough and ended it.
  struct Closed: Error {}

  private let stream: UnsafeMutablePointer<FILE>
  private var isOpen = true

  /// `nil` where it cannot be started.
  ///
  /// - Parameter command: For the shell, as `git var GIT_PAGER` gives it.
  init?(_ command: String) {
    // What git sets: to end at once where all fits, to pass colours, to leave the screen as it is.
    setenv("LESS", "FRX", 0)
    setenv("LV", "-c", 0)
    guard let stream = popen(command, "w") else { return nil }
    self.stream = stream
    // The pager reads the keyboard; Ctrl-C in it is its own business.
    signal(SIGINT, SIG_IGN)
    signal(SIGPIPE, SIG_IGN)
  }

  /// - Throws: `Pager.Closed`.
  func write(_ bytes: [UInt8]) throws {
    guard fwrite(bytes, 1, bytes.count, stream) == bytes.count, fflush(stream) == 0 else {
      throw Closed()
    }
  }

  /// Waits until the person has closed it.
  func close() {
    if isOpen { pclose(stream) }
    isOpen = false
  }

  deinit {
    close()
  }
}
