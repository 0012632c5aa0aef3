package import LaForgeCore

/// Tells when a run is to be told to end, and when to be killed: a pure function of the events.
///
/// Times are monotonic, in milliseconds; while the command is stopped they stand still.
package struct LimitWatch: Equatable, Sendable {
  /// What is to be done with the command's process group.
  package enum Step: Equatable, Sendable {
    /// SIGTERM.
    case terminate
    /// SIGKILL.
    case kill
  }

  private let limits: RunLimits
  private let start: Int64
  private var lastOutput: Int64
  /// How long the command was stopped so far.
  package private(set) var stopped: Int64 = 0
  /// Why the command was told to end; `nil` while it was not.
  package private(set) var reason: EndReason?
  private var killTime: Int64?

  package init(_ limits: RunLimits, start: Int64) {
    self.limits = limits
    self.start = start
    lastOutput = start
  }

  /// The command printed something.
  package mutating func noteOutput(at now: Int64) { lastOutput = now }

  /// The command was stopped for a time.
  package mutating func noteStop(from beginning: Int64, to end: Int64) {
    let duration = max(0, end - beginning)
    stopped += duration
    lastOutput += duration
    killTime = killTime.map { $0 + duration }
  }

  /// Somebody else has told the command to end, by SIGTERM or SIGHUP: it has the same time for it.
  package mutating func noteEndRequest(at now: Int64) {
    if killTime == nil { killTime = now + limits.grace }
  }

  /// Ends the run for a reason that does not lie in the time; the first one counts.
  ///
  /// - Returns: Whether the command is to be told now.
  package mutating func end(for reason: EndReason, at now: Int64) -> Bool {
    guard self.reason == nil else { return false }
    self.reason = reason
    noteEndRequest(at: now)
    return true
  }

  /// When something is due next; `nil` for never.
  package var due: Int64? {
    if let killTime { return killTime }
    guard reason == nil else { return nil }
    return [timeoutTime, idleTime].compactMap { $0 }.min()
  }

  /// Returns what is due, once.
  package mutating func next(at now: Int64) -> Step? {
    if let time = killTime {
      guard now >= time else { return nil }
      // Once is enough: no process survives it.
      killTime = .max
      return .kill
    }
    let reason: EndReason
    if let time = timeoutTime, now >= time {
      reason = .timeout
    } else if let time = idleTime, now >= time {
      reason = .idleTimeout
    } else {
      return nil
    }
    return end(for: reason, at: now) ? .terminate : nil
  }

  private var timeoutTime: Int64? { limits.timeout.map { start + stopped + $0 } }
  private var idleTime: Int64? { limits.idleTimeout.map { lastOutput + $0 } }
}
