import LaForgeCore

extension EndReason {
  /// The option of `laforge run` whose limit ended the step; `nil` where none did.
  var limitOption: String? {
    switch self {
    case .timeout: "--timeout"
    case .idleTimeout: "--idle-timeout"
    case .maxCost: "--max-cost"
    case .exit, .signal, .user, .cutOff, .stepEnd, .nextStep, .sessionEnd: nil
    }
  }
}

/// What a step's parts are called in every text.
extension Step {
  /// `ok`, `exit 1`, `SIGTERM`, `timeout`, `running`, `cut off`, `failed`, `not ended`.
  var resultText: String {
    switch (status, end) {
    case (.running, _): "running"
    case (.interrupted, _), (_, nil): "cut off"
    case (_, let end?):
      switch end.endedBy {
      case .timeout: "timeout"
      case .idleTimeout: "idle"
      case .maxCost: "max cost"
      case .nextStep, .sessionEnd: "not ended"
      case .exit, .signal, .user, .cutOff, .stepEnd: end.termination.resultText
      }
    }
  }

  /// Whether the step ended otherwise than well.
  var isFailure: Bool { status == .failed || status == .interrupted }

  /// `S7`, or `(S7)` for a rolled-back step.
  var idText: String { isActive ? "\(id)" : "(\(id))" }

  /// The name of its agent.
  var agentText: String { TerminalText.clean(agentConfiguration.agent ?? "?") }

  /// What the step was about: its label, else the first argument that reads like a prompt, else
  /// the arguments.
  var purposeText: String {
    let text =
      start.label ?? start.command.dropFirst().first { $0.contains(" ") }
      ?? (start.command.count > 1
        ? ShellWords.join(Array(start.command.dropFirst())) : start.command.first ?? "")
    let within = start.enclosing.map { "in \($0): " } ?? ""
    return within + TerminalText.clean(text)
  }

  /// The command as one would type it.
  var commandText: String { TerminalText.clean(ShellWords.join(start.command)) }

  /// The command by which a person puts an end to it while it runs.
  var stoppingCommand: String {
    isBegun ? "laforge step end \(id.rawValue)" : "laforge undo --stop"
  }

  /// Whether an agent began it that LaForge did not start.
  var isBegun: Bool { start.agentProcess?.leadsGroup == false }

  /// How long it ran; `nil` where that is unknown.
  ///
  /// A running step is measured up to now.
  func durationMilliseconds(now: Timestamp) -> Int64? {
    if let end { return end.durationMilliseconds }
    guard status == .running else { return nil }
    return max(0, now.millisecondsSince1970 - start.startTime.millisecondsSince1970)
  }

  /// What a step changed that changed no file and made no commit.
  var otherChange: String {
    if end?.headAfter != start.headBefore { return "only HEAD moved" }
    if end?.droppedStashes.isEmpty == false { return "only the stash changed" }
    if end?.referenceMoves.isEmpty == false { return "only branches or tags moved" }
    return "only the index or the like changed"
  }

  /// Whether it ended well and nothing that was recorded says that it changed or used anything.
  var isEmpty: Bool {
    guard status == .completed, let end, end.tokenUsage?.isUnknown != false else { return false }
    return end.headAfter == start.headBefore && end.commits == [] && end.changes == .some(.none)
  }
}

extension TerminationStatus {
  /// `ok`, `exit 1`, `SIGTERM`, `failed`.
  var resultText: String {
    switch self {
    case .exited(0): "ok"
    case .exited(let status): "exit \(status)"
    case .signaled(let signal): Readable.signal(signal)
    case .reported(let success): success ? "ok" : "failed"
    }
  }
}

extension TokenUsage {
  /// The figure that counts a step's tokens as a whole, and whether more may have been used.
  var totalText: String? {
    guard let count = totalTokens ?? completionTokens ?? promptTokens else { return nil }
    return Readable.count(count)
  }

  /// Whether the figures are a lower bound.
  var isPartial: Bool { isComplete == false }
}

extension ChangeSummary {
  /// `3 files +40 -2`.
  var text: String { "\(Counted(filesChanged, "file")) +\(insertions) -\(deletions)" }
}
