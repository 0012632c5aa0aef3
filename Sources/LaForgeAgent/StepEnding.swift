import CLaForgeSupport
import Glibc
package import LaForgeCore

/// Ends a run from another process, as a time limit would.
package enum StepEnding {
  /// Asks the LaForge that records a step to end it; it returns at once.
  ///
  /// The corresponding C function is `sigqueue`.
  ///
  /// - Returns: Whether the process could be asked.
  package static func request(of recorder: Int32) -> Bool { laforge_signals_request_stop(recorder) }

  /// Ends what is left of an agent whose LaForge is gone: SIGTERM, and SIGKILL where that is not
  /// enough.
  ///
  /// - Parameters:
  ///   - process: The agent.
  ///   - grace: How long it has to end, in milliseconds.
  package static func end(_ process: AgentProcess, grace: Int64) {
    let processes = ProcessTable()
    guard processes.isAlive(process) else { return }
    kill(-process.pid, SIGTERM)
    kill(-process.pid, SIGCONT)
    var left = grace
    while processes.isAlive(process) {
      guard left > 0 else {
        kill(-process.pid, SIGKILL)
        return
      }
      usleep(50_000)
      left -= 50
    }
  }
}
