import Foundation
import LaForgeCore

/// The text of `laforge show`.
struct StepDetails {
  let step: Step
  let isUTC: Bool
  let now: Timestamp
  /// The worktree that LaForge was called in.
  let worktree: String
  /// Shortens a commit's id as git does.
  let abbreviate: (ObjectID) -> String
  /// Its commits with what became of them.
  var commits: [CommitFate] = []

  /// How many things a row names before it only counts them.
  private static let named = 6

  /// The lines, ended by a newline each.
  func text(width: Int?, style: Style) -> String {
    let head = "\(step.id)  \(outcome)"
    let title = step.isFailure ? style.failure(head) : style.heading(head)
    let lines =
      ["\(title)\(commandBeside(head, width: width))"]
      + FactRows.lines(facts, indent: 12, width: width)
    return lines.map { $0 + "\n" }.joined()
  }

  private var outcome: String {
    switch (step.status, step.end) {
    case (.running, _): return "running"
    case (.interrupted, _), (_, nil): return "cut off"
    case (_, let end?):
      if let limit = end.endedBy.limitOption {
        return "stopped by \(limit), \(end.termination.resultText)"
      }
      if end.termination.isSuccess { return "ok" }
      if case .reported = end.termination { return step.resultText }
      return "\(end.endedBy == .user ? "stopped" : "failed"), \(end.termination.resultText)"
    }
  }

  /// The command at the right margin of a terminal, cut to the room beside the title.
  private func commandBeside(_ head: String, width: Int?) -> String {
    guard let width else { return "" }
    let room = width - TerminalText.width(head) - 4
    guard room >= 12 else { return "" }
    let command = TerminalText.truncate(step.commandText, to: min(room, width / 2))
    return TerminalText.pad(command, to: width - TerminalText.width(head), alignedRight: true)
  }

  private var facts: [(name: String, text: String)] {
    var facts: [(name: String, text: String)] = [("command", step.commandText), ("ran", ran)]
    if let label = step.start.label { facts.append(("label", label)) }
    if let enclosing = step.start.enclosing { facts.append(("within", "\(enclosing)")) }
    facts.append(
      ("before", describe(step.start.headBefore) + uncommitted(step.start.stateBefore)))
    if step.status == .interrupted {
      let late = step.late.map { "\(describe($0.head)), as a later command found it" }
      facts.append(("after", late ?? "unknown: LaForge was killed while the step ran"))
    }
    if let end = step.end { facts += describe(end) } else { facts += commitFacts }
    if let model = step.agentConfiguration.model { facts.append(("model", model)) }
    if !step.agentConfiguration.metadata.isEmpty { facts.append(("meta", metadata)) }
    if !step.overlaps.isEmpty {
      facts.append(("overlaps", step.overlaps.map(\.description).joined(separator: ", ")))
    }
    let uncovered = (step.start.leftOut ?? []).filter { $0.reason != .ignored }
    if !uncovered.isEmpty {
      facts.append(("not kept", uncovered.text(atMost: Self.named)))
    }
    facts.append(("state", state))
    return facts
  }

  private var ran: String {
    let start = CalendarTime(step.start.startTime, isUTC: isUTC).long
    var duration = step.durationMilliseconds(now: now).map { Readable.duration(milliseconds: $0) }
    if let active = step.end?.activeMilliseconds, let whole = step.end?.durationMilliseconds,
      whole - active >= 1000
    {
      duration? += ", of that \(Readable.duration(milliseconds: active)) active"
    }
    if let resources = step.end?.resources { duration? += machine(resources) }
    var place = step.start.directory.isEmpty ? "" : ", in \(step.start.directory)/"
    if step.start.worktree != worktree { place += ", worktree \(step.start.worktreePath)" }
    return "\(start), \(duration ?? "for an unknown time")\(place)"
  }

  /// Returns ` (CPU 9.1s, 202 MiB)`.
  private func machine(_ resources: ResourceUsage) -> String {
    let time = resources.userMilliseconds + resources.systemMilliseconds
    let memory = resources.peakMemoryBytes.map { ", \(Readable.size($0))" } ?? ""
    return " (CPU \(Readable.duration(milliseconds: time))\(memory))"
  }

  private func describe(_ head: Head) -> String {
    let commit = head.commit.map(abbreviate) ?? "(no commit yet)"
    return "\(head.shortBranch ?? "detached HEAD") \(commit)"
  }

  private func describe(_ end: StepCompletion) -> [(name: String, text: String)] {
    var facts: [(name: String, text: String)] = []
    let after = end.headAfter.map { describe($0) + uncommitted(end.stateAfter) }
    facts.append(("after", after ?? "unknown: HEAD could not be read"))
    facts.append(("changed", changes(end)))
    facts += commitFacts
    facts += moves(end)
    if let lost = end.lost, step.start.stateBefore == .snapshot {
      let isAllCovered = step.start.leftOut?.isEmpty ?? true
      let nothing = "nothing of your uncommitted work" + (isAllCovered ? "" : " that is covered")
      facts.append(("lost", lost.isEmpty ? nothing : self.lost(lost)))
    }
    facts += usage(end)
    if let output = end.output, let text = describe(output) { facts.append(("output", text)) }
    if end.agentReportedError == true { facts.append(("agent", "reports that it failed")) }
    return facts
  }

