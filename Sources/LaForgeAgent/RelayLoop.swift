import CLaForgeSupport
import Glibc
import LaForgeCore

/// The one event loop of a run: relays output, passes signals on, and notices the end.
struct RelayLoop {
  private let agent: pid_t
  private let signals: Int32
  private let terminal: ControllingTerminal
  private var streams: [RelayedStream]
  private var termination: TerminationStatus?
  /// Whether LaForge was told to end while it waited for a reader, the command being gone.
  private var isToldToEnd = false
  /// SIGINT or SIGQUIT, where it was typed at the terminal.
  private var typedSignal: Int32?
  private var reason = EndReason.exit
  /// Whether the command had the terminal from its start, or has asked for it since.
  private var usesTerminal: Bool

  /// How long, in milliseconds, output that processes left behind by the command hold open may be
  /// quiet before the relay ends, and how long they may go on at all.
  private static let quietLimit: Int32 = 100
  private static let drainRounds = 20

  init(agent: pid_t, plumbing: Plumbing, signals: Int32, terminal: ControllingTerminal) {
    self.agent = agent
    self.signals = signals
    self.terminal = terminal
    usesTerminal = terminal.isLentAtStart || terminal.isWith(agent)
    streams = plumbing.relays.map(RelayedStream.init)
  }

  /// How a command and its relay ended.
  struct End {
    var termination: TerminationStatus
    var reason: EndReason
    /// Whether processes that the command left behind still hold its output open.
    var leftOpen: Bool
    var failures: [AgentOutputFailure]
  }

  /// Runs until the command has ended and its output is relayed.
  mutating func run(observe: (AgentEvent) -> Void) -> End {
    // What happened before the signals were caught is found by asking once.
    reap(observe: observe)
    while termination == nil {
      _ = turn(timeout: -1, observe: observe)
    }
    let leftOpen = drain(observe: observe)
    for index in streams.indices { streams[index].close() }
    return End(
      termination: termination ?? .exited(0), reason: reason, leftOpen: leftOpen,
      failures: streams.compactMap(\.failure))
  }

  /// Relays what the command left in its pipes.
  ///
  /// Only processes that it left behind can add to it, and they are given a short time.
  private mutating func drain(observe: (AgentEvent) -> Void) -> Bool {
    for index in streams.indices { streams[index].limitToPresent() }
    var quietRounds = 0
    while streams.contains(where: \.isOpen), !isToldToEnd {
      let owed = streams.contains(where: \.isOwed)
      let isIdle = !turn(timeout: owed ? -1 : Self.quietLimit, observe: observe)
      if owed { continue }
      quietRounds += 1
      if isIdle || quietRounds > Self.drainRounds { return streams.contains(where: \.isOpen) }
    }
    return false
  }

  /// Waits for something to happen and deals with it; returns false where nothing did in time.
  private mutating func turn(timeout: Int32, observe: (AgentEvent) -> Void) -> Bool {
    var descriptors = [pollfd(fd: signals, events: Int16(POLLIN), revents: 0)]
    for stream in streams {
      // A negative number is skipped by poll(2).
      descriptors.append(stream.sourceInterest)
      descriptors.append(stream.sinkInterest)
    }
    let count = poll(&descriptors, nfds_t(descriptors.count), timeout)
    guard count > 0 else { return count < 0 }
    if descriptors[0].revents != 0 { takeSignals(observe: observe) }
    for index in streams.indices {
      streams[index].advance(
        source: descriptors[1 + 2 * index].revents, sink: descriptors[2 + 2 * index].revents,
        observe: observe)
    }
    return true
  }

  // MARK: - Signals

  private mutating func takeSignals(observe: (AgentEvent) -> Void) {
    var numbers = [UInt8](repeating: 0, count: 64)
    let count = read(signals, &numbers, numbers.count)
    guard count > 0 else { return }
    for number in numbers[..<count] {
      let signal = Int32(number) & ~Int32(LAFORGE_TYPED)
      switch signal {
      case SIGCHLD: reap(observe: observe)
      case SIGPIPE: break
      case SIGCONT: resume()
      default:
        if Int32(number) != signal, signal == SIGINT || signal == SIGQUIT { typedSignal = signal }
        pass(signal)
      }
    }
  }

  private mutating func pass(_ signal: Int32) {
    guard termination != nil else {
      kill(-agent, signal)
      return
    }
    if [SIGHUP, SIGINT, SIGQUIT, SIGTERM].contains(signal) { isToldToEnd = true }
  }

  private mutating func reap(observe: (AgentEvent) -> Void) {
    guard termination == nil else { return }
    var value: Int32 = 0
    while true {
      switch Int(laforge_agent_wait(agent, &value)) {
      case LAFORGE_EXITED: end(.exited(value), observe: observe)
      case LAFORGE_SIGNALED: end(.signaled(value), observe: observe)
      case LAFORGE_STOPPED:
        stop(by: value)
        continue
      case LAFORGE_CONTINUED: continue
      default: break
      }
      return
    }
  }

  private mutating func end(_ status: TerminationStatus, observe: (AgentEvent) -> Void) {
    termination = status
    // Ctrl-C and Ctrl-\ reach the command alone while it has the terminal, else LaForge too.
    let hasTerminal = terminal.isWith(agent)
    switch status {
    case .exited: reason = .exit
    case .signaled(let signal) where signal == SIGINT || signal == SIGQUIT:
      reason = hasTerminal || typedSignal == signal ? .user : .signal
    case .signaled: reason = .signal
    }
    terminal.takeBack(from: agent)
    observe(.ended)
  }

  /// The command was stopped: LaForge stops as well, so that the shell takes the terminal back and
  /// `fg` continues both.
  private mutating func stop(by signal: Int32) {
    let asksForTerminal = signal == SIGTTIN || signal == SIGTTOU
    if asksForTerminal, terminal.isOurs {
      usesTerminal = true
      resume()
      return
    }
    let hadTerminal = terminal.isWith(agent)
    terminal.takeBack(from: agent)
    // From the keyboard a stop reaches the whole job; with kill(1) it reached the command alone.
    let wasStopped = laforge_signals_stop(signal, hadTerminal && signal != SIGSTOP)
    if !wasStopped, asksForTerminal {
      // Nobody can bring LaForge into the foreground: as the kernel does to an orphaned job.
      kill(-agent, SIGHUP)
    }
    resume()
  }

  private func resume() {
    guard termination == nil else { return }
    if usesTerminal { terminal.lend(to: agent) }
    kill(-agent, SIGCONT)
  }
}
