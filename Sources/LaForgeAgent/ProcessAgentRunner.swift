import CLaForgeSupport
import Glibc
package import LaForgeCore

/// Starts commands as child processes with process groups of their own.
///
/// A terminal on standard output or standard error is handed to the command untouched; anything
/// else is relayed byte for byte while it is read.
package struct ProcessAgentRunner: AgentRunner {
  private let environment: [[UInt8]]
  private let temporaryDirectory: String
  private let closedDescriptors: Set<Int32>
  private let processes = ProcessTable()

  /// - Parameters:
  ///   - environment: The caller's environment, a `NAME=value` each.
  ///   - temporaryDirectory: Where the file named by `LAFORGE_USAGE_FILE` is made.
  ///   - closedDescriptors: Those of 0, 1 and 2 that the caller had closed.
  package init(
    environment: [[UInt8]], temporaryDirectory: String, closedDescriptors: Set<Int32>
  ) {
    self.environment = environment
    self.temporaryDirectory = temporaryDirectory
    self.closedDescriptors = closedDescriptors
  }

  package func hold(
    _ command: AgentCommand, storeID: String
  ) throws(AgentLaunchError) -> any HeldAgent {
    let signals = laforge_signals_catch()
    guard signals >= 0 else { throw AgentLaunchError(function: "pipe", errorNumber: errno) }
    let usageFile = UsageFile(in: temporaryDirectory) ?? UsageFile(in: "/tmp")
    let terminal = ControllingTerminal()
    do throws(AgentLaunchError) {
      let plumbing = try Plumbing(closedDescriptors: closedDescriptors)
      let environment = AgentEnvironment(
        inheriting: environment, storeID: storeID, usageFile: usageFile?.path)
      let agent = try Self.hold(
        command, environment: environment, plumbing: plumbing, terminal: terminal)
      plumbing.closeChildEnds()
      return HeldProcess(
        agent: agent, process: processes.identify(agent.pid), plumbing: plumbing,
        signals: signals, terminal: terminal, usageFile: usageFile)
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
    var start = laforge_agent_start(
      argv: UnsafePointer(arguments.pointers.baseAddress), envp: variables.pointers.baseAddress,
      descriptors: plumbing.childDescriptors,
      terminal: terminal.isLentAtStart ? terminal.descriptor : -1,
      message: slot + AgentEnvironment.stepPrefix.utf8.count,
      message_capacity: AgentEnvironment.stepCapacity)
    var agent = laforge_agent()
    var function: UnsafePointer<CChar>?
    let error = laforge_agent_hold(&start, &agent, &function)
    guard error == 0 else {
      plumbing.closeAll()
      throw AgentLaunchError(
        function: function.map { String(cString: $0) } ?? "fork", errorNumber: error)
    }
    return agent
  }
}
