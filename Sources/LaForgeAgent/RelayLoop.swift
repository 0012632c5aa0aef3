import CLaForgeSupport
import Glibc
import LaForgeCore

/// The one event loop of a run: relays output and what is typed, passes signals on, keeps limits,
/// and notices the end.
struct RelayLoop {
  private var job: Job
  private let signals: Int32
  private var streams: [RelayedStream]
  private var input: TerminalInput?
  private var limits: LimitWatch
  private let log: OutputLog?
  private let processes: ProcessTable
  /// The caller's descriptors that LaForge needs after the command has ended.
  private let ownDescriptors: Set<Int32>
  /// Monotonic, in milliseconds.
  private let now: () -> Int64
  /// How the command ended; `nil` while it runs.
  private var change: laforge_change?
  /// Whether LaForge was told to end while it waited for a reader, the command being gone.
  private var isToldToEnd = false
  /// SIGINT or SIGQUIT, where it was typed at the terminal.
  private var typedSignal: Int32?
  private var reason = EndReason.exit

  /// How long, in milliseconds, output that processes left behind by the command hold open may be
  /// quiet before the relay ends, and how long they may go on at all.
  private static let quietTime: Int64 = 100
  private static let drainTime: Int64 = 2000
  /// How often it is looked whether a group that was told to end has ended.
  private static let groupInterval: Int64 = 50

  init(
    agent: laforge_agent, plumbing: Plumbing, signals: Int32, terminal: ControllingTerminal,
    options: AgentOptions, log: OutputLog?, processes: ProcessTable, now: @escaping () -> Int64
  ) {
    job = Job(agent: agent, terminal: terminal, pseudoTerminal: plumbing.pseudoTerminal)
    input = plumbing.pseudoTerminal.map(TerminalInput.init)
    streams = plumbing.relays.map(RelayedStream.init)
    self.signals = signals
    limits = LimitWatch(options.limits, start: now())
    ownDescriptors = options.ownDescriptors
    self.log = log
    self.processes = processes
    self.now = now
  }

  /// How a command and its relay ended.
  struct End {
    var termination: TerminationStatus
    var reason: EndReason
    var resources: ResourceUsage
    /// How long the command was stopped, in milliseconds.
    var stopped: Int64
    /// Whether processes that the command left behind still hold its output open.
    var leftOpen: Bool
    var failures: [AgentOutputFailure]
    /// See `AgentOutcome.lossStatus`.
    var lossStatus: Int32?
    /// The signal that ended the command, where that was typed.
    var typedSignal: Int32?
  }

  /// Runs until the command has ended and its output is relayed.
  mutating func run(observe: (AgentEvent) -> EndReason?) -> End {
    // What happened before the signals were caught is found by asking once.
    takeChanges(observe: observe)
    while change == nil { _ = turn(until: nil, observe: observe) }
    if limits.reason != nil { endGroup(observe: observe) }
    let leftOpen = drain(observe: observe)
    let printsOn = streams.contains { $0.isTerminal && $0.isOpen }
    let losses = streams.compactMap(\.lossStatus)
    for index in streams.indices {
      streams[index].letGo(except: ownDescriptors)
      streams[index].close()
    }
    job.reapOrphans()
    job.leave(after: change, keepsRelaying: printsOn)
    return End(
      termination: termination, reason: reason, resources: resources, stopped: limits.stopped,
      leftOpen: leftOpen, failures: streams.compactMap(\.failure),
      lossStatus: losses.first,
      typedSignal: reason == .user && limits.reason == nil ? change?.value : nil)
  }

  private var termination: TerminationStatus {
    guard let change else { return .exited(0) }
    return Int(change.kind) == LAFORGE_SIGNALED
      ? .signaled(change.value) : .exited(change.value)
  }

