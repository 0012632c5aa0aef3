import Synchronization

/// Kills the processes of a test that run for too long, so that whoever reads from them gets an end.
final class TimeLimit: Sendable {
  private let found: Found
  private let timer: Task<Void, Never>

  /// What ran when the limit was reached; `nil` while it was not.
  private final class Found: Sendable {
    let members = Mutex<[TestProcesses.Member]?>(nil)
  }

  /// Begins to count.
  init(_ seconds: Int, for processes: TestProcesses) {
    let found = Found()
    self.found = found
    timer = Task {
      do { try await Task.sleep(for: .seconds(seconds)) } catch { return }
      let members = processes.members()
      // First noted: the reader gets its end while they are killed.
      found.members.withLock { $0 = members }
      processes.kill()
    }
  }

  /// Stops counting and returns what ran when the limit was reached; `nil` where it was not.
  func stop() -> [TestProcesses.Member]? {
    timer.cancel()
    return found.members.withLock { $0 }
  }
}

/// A process of a test was waited for too long, and was killed with all that belong to it.
package struct Overdue: Error, CustomStringConvertible {
  package var description: String

  init(_ command: [String], seconds: Int, running: [TestProcesses.Member], output: CommandOutput) {
    description = """
      The end of this command did not come within \(seconds) s: \(command.joined(separator: " "))
      These processes of the test were there, and were killed:
      \(running.map(\.description).joined(separator: "\n"))
      It had printed:
      \(output)
      """
  }
}
