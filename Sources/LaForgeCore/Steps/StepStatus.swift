/// Where a step stands.
public enum StepStatus: String, Codable, CaseIterable, Sendable {
  /// The agent has not ended yet.
  case running
  /// The agent exited with status 0.
  case completed
  /// The agent exited with another status, or a signal ended it.
  case failed
  /// LaForge itself died before it could record the end; shown to people as "cut off".
  case interrupted
}

/// What ended a step.
public enum EndReason: String, Codable, CaseIterable, Sendable {
  /// The agent exited by itself.
  case exit
  /// A signal from elsewhere ended the agent.
  case signal
  /// `--timeout` ran out.
  case timeout
  /// `--idle-timeout` ran out.
  case idleTimeout = "idle_timeout"
  /// The run passed `--max-cost`.
  case maxCost = "max_cost"
  /// A person ended it from the keyboard or with `undo --stop`.
  case user
  /// LaForge died; how the agent ended is unknown.
  case cutOff = "cut_off"
  /// The agent ended it with `laforge step end`; the agent itself goes on.
  case stepEnd = "step_end"
  /// The agent began another step without having ended it.
  case nextStep = "next_step"
  /// The agent's session ended, and the agent had not ended the step.
  case sessionEnd = "session_end"
}

/// How a process ended, as `wait4(2)` tells it, or how an agent says that its work went.
public enum TerminationStatus: Hashable, Codable, Sendable {
  /// The process called `exit` with this status, 0 to 255.
  case exited(Int32)
  /// This signal ended the process.
  case signaled(Int32)
  /// No process ended; whoever ended the step said whether it went well.
  case reported(success: Bool)

  /// What a shell reports for it: the exit status, or 128 plus the signal's number; 0 or 1 where no
  /// process ended.
  public var shellStatus: Int32 {
    switch self {
    case .exited(let status): status
    case .signaled(let signal): 128 + signal
    case .reported(let success): success ? 0 : 1
    }
  }

  /// Whether the agent did not end by itself: LaForge ended it, or a signal did, or one did with
  /// the process whose end it passes on as a shell does.
  package func isKilled(by reason: EndReason) -> Bool {
    guard reason == .exit || reason == .stepEnd else { return true }
    return switch self {
    case .signaled: true
    case .reported: false
    // Hangup, interrupt, quit, kill and termination.
    case .exited(let status): [129, 130, 131, 137, 143].contains(status)
    }
  }

  /// Whether the process exited with status 0, or is said to have done well.
  public var isSuccess: Bool { shellStatus == 0 }
}

/// What is known of a state before or after a step.
public enum RecordedState: String, Codable, CaseIterable, Sendable {
  /// HEAD says it all: nothing was uncommitted.
  case clean
  /// The uncommitted part is kept as a snapshot.
  case snapshot
  /// Taken by a later command after LaForge was killed; it may hold later edits.
  case late
  /// Not taken.
  case unknown
}