  private var resources: ResourceUsage {
    // Linux counts kibibytes. A peak is never below what the process had before it executed its
    // program, and to execute it takes some hundred more.
    let peak = (change?.peak ?? 0) > job.agent.peak_before + 1024 ? change?.peak : nil
    return ResourceUsage(
      userMilliseconds: Int64((change?.user_microseconds ?? 0) / 1000),
      systemMilliseconds: Int64((change?.system_microseconds ?? 0) / 1000),
      peakMemoryBytes: peak.map { Int64($0) * 1024 })
  }

  // MARK: - The end

  /// The group was told to end and its leader has: what is left of it has the rest of the time.
  private mutating func endGroup(observe: (AgentEvent) -> EndReason?) {
    while groups.contains(where: processes.isGroupAlive), !isToldToEnd {
      if let due = limits.due, due == .max { return }
      _ = turn(until: now() + Self.groupInterval, observe: observe)
    }
  }

  /// Relays what the command left in its pipes.
  ///
  /// Only processes that it left behind can add to it, and they are given a short time.
  private mutating func drain(observe: (AgentEvent) -> EndReason?) -> Bool {
    for index in streams.indices { streams[index].limitToPresent() }
    let end = now() + Self.drainTime
    while streams.contains(where: \.isOpen), !isToldToEnd {
      if streams.contains(where: \.isOwed) {
        _ = turn(until: nil, observe: observe)
        continue
      }
      let isIdle = !turn(until: now() + Self.quietTime, observe: observe)
      if isIdle || now() >= end { return streams.contains(where: \.isOpen) }
    }
    return false
  }

  // MARK: - One turn

  /// Waits for something to happen and deals with it; returns false where nothing did by a time.
  private mutating func turn(
    until limit: Int64?, observe: (AgentEvent) -> EndReason?
  ) -> Bool {
    while true {
      var descriptors = interests
      let wake = [limit, change == nil ? limits.due : nil, groupDue, log?.due].compactMap { $0 }
        .min()
      let wait = wake.map { Int32(clamping: max(0, $0 - now())) } ?? -1
      let count = poll(&descriptors, nfds_t(descriptors.count), wait)
      if count > 0 {
        advance(descriptors, observe: observe)
      }
      keepLimits()
      for index in streams.indices { streams[index].letGoIfEnded(except: ownDescriptors) }
      log?.work(at: now())
      if count != 0 { return true }
      if let limit, now() >= limit { return false }
      if limit == nil, change != nil { return false }
    }
  }

  /// After the leader has ended, what is left of its group is still to be killed in time.
  private var groupDue: Int64? {
    guard change != nil, limits.reason != nil, let due = limits.due, due != .max else { return nil }
    return due
  }

  private var interests: [pollfd] {
    // A negative number is skipped by poll(2).
    let isRunning = change == nil
    var descriptors = [
      pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
      pollfd(fd: isRunning ? job.changeDescriptor : -1, events: Int16(POLLIN), revents: 0),
      input?.sourceInterest(isForeground: isRunning && job.isForeground) ?? pollfd.nothing,
      isRunning ? input?.sinkInterest ?? pollfd.nothing : pollfd.nothing,
    ]
    for stream in streams {
      descriptors.append(stream.sourceInterest)
      descriptors.append(stream.sinkInterest)
    }
    return descriptors
  }

  private mutating func advance(
    _ descriptors: [pollfd], observe: (AgentEvent) -> EndReason?
  ) {
    if descriptors[0].revents != 0 { takeSignals(observe: observe) }
    if descriptors[1].revents != 0 { takeChanges(observe: observe) }
    if descriptors[2].revents != 0 || descriptors[3].revents != 0 {
      input?.advance(source: descriptors[2].revents, sink: descriptors[3].revents)
      typedSignal = input?.typedSignal ?? typedSignal
    }
    let (log, time, isRaw) = (log, now(), job.isForeground)
    var (hasPrinted, wanted) = (false, EndReason?.none)
    for index in streams.indices {
      streams[index].advance(
        source: descriptors[4 + 2 * index].revents, sink: descriptors[5 + 2 * index].revents,
        isRaw: isRaw
      ) { event in
        if case .output(let stream, let bytes) = event {
          hasPrinted = true
          log?.append(bytes, from: stream, at: time)
        }
        wanted = observe(event) ?? wanted
      }
    }
    if hasPrinted { limits.noteOutput(at: time) }
    if let wanted { end(for: wanted) }
  }

