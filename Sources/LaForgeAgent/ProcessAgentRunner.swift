import CLaForgeSupport
import Glibc
package import LaForgeCore
package import SystemPackage

/// Starts commands as child processes with process groups of their own.
package struct ProcessAgentRunner: AgentRunner {
  private let environment: [[UInt8]]
  private let temporaryDirectory: String
  private let closedDescriptors: Set<Int32>
  private let outputFolder: FilePath
  private let now: () -> Int64
  private let processes = ProcessTable()

  /// - Parameters:
  ///   - environment: The caller's environment, a `NAME=value` each.
  ///   - temporaryDirectory: Where the file named by `LAFORGE_USAGE_FILE` is made.
  ///   - closedDescriptors: Those of 0, 1 and 2 that the caller had closed.
  ///   - outputFolder: Where the output of steps is kept.
  ///   - now: A monotonic clock, in milliseconds.
  package init(
    environment: [[UInt8]], temporaryDirectory: String, closedDescriptors: Set<Int32>,
    outputFolder: FilePath, now: @escaping () -> Int64
  ) {
    self.environment = environment
    self.temporaryDirectory = temporaryDirectory
    self.closedDescriptors = closedDescriptors
    self.outputFolder = outputFolder
    self.now = now
  }

  package func hold(
    _ command: AgentCommand, storeID: String, options: AgentOptions
  ) throws(AgentLaunchError) -> any HeldAgent {
    let signals = laforge_signals_catch()
    guard signals >= 0 else { throw AgentLaunchError(function: "pipe", errorNumber: errno) }
    let usageFile = UsageFile(in: temporaryDirectory) ?? UsageFile(in: "/tmp")
    let terminal = ControllingTerminal()
    do throws(AgentLaunchError) {
      let plumbing = try Plumbing(
        options, closedDescriptors: closedDescriptors, terminal: terminal)
      let names = plumbing.pseudoTerminal.flatMap { own in
        terminal.name.map { (own: own.name, callers: $0) }
      }
      let environment = AgentEnvironment(
        inheriting: environment, storeID: storeID, usageFile: usageFile?.path, terminal: names)
      let agent = try Self.hold(
        command, environment: environment, plumbing: plumbing, terminal: terminal)
      plumbing.closeChildEnds()
      return HeldProcess(
        agent: agent, plumbing: plumbing, signals: signals, terminal: terminal,
        usageFile: usageFile, options: options, outputFolder: outputFolder, processes: processes,
        now: now)
    } catch {
      usageFile?.remove()
      laforge_signals_restore()
      throw error
    }
  }

  private static func hold(
    _ command: AgentCommand, environment: AgentEnvironment, plumbing: Plumbing,
    terminal: ControllingTerminal
  ) throws(AgentLaunchError) -> laforge_agent {
    let arguments = CStringArray(command.words)
    let variables = CStringArray(environment.variables)
    // The child works on its own copies of these after the fork; ours are freed here.
    defer {
      arguments.free()
      variables.free()
    }
    guard let slot = variables.pointers[environment.stepIndex] else {
      preconditionFailure("the environment has no place for the step's number")
    }
    var agent = laforge_agent()
    var function: UnsafePointer<CChar>?
    var session = plumbing.pseudoTerminal?.session ?? laforge_session()
    let error = withUnsafePointer(to: &session) { session in
      var start = laforge_agent_start(
        argv: UnsafePointer(arguments.pointers.baseAddress),
        envp: variables.pointers.baseAddress, descriptors: plumbing.childDescriptors,
        terminal: foreground(plumbing, terminal),
        session: plumbing.pseudoTerminal == nil ? nil : session,
        message: slot + AgentEnvironment.stepPrefix.utf8.count,
        message_capacity: AgentEnvironment.stepCapacity)
      return laforge_agent_hold(&start, &agent, &function)
    }
    guard error == 0 else {
      plumbing.closeAll()
      throw AgentLaunchError(
        function: function.map { String(cString: $0) } ?? "fork", errorNumber: error)
    }
    return agent
  }

  /// The terminal whose foreground the command gets at its start; -1 for none.
  private static func foreground(_ plumbing: Plumbing, _ terminal: ControllingTerminal) -> Int32 {
    guard let own = plumbing.pseudoTerminal else {
      return terminal.isLentAtStart ? terminal.descriptor : -1
    }
    return own.isForeground ? own.slave : -1
  }
}
