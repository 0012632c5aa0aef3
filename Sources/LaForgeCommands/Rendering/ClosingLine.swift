import LaForgeCore

/// The line that a run ends with.
struct ClosingLine {
  let step: Step
  /// What may have ended the run.
  var limits = RunLimits()

  /// The line, wrapped to `columns` and ended by a newline.
  func text(columns: Int?, style: Style) -> String {
    guard let end = step.end else { return "" }
    let duration = Readable.duration(milliseconds: end.durationMilliseconds)
    let head: String
    switch end.termination {
    case let other where other.isSuccess && stopped(end) == nil:
      head = "\(step.id) ok, \(duration)"
    case .reported: head = "\(step.id) \(step.resultText), \(duration)"
    case let other where stopped(end) != nil:
      head = "\(step.id) stopped \(stopped(end) ?? ""), \(other.resultText)"
    case let other:
      let verb = end.endedBy == .user ? "stopped" : "failed"
      head = "\(step.id) \(verb) (\(other.resultText)), \(duration)"
    }
    let line = "\(head): \(facts(end).joined(separator: ", "))"
    let hint = canBeUndone && !step.isFailure ? "  (`laforge undo`)" : ""
    var text = TerminalText.wrap(line + hint, columns: columns)
    if step.isFailure { text = style.failure(text) }
    if canBeUndone, step.isFailure {
      text += "\n" + TerminalText.wrap(Self.waysOut, columns: columns)
    }
    return text + "\n"
  }

  /// What limit ended the run: `after 10m (--timeout)`.
  private func stopped(_ end: StepCompletion) -> String? {
    let duration = Readable.duration(milliseconds: end.durationMilliseconds)
    guard let option = end.endedBy.limitOption else { return nil }
    let limit: String? =
      switch end.endedBy {
      case .timeout: limits.timeout.map(Readable.duration)
      case .idleTimeout: limits.idleTimeout.map(Readable.duration)
      default: limits.maximumCost.map { Readable.cost($0) }
      }
    return "after \(duration) (\(option)\(limit.map { " \($0)" } ?? ""))"
  }

  private static let waysOut =
    "   `laforge diff` shows what it changed, `laforge undo` takes it back."

  /// Whether there is something that `undo` would take out.
  private var canBeUndone: Bool {
    step.start.enclosing == nil && step.stateAfter != nil && !step.changedNothing
  }

  private func facts(_ end: StepCompletion) -> [String] {
    var facts: [String] = []
    if let changes = end.changes, changes != .none { facts.append(changes.text) }
    switch end.commits?.count {
    case nil: facts.append("changes unknown")
    case 0 where step.changedNothing: facts.append("nothing changed")
    case 0 where end.changes == .some(.none): facts.append(step.otherChange)
    case 0: facts.append("no commit")
    case let count?: facts.append("\(Counted(count, "commit"))")
    }
    if end.agentReportedError == true, end.termination.isSuccess {
      facts.append("the agent reports an error")
    }
    guard let usage = end.tokenUsage else { return facts }
    let atLeast = usage.isPartial ? "at least " : ""
    if let tokens = usage.totalText { facts.append("\(atLeast)\(tokens) tokens") }
    facts.append(usage.cost.map { "\(atLeast)\(Readable.cost($0))" } ?? "cost unknown")
    return facts
  }
}
