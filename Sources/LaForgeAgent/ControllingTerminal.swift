import CLaForgeSupport
import Glibc

/// The terminal that this process is controlled from, if there is one.
///
/// The command has a process group of its own, which must be the terminal's foreground group to
/// read from it and to get its Ctrl-C; see "Job Control" in `credentials(7)` and `tcsetpgrp(3)`.
final class ControllingTerminal {
  /// -1 where there is none.
  let descriptor: Int32
  /// Whether LaForge's process group is in the foreground now.
  var isOurs: Bool { descriptor >= 0 && tcgetpgrp(descriptor) == getpgrp() }

  init() {
    // An open file of its own, so that not to block on it is nobody else's business.
    descriptor = laforge_open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Whether the command is to have the terminal from its start.
  ///
  /// Where its input or its output goes elsewhere, LaForge may be one part of a pipeline or a tool of
  /// a full-screen program, and others of its group may be using the terminal. Such a command gets it
  /// when it first asks, by the SIGTTIN or SIGTTOU that stops it.
  var isLentAtStart: Bool { isOurs && isatty(0) != 0 && isatty(1) != 0 }

  /// Its path, such as `/dev/pts/3`; `nil` where there is none.
  var name: String? {
    var name = [CChar](repeating: 0, count: 128)
    for candidate in [Int32(0), 1, 2] where isSame(as: candidate) {
      guard ttyname_r(candidate, &name, name.count) == 0 else { continue }
      return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
    return nil
  }

  /// Whether a descriptor is this terminal.
  func isSame(as other: Int32) -> Bool {
    guard descriptor >= 0, other >= 0, isatty(other) != 0 else { return false }
    // Both fail with ENOTTY for another terminal than the one that controls this process.
    return tcgetsid(other) == getsid(0)
  }

  /// Whether the command's group is in the foreground now.
  func isWith(_ group: pid_t) -> Bool { descriptor >= 0 && tcgetpgrp(descriptor) == group }

  /// Makes the command's group the foreground group if ours is.
  func lend(to group: pid_t) {
    if isOurs { tcsetpgrp(descriptor, group) }
  }

  /// Makes our group the foreground group again if the command's is.
  func takeBack(from group: pid_t) {
    if isWith(group) { tcsetpgrp(descriptor, getpgrp()) }
  }
}
