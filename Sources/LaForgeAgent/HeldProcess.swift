import CLaForgeSupport
import Glibc
import LaForgeCore

/// A command's process from the moment it exists to the moment it has been reaped.
final class HeldProcess: HeldAgent {
  let process: AgentProcess
  private var agent: laforge_agent
  private let plumbing: Plumbing
  private let signals: Int32
  private let terminal: ControllingTerminal
  private let usageFile: UsageFile?

  init(
    agent: laforge_agent, process: AgentProcess, plumbing: Plumbing, signals: Int32,
    terminal: ControllingTerminal, usageFile: UsageFile?
  ) {
    self.agent = agent
    self.process = process
    self.plumbing = plumbing
    self.signals = signals
    self.terminal = terminal
    self.usageFile = usageFile
  }

  func abandon() {
    laforge_agent_abandon(&agent)
    plumbing.closeAll()
    usageFile?.remove()
    laforge_signals_restore()
  }

  func release(as step: StepID, observe: (AgentEvent) -> Void) -> AgentOutcome {
    let error = laforge_agent_release(&agent, String(step.rawValue))
    var loop = RelayLoop(
      agent: agent.pid, plumbing: plumbing, signals: signals, terminal: terminal)
    let end = loop.run(observe: observe)
    let usage = usageFile?.contents()
    usageFile?.remove()
    // The signals stay caught: a second Ctrl-C must not end LaForge before the step is recorded.
    guard error == 0 else {
      let failure = AgentLaunchError(function: "execvp", errorNumber: error)
      return AgentOutcome(
        termination: .exited(failure.exitStatus), endedBy: .exit, launchFailure: failure)
    }
    return AgentOutcome(
      termination: end.termination, endedBy: end.reason, usageFile: usage,
      leftOutputOpen: end.leftOpen, outputFailures: end.failures)
  }
}
