import CLaForgeSupport
import Glibc
import LaForgeCore

/// What connects a command with LaForge, and what of the caller's descriptors it gets itself.
final class Plumbing {
  /// One stream of the command that LaForge relays.
  struct Relay {
    let stream: AgentStream
    /// Our end of the command's pipe or pseudo-terminal.
    let source: Int32
    /// The caller's descriptor that its bytes go to.
    let sink: Int32
    /// Whether the source is a pseudo-terminal.
    var isTerminal = false
    /// Whether standard error goes the same way.
    var isBoth = false
  }

  let route: OutputRoute
  /// The command's own terminal; `nil` where it has none.
  let pseudoTerminal: PseudoTerminal?
  private(set) var relays: [Relay] = []
  /// What becomes descriptor 0, 1 and 2 of the command; -1 for closed.
  private(set) var childDescriptors: (Int32, Int32, Int32)
  private var childEnds: [Int32] = []

  /// - Parameters:
  ///   - options: How the command is to be connected.
  ///   - closed: Those of 0, 1 and 2 that the caller had closed; the command finds them closed too.
  ///   - terminal: The caller's.
  /// - Throws: `AgentLaunchError` where no pipe or pseudo-terminal can be made.
  init(
    _ options: AgentOptions, closedDescriptors closed: Set<Int32>, terminal: ControllingTerminal
  ) throws(AgentLaunchError) {
    func inherited(_ descriptor: Int32) -> Int32 { closed.contains(descriptor) ? -1 : descriptor }
    childDescriptors = (inherited(0), inherited(1), inherited(2))
    route = Self.route(options, childDescriptors, terminal)
    pseudoTerminal =
      route == .pty
      ? try PseudoTerminal(
        like: terminal.descriptor,
        isForeground: terminal.isOurs && terminal.isSame(as: childDescriptors.1)) : nil
    do throws(AgentLaunchError) {
      switch route {
      case .direct: break
      case .pipe: try connectPipes()
      case .pty: try connectTerminal(terminal)
      }
    } catch {
      closeAll()
      throw error
    }
  }

  func closeChildEnds() {
    for descriptor in childEnds { close(descriptor) }
    childEnds = []
    pseudoTerminal?.closeSlave()
  }

  /// Lets go of those of the caller's descriptors that the command has and LaForge does not relay: as
  /// long as LaForge has them, no writer or reader at their other end hears that the command has closed
  /// them.
  ///
  /// - Parameter own: Those that LaForge needs after the command has ended.
  func letGoOfHandedOver(except own: Set<Int32>) {
    let relayed = Set(relays.map(\.sink))
    // Standard error stays for LaForge's messages; terminals are still asked for their state.
    for descriptor in [Int32(0), 1] where !own.contains(descriptor) {
      if !relayed.contains(descriptor), isatty(descriptor) == 0 {
        laforge_descriptor_let_go(descriptor)
      }
    }
  }

  func closeAll() {
    closeChildEnds()
    for relay in relays { close(relay.source) }
    relays = []
  }

  /// A full-screen program on a terminal gets everything itself; any other command whose output is
  /// the terminal gets a pseudo-terminal.
  private static func route(
    _ options: AgentOptions, _ descriptors: (Int32, Int32, Int32), _ terminal: ControllingTerminal
  ) -> OutputRoute {
    switch options.capture {
    case .none: .direct
    case .pty: .pty
    case .auto:
      // Another terminal than the one that controls LaForge is only written to.
      if !terminal.isSame(as: descriptors.1) {
        .pipe
      } else {
        options.isFullScreen ? .direct : .pty
      }
    }
  }

  // MARK: - Pipes

  private func connectPipes() throws(AgentLaunchError) {
    if Self.isRelayed(childDescriptors.1) {
      childDescriptors.1 = try makePipe(.standardOutput, sink: 1)
    }
    if childDescriptors.2 >= 0, childDescriptors.1 != 1, Self.areOnePipe(1, 2) {
      // `2>&1`: one pipe keeps the order in which the command writes to the two.
      childDescriptors.2 = childDescriptors.1
      relays[0].isBoth = true
    } else if Self.isRelayed(childDescriptors.2) {
      childDescriptors.2 = try makePipe(.standardError, sink: 2)
    }
  }

  private func makePipe(
    _ stream: AgentStream, sink: Int32
  ) throws(AgentLaunchError) -> Int32 {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw AgentLaunchError(function: "pipe", errorNumber: errno)
    }
    for end in ends { _ = laforge_set_close_on_exec(end) }
    laforge_enlarge_pipe(ends[0], Int32(RelayedStream.capacity))
    relays.append(Relay(stream: stream, source: ends[0], sink: sink))
    childEnds.append(ends[1])
    return ends[1]
  }

  /// A terminal is handed over untouched, and so is a descriptor that the caller had closed.
  private static func isRelayed(_ descriptor: Int32) -> Bool {
    descriptor >= 0 && isatty(descriptor) == 0
  }

  // MARK: - A pseudo-terminal

  /// The command's own terminal takes the place of the caller's wherever that stands; standard error
  /// that goes elsewhere stays apart.
  private func connectTerminal(_ terminal: ControllingTerminal) throws(AgentLaunchError) {
    guard let pseudoTerminal else { preconditionFailure("a route by terminal has no terminal") }
    let isError = terminal.isSame(as: childDescriptors.2)
    if terminal.isSame(as: childDescriptors.0) { childDescriptors.0 = pseudoTerminal.slave }
    if childDescriptors.1 >= 0 {
      // The stream closes its descriptor on its own; typing needs another.
      let source = laforge_duplicate(pseudoTerminal.master)
      guard source >= 0 else { throw AgentLaunchError(function: "dup", errorNumber: errno) }
      relays.append(
        Relay(stream: .standardOutput, source: source, sink: 1, isTerminal: true))
      let isOneWithError = childDescriptors.2 >= 0 && Self.areOnePipe(1, 2)
      let isOnTerminal = isError && terminal.isSame(as: childDescriptors.1)
      childDescriptors.1 = pseudoTerminal.slave
      if isOneWithError || isOnTerminal { childDescriptors.2 = pseudoTerminal.slave }
    }
    if childDescriptors.2 == 2, Self.isRelayed(2) {
      childDescriptors.2 = try makePipe(.standardError, sink: 2)
    }
  }

  /// Whether two descriptors are the same pipe, socket or file, as after `2>&1`.
  ///
  /// A device such as `/dev/null` does not count: nobody sees an order there.
  private static func areOnePipe(_ left: Int32, _ right: Int32) -> Bool {
    var first = stat()
    var second = stat()
    guard fstat(left, &first) == 0, fstat(right, &second) == 0 else { return false }
    let kind = first.st_mode & S_IFMT
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino
      && kind != S_IFCHR && kind != S_IFBLK
  }
}
