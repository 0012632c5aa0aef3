import CLaForgeSupport
import Glibc
import LaForgeCore
import SystemPackage

/// A command's process from the moment it exists to the moment it has been reaped.
final class HeldProcess: HeldAgent {
  let process: AgentProcess
  private var agent: laforge_agent
  private let plumbing: Plumbing
  private let signals: Int32
  private let terminal: ControllingTerminal
  private let usageFile: UsageFile?
  private let options: AgentOptions
  private let outputFolder: FilePath
  private let processes: ProcessTable
  private let now: () -> Int64

  init(
    agent: laforge_agent, plumbing: Plumbing, signals: Int32, terminal: ControllingTerminal,
    usageFile: UsageFile?, options: AgentOptions, outputFolder: FilePath, processes: ProcessTable,
    now: @escaping () -> Int64
  ) {
    self.agent = agent
    self.plumbing = plumbing
    self.signals = signals
    self.terminal = terminal
    self.usageFile = usageFile
    self.options = options
    self.outputFolder = outputFolder
    self.processes = processes
    self.now = now
    process = processes.identify(agent.pid)
  }

  var route: OutputRoute { plumbing.route }

  func abandon() {
    laforge_agent_abandon(&agent)
    plumbing.closeAll()
    usageFile?.remove()
    laforge_signals_restore()
  }

  func release(
    as step: StepID, observe: (AgentEvent) -> EndReason?
  ) -> AgentOutcome {
    let log = options.output.flatMap { limits in
      plumbing.relays.isEmpty ? nil : OutputLog(of: step, in: outputFolder, limits: limits)
    }
    let error = laforge_agent_release(&agent, String(step.rawValue))
    plumbing.letGoOfHandedOver(except: options.ownDescriptors)
    var loop = RelayLoop(
      agent: agent, plumbing: plumbing, signals: signals, terminal: terminal,
      options: options, log: log, processes: processes, now: now)
    var printed: Int64 = 0
    let end = loop.run { event in
      if case .output(_, let bytes) = event { printed += Int64(bytes.count) }
      return observe(event)
    }
    let usage = usageFile?.contents()
    usageFile?.remove()
    let kept = log?.finish() ?? (0, 0)
    let output = StepOutput(
      route: route, printedBytes: printed, keptBytes: kept.0, diskBytes: kept.1)
    // The signals stay caught: a second Ctrl-C must not end LaForge before the step is recorded.
    guard error == 0 else {
      let failure = AgentLaunchError(function: "execvp", errorNumber: error)
      return AgentOutcome(
        termination: .exited(failure.exitStatus), endedBy: .exit, launchFailure: failure,
        output: output)
    }
    var outcome = AgentOutcome(
      termination: end.termination, endedBy: end.reason, usageFile: usage,
      leftOutputOpen: end.leftOpen, outputFailures: end.failures, resources: end.resources,
      stoppedMilliseconds: end.stopped, output: output, keepingFailure: log?.failure?.rawValue)
    outcome.typedSignal = end.typedSignal
    if case .exited(0) = end.termination { outcome.lossStatus = end.lossStatus }
    return outcome
  }
}
