import CLaForgeSupport
import Glibc
import LaForgeCore

/// A command as a job of the shell that LaForge was called from: who has the terminal, and how both
/// stop and go on together.
///
/// Without a pseudo-terminal the command's process group gets the caller's terminal lent. With one
/// the caller's terminal is raw while LaForge is in its foreground, so that everything typed reaches
/// the command's own terminal, which makes signals of it.
struct Job {
  private(set) var agent: laforge_agent
  private let terminal: ControllingTerminal
  let pseudoTerminal: PseudoTerminal?
  /// Whether the command had the terminal from its start, or has asked for it since.
  private var usesTerminal: Bool
  /// With a pseudo-terminal: whether the caller's is raw, and what is typed the command's.
  private(set) var isForeground = false

  init(agent: laforge_agent, terminal: ControllingTerminal, pseudoTerminal: PseudoTerminal?) {
    self.agent = agent
    self.terminal = terminal
    self.pseudoTerminal = pseudoTerminal
    usesTerminal =
      pseudoTerminal == nil
      ? terminal.isLentAtStart || terminal.isWith(agent.pid)
      : isatty(1) != 0
    if let pseudoTerminal, pseudoTerminal.isForeground {
      isForeground = laforge_terminal_make_raw(pseudoTerminal.outer)
    }
  }

  /// The socket that tells of the command's changes; -1 where SIGCHLD does.
  var changeDescriptor: Int32 { agent.control }

  /// Whether Ctrl-C and Ctrl-\ reach the command alone.
  var hasTerminal: Bool { pseudoTerminal == nil ? terminal.isWith(agent.pid) : isForeground }

  /// The next thing that happened to the command, if anything did.
  mutating func nextChange() -> laforge_change? {
    var change = laforge_change()
    return laforge_agent_change(&agent, &change) ? change : nil
  }

  /// Sends a signal to the command: to its process group if it was typed at the terminal, which sends
  /// it to the whole foreground group, otherwise to its process alone.
  func send(_ signal: Int32, isTyped: Bool) {
    kill(isTyped ? -agent.pid : agent.pid, signal)
  }

  /// The caller's terminal has another size, or a process says so.
  func resize(isTyped: Bool) {
    if let pseudoTerminal, isTyped {
      pseudoTerminal.copySize()
    } else {
      send(SIGWINCH, isTyped: isTyped)
    }
  }

  /// Reaps processes that were left to this one.
  func reapOrphans() {
    withUnsafePointer(to: agent) { laforge_agent_reap_orphans($0) }
  }

  /// The command was stopped: LaForge stops as well, so that the shell takes the terminal back and
  /// `fg` continues both.
  mutating func stop(by signal: Int32) {
    let asksForTerminal = signal == SIGTTIN || signal == SIGTTOU
    if asksForTerminal, terminal.isOurs {
      usesTerminal = true
      resume()
      return
    }
    let hadTerminal = hasTerminal
    giveTerminalBack()
    // From the keyboard a stop reaches the whole job; with kill(1) it reached the command alone.
    let wasStopped = laforge_signals_stop(signal, hadTerminal && signal != SIGSTOP)
    if !wasStopped, asksForTerminal {
      // Nobody can bring LaForge into the foreground: as the kernel does to an orphaned job.
      kill(-agent.pid, SIGHUP)
    }
    resume()
  }

  /// Continues the command, with the terminal if LaForge has it.
  mutating func resume() {
    let isOurs = usesTerminal && terminal.isOurs
    if let pseudoTerminal {
      pseudoTerminal.copySize()
      isForeground = isOurs && laforge_terminal_make_raw(pseudoTerminal.outer)
      laforge_agent_resume(&agent, isForeground)
    } else {
      if isOurs { terminal.lend(to: agent.pid) }
      kill(-agent.pid, SIGCONT)
    }
  }

  /// The command has ended and its output is relayed: the caller's terminal is LaForge's again.
  ///
  /// - Parameters:
  ///   - change: The end.
  ///   - keepsRelaying: Whether processes that it left behind still print.
  mutating func leave(after change: laforge_change?, keepsRelaying: Bool) {
    if var change, pseudoTerminal != nil, isForeground {
      typedAhead(&change)
      // A command that exits leaves the modes that it wants, one that was killed those that it
      // happened to have.
      let isExit = Int(change.kind) == LAFORGE_EXITED
      if isExit, change.modes.c_cflag != 0 { laforge_terminal_restore(&change.modes) }
    }
    giveTerminalBack()
    laforge_agent_leave(&agent, keepsRelaying)
  }

  /// What was typed and the command did not read is the shell's.
  private func typedAhead(_ change: inout laforge_change) {
    guard let pseudoTerminal, change.typed_count > 0 else { return }
    withUnsafeBytes(of: &change.typed) { bytes in
      laforge_terminal_push_back(
        pseudoTerminal.outer, bytes.assumingMemoryBound(to: CChar.self).baseAddress,
        change.typed_count)
    }
  }

  mutating func giveTerminalBack() {
    if pseudoTerminal == nil {
      terminal.takeBack(from: agent.pid)
    } else if isForeground {
      laforge_terminal_restore(nil)
      isForeground = false
    }
  }
}