  /// A row for all commits; where something became of one, a row each.
  private var commitFacts: [(name: String, text: String)] {
    guard !commits.isEmpty else { return [] }
    let texts = commits.map { $0.text(abbreviate: abbreviate) }
    if commits.allSatisfy(\.isUnchanged) {
      return [("commits", Readable.list(texts, atMost: Self.named))]
    }
    let rest = texts.count - Self.named
    let more = rest > 0 ? ["and \(rest) more  (`laforge log --all --commits`)"] : []
    return (texts.prefix(Self.named) + more).enumerated().map { index, text in
      (index == 0 ? "commits" : "", text)
    }
  }

  private func uncommitted(_ state: RecordedState) -> String {
    switch state {
    case .clean: ""
    case .snapshot, .late: " + uncommitted"
    case .unknown: ", uncommitted work not recorded"
    }
  }

  private func lost(_ lost: [LostWork]) -> String {
    Readable.list(lost.map { "\($0.path) (\($0.kind.rawValue))" }, atMost: Self.named)
      + "  (`laforge restore \(step.id.rawValue) --lost`)"
  }

  /// References that the step moved, but for the branch that it was on.
  private func moves(_ end: StepCompletion) -> [(name: String, text: String)] {
    let others = end.referenceMoves.filter {
      $0.name != step.start.headBefore.branch || $0.new == nil
    }
    guard !others.isEmpty || !end.droppedStashes.isEmpty else { return [] }
    var texts = others.map { move in
      let verb = move.old == nil ? "made" : move.new == nil ? "deleted" : "moved"
      return "\(verb) \(move.name)"
    }
    if !end.droppedStashes.isEmpty {
      texts.append("dropped \(end.droppedStashes.count) of the stash")
    }
    return [("refs", Readable.list(texts, atMost: Self.named))]
  }

  private func changes(_ end: StepCompletion) -> String {
    guard let changes = end.changes, let commits = end.commits else { return "unknown" }
    if step.changedNothing { return "nothing" }
    let made = commits.isEmpty ? "no commit" : "\(Counted(commits.count, "commit"))"
    if changes == .none { return commits.isEmpty ? step.otherChange : made }
    return "\(Counted(changes.filesChanged, "file")), +\(changes.insertions)"
      + " -\(changes.deletions); \(made)  (`laforge diff \(step.id.rawValue)`)"
  }

  private func usage(_ end: StepCompletion) -> [(name: String, text: String)] {
    guard let usage = end.tokenUsage else {
      return [("tokens", "not reported"), ("cost", "not reported")]
    }
    var facts: [(name: String, text: String)] = [("tokens", tokens(usage))]
    if let provenance = provenance(usage) { facts.append(("", provenance)) }
    facts.append(("cost", usage.costText(exact: false) ?? "not reported"))
    return facts
  }

  private func tokens(_ usage: TokenUsage) -> String {
    guard let total = usage.totalText else {
      return "not reported" + (usage.incompleteReason.map { ": \($0)" } ?? "")
    }
    var parts: [String] = []
    func add(_ count: Int64?, _ name: String) {
      if let count { parts.append("\(Readable.count(count)) \(name)") }
    }
    if usage.inputTokens == nil { add(usage.promptTokens, "prompt") }
    add(usage.inputTokens, "input")
    add(usage.cacheReadTokens, "cache read")
    add(usage.cacheCreationTokens, "cache write")
    let reasoning = usage.reasoningTokens.map { " (\(Readable.count($0)) reasoning)" } ?? ""
    add(usage.outputTokens, "output\(reasoning)")
    let atLeast = usage.isPartial ? "at least " : ""
    return "\(atLeast)\(total)" + (parts.isEmpty ? "" : ": \(parts.joined(separator: ", "))")
  }

  private func provenance(_ usage: TokenUsage) -> String? {
    guard let source = usage.source.map({ "from \($0.text)" }) else { return nil }
    guard usage.isPartial else { return source }
    return source + "; incomplete" + (usage.incompleteReason.map { ": \($0)" } ?? "")
  }

  /// How much of the output was kept; `nil` where there was none.
  private func describe(_ output: StepOutput) -> String? {
    guard output.route != .direct else { return "not seen: the command had the terminal itself" }
    guard output.printedBytes > 0 else { return nil }
    let printed = Readable.size(output.printedBytes)
    guard output.keptBytes > 0 else { return "\(printed), not kept" }
    guard output.diskBytes != nil else { return "\(printed), removed to make room for later ones" }
    let hint = "(`laforge output \(step.id.rawValue)`)"
    // Lines and credentials make small differences.
    guard output.printedBytes > output.keptBytes + output.keptBytes / 4 else {
      return "\(printed) kept  \(hint)"
    }
    return "\(Readable.size(output.keptBytes)) of \(printed) kept, its beginning and end  \(hint)"
  }

  private var metadata: String {
    step.agentConfiguration.metadata.sorted { $0.key < $1.key }.map { key, value in
      if case .string(let text) = value { return "\(key)=\(text)" }
      return "\(key)=\((try? JSONOutput.compact(value)) ?? "?")"
    }.joined(separator: ", ")
  }

  private var state: String {
    let activity = step.isActive ? "active" : "rolled back"
    let parent = step.parent.map { "; \($0) before it" } ?? ""
    guard step.start.worktree == worktree, step.start.enclosing == nil, step.stateAfter != nil,
      !step.changedNothing
    else { return activity + parent }
    let verb = step.isActive ? "undo" : "redo"
    return "\(activity)\(parent)  (`laforge \(verb) \(step.id.rawValue)`)"
  }
}