  // MARK: - Limits

  private mutating func keepLimits() {
    switch limits.next(at: now()) {
    case .terminate: terminate()
    case .kill: send([SIGKILL])
    case nil: break
    }
  }

  /// The process groups that nobody of may be left behind: in a session of its own all of them.
  private var groups: Set<pid_t> {
    guard job.agent.monitor > 0 else { return [job.agent.pid] }
    return processes.groups(inSession: job.agent.monitor).subtracting([job.agent.monitor])
      .union([job.agent.pid])
  }

  private func send(_ signals: [Int32]) {
    for group in groups {
      for signal in signals { kill(-group, signal) }
    }
  }

  private mutating func end(for reason: EndReason) {
    if change == nil, limits.end(for: reason, at: now()) { terminate() }
  }

  private func terminate() {
    // A stopped process takes no signal but SIGCONT and SIGKILL.
    send([SIGTERM, SIGCONT])
  }

  // MARK: - Signals

  private mutating func takeSignals(observe: (AgentEvent) -> EndReason?) {
    var numbers = [UInt8](repeating: 0, count: 64)
    let count = read(signals, &numbers, numbers.count)
    guard count > 0 else { return }
    for number in numbers[..<count] {
      let signal = Int32(number) & ~Int32(LAFORGE_TYPED)
      let isTyped = Int32(number) != signal
      switch signal {
      case SIGCHLD:
        takeChanges(observe: observe)
        job.reapOrphans()
      case SIGCONT: if change == nil { job.resume() }
      case SIGWINCH: if change == nil { job.resize(isTyped: isTyped) }
      case Int32(LAFORGE_STOP): end(for: .user)
      default:
        if isTyped, signal == SIGINT || signal == SIGQUIT { typedSignal = signal }
        pass(signal, isTyped: isTyped)
      }
    }
  }

  private mutating func pass(_ signal: Int32, isTyped: Bool) {
    let endsLaForge = signal == SIGHUP || signal == SIGTERM
    guard change != nil else {
      // The kernel also sends SIGALRM, of a timer that the caller had set for the command.
      job.send(signal, isTyped: isTyped && signal != SIGALRM)
      if endsLaForge { limits.noteEndRequest(at: now()) }
      return
    }
    if endsLaForge || signal == SIGINT || signal == SIGQUIT { isToldToEnd = true }
  }

  private mutating func takeChanges(observe: (AgentEvent) -> EndReason?) {
    while change == nil, let next = job.nextChange() {
      switch Int(next.kind) {
      case LAFORGE_STOPPED:
        let beginning = now()
        job.stop(by: next.value)
        limits.noteStop(from: beginning, to: now())
      case LAFORGE_CONTINUED: continue
      default:
        change = next
        noteReason()
        _ = observe(.ended)
      }
    }
  }

  private mutating func noteReason() {
    if let limit = limits.reason {
      reason = limit
      return
    }
    guard case .signaled(let signal) = termination else { return }
    let isTyped = signal == SIGINT || signal == SIGQUIT
    // Where the command has the caller's terminal itself, only it has seen what was typed.
    let wasAlone = job.pseudoTerminal == nil && job.hasTerminal
    reason = isTyped && (wasAlone || typedSignal == signal) ? .user : .signal
  }
}

extension pollfd {
  /// What poll(2) skips.
  fileprivate static let nothing = pollfd(fd: -1, events: 0, revents: 0)
}
