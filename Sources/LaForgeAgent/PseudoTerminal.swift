import CLaForgeSupport
import Glibc
import LaForgeCore

/// A terminal of the command's own in the place of the caller's; see `pty(7)`.
final class PseudoTerminal {
  /// LaForge's side; it does not block.
  let master: Int32
  /// The command's side; -1 once the command has it.
  private(set) var slave: Int32
  /// The path of the command's side: `/dev/pts/7`.
  let name: String
  /// The caller's terminal; -1 where there is none.
  let outer: Int32
  /// Whether the command is to have its foreground from the start.
  let isForeground: Bool

  /// - Parameters:
  ///   - outer: The terminal whose size and modes it gets.
  ///   - isForeground: See the property.
  /// - Throws: `AgentLaunchError` where there is no room for one more.
  init(like outer: Int32, isForeground: Bool) throws(AgentLaunchError) {
    var (master, slave) = (Int32(-1), Int32(-1))
    var name = [CChar](repeating: 0, count: 128)
    let error = laforge_terminal_open(outer, &master, &slave, &name, name.count)
    guard error == 0 else {
      throw AgentLaunchError(function: "posix_openpt", errorNumber: error)
    }
    self.master = master
    self.slave = slave
    self.name = String(
      decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    self.outer = outer
    self.isForeground = isForeground
  }

  deinit {
    closeSlave()
    laforge_close(master)
  }

  func closeSlave() {
    if slave >= 0 { laforge_close(slave) }
    slave = -1
  }

  /// The C description of the session that it controls.
  var session: laforge_session {
    laforge_session(master: master, slave: slave, outer: outer, is_foreground: isForeground)
  }

  /// Its modes now; those of the command's side, on Linux also when asked of the master.
  var modes: termios? {
    var modes = termios()
    return tcgetattr(master, &modes) == 0 ? modes : nil
  }

  /// Gives it the size of the caller's terminal; the kernel tells the command.
  func copySize() { laforge_terminal_copy_size(outer, master) }
}
