import LaForgeCore

/// Where one is: the value behind `laforge status` and its JSON.
struct StatusReport: Encodable {
  var projectID: String
  /// `nil` before the first run.
  var storeID: String?
  var worktree: String
  var head: Head
  var latest: Step?
  /// The operation that was cut off and is not finished yet.
  var cutOff: Operation?
  /// The steps of this worktree that run now, newest first.
  var running: [Step]
  var activeSteps: Int
  var rolledBackSteps: Int
  /// What undo and redo would do, and what is not covered; `nil` where the state cannot be taken.
  var outlook: StatusOutlook?
  /// Records that wait for the next run to take them in.
  var waitingRecords: [String]

  private enum CodingKeys: String, CodingKey {
    case schema
    case projectID = "project_id"
    case storeID = "store_id"
    case worktree
    case branch
    case commit = "commit_sha"
    case latest, running
    case cutOff = "cut_off"
    case activeSteps = "active_steps"
    case rolledBackSteps = "rolled_back_steps"
    case waitingRecords = "waiting_records"
    case undo, redo
    case undoReverses = "undo_reverses"
    case undoRefused = "undo_refused"
    case uncommitted
    case changedSince = "changed_since"
    case leftOut = "left_out"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(StepDocument.schema, forKey: .schema)
    try container.encode(projectID, forKey: .projectID)
    try container.encode(storeID, forKey: .storeID)
    try container.encode(worktree, forKey: .worktree)
    try container.encode(head.branch, forKey: .branch)
    try container.encode(head.commit, forKey: .commit)
    try container.encode(latest.map(document), forKey: .latest)
    try container.encode(running.map(document), forKey: .running)
    try container.encode(cutOff?.id, forKey: .cutOff)
    try container.encode(activeSteps, forKey: .activeSteps)
    try container.encode(rolledBackSteps, forKey: .rolledBackSteps)
    try container.encode(waitingRecords, forKey: .waitingRecords)
    // Nothing in the mixture that a killed operation left is the user's work.
    let judged = cutOff == nil ? outlook : nil
    try container.encode(judged?.undo, forKey: .undo)
    try container.encode(judged?.takesBack?.id, forKey: .undoReverses)
    try container.encode(judged?.refusal?.code, forKey: .undoRefused)
    try container.encode(judged?.redo?.id, forKey: .redo)
    try container.encode(judged?.changedSince.map(\.text), forKey: .changedSince)
    let counts = outlook.map(\.summary).map { summary in
      [
        "changed": summary.changed, "staged": summary.staged, "conflicts": summary.conflicts,
        "untracked": summary.untracked,
      ]
    }
    try container.encode(counts, forKey: .uncommitted)
    try container.encode(outlook?.leftOut.map(LeftOutDocument.init), forKey: .leftOut)
  }

  private func document(_ step: Step) -> StepDocument {
    StepDocument(step: step, storeID: storeID ?? "")
  }
}

extension StatusOutlook.Refusal {
  /// The code that the error of `undo` would have.
  var code: String {
    switch self {
    case .headMoved: "head_moved"
    case .changedSince: "changed_since"
    }
  }
}

/// The text of `laforge status`.
struct StatusText {
  let report: StatusReport
  let now: Timestamp
  let abbreviate: (ObjectID) -> String

  /// The lines, ended by a newline each.
  func text(width: Int?, style: Style) -> String {
    let commit = report.head.commit.map(abbreviate) ?? "(no commit yet)"
    let place = "\(report.head.shortBranch ?? "detached HEAD") \(commit)"
    let name = TerminalText.clean(report.projectID)
    var first = TerminalText.wrap(
      TerminalText.clean("\(name)  \(place)\(uncommitted); worktree \(report.worktree)"),
      columns: width, indent: "  ")
    if first.hasPrefix(name) { first = style.heading(name) + first.dropFirst(name.count) }
    let lines = [first] + FactRows.lines(facts, indent: 12, width: width)
    return lines.map { $0 + "\n" }.joined()
  }

  private var facts: [(name: String, text: String)] {
    var facts: [(name: String, text: String)] = []
    if let operation = report.cutOff {
      facts.append(
        (
          "cut off",
          "the \(operation.kind.rawValue) \(operation.title) (\(operation.id)),"
            + " \(Readable.ago(operation.startedAt, now: now)); the next changing command finishes it"
        ))
    }
    facts += report.running.map { ("running", describeRunning($0)) }
    if let latest = report.latest, latest.status != .running {
      facts.append(("latest", describeLatest(latest)))
    } else if report.latest == nil, report.rolledBackSteps > 0 {
      facts.append(("latest", "none: every step is rolled back (`laforge log --all`)"))
    } else if report.latest == nil {
      facts.append(("latest", "none yet: `laforge run -- <command>` records a step"))
    }
    if let outlook = report.outlook, report.cutOff == nil { facts += describe(outlook) }
    if report.activeSteps + report.rolledBackSteps > 0 {
      let rolledBack =
        report.rolledBackSteps > 0 ? ", \(report.rolledBackSteps) rolled back" : ""
      facts.append(("steps", "\(report.activeSteps) active\(rolledBack)"))
    }
    if !report.waitingRecords.isEmpty {
      let records = Counted(report.waitingRecords.count, "record")
      facts.append(("waiting", "\(records) that the next run takes into the database"))
    }
    return facts
  }

  /// `, 2 files changed, 1 untracked`.
  private var uncommitted: String {
    guard let summary = report.outlook?.summary else { return "" }
    var text = ""
    if summary.changed > 0 { text += ", \(Counted(summary.changed, "file")) changed" }
    if summary.staged > 0 { text += " (\(summary.staged) staged)" }
    if summary.conflicts > 0 { text += " (\(summary.conflicts) in conflict)" }
    if summary.untracked > 0 { text += ", \(summary.untracked) untracked" }
    return text
  }

  private func describe(_ outlook: StatusOutlook) -> [(name: String, text: String)] {
    let redo = outlook.redo.map { operation in
      "what \(operation.id) took back (\(operation.kind.rawValue) \(operation.title), "
        + "\(Readable.ago(operation.startedAt, now: now)))"
    }
    return [
      ("undo", undo(outlook)), ("redo", redo ?? "nothing"),
      (
        "covered",
        outlook.leftOut.isEmpty
          ? "all but ignored folders and files that can be made again"
          : "all but \(outlook.leftOut.count): \(outlook.leftOut.text(atMost: 6))"
      ),
    ]
  }

  /// What `undo` would do.
  private func undo(_ outlook: StatusOutlook) -> String {
    if let running = report.running.first {
      return "after \(running.id) has ended, or `\(running.stoppingCommand)`"
    }
    guard let undo = outlook.undo else {
      guard let latest = report.latest, latest.changedNothing else { return "nothing" }
      let before = outlook.latestThatDid.map { " (`laforge undo \($0.rawValue)`)" } ?? ""
      return "nothing: \(latest.id) changed nothing\(before)"
    }
    let what = outlook.takesBack.map(describeRedo) ?? "\(undo)"
    switch outlook.refusal {
    case .headMoved:
      return "\(what): refused, HEAD has moved since (`laforge rollback`)"
    case .changedSince(let paths):
      return "\(what): refused, you edited \(Counted(paths.count, "file")) that it changed"
        + " too (`laforge rollback`)"
    case nil:
      return what + (outlook.kept > 0 ? ", keeping your \(Counted(outlook.kept, "file"))" : "")
    }
  }

  /// `the redo of S7 and S8 (O2)`; without steps where it brought none back.
  private func describeRedo(_ operation: Operation) -> String {
    let steps = operation.plan?.activates.map(\.description) ?? []
    if steps.isEmpty { return "the redo \(operation.id)" }
    return "the redo of \(Readable.list(steps, atMost: 4)) (\(operation.id))"
  }

  private func describeRunning(_ step: Step) -> String {
    let duration =
      step.durationMilliseconds(now: now).map { Readable.duration(milliseconds: $0) } ?? "?"
    let pid = step.start.agentProcess.map { ", pid \($0.pid)" } ?? ""
    return "\(step.id) \(step.agentText), \(duration)\(pid)"
  }

  private func describeLatest(_ step: Step) -> String {
    let then = step.end?.endTime ?? step.start.startTime
    let ago = Readable.ago(then, now: now)
    let edited = report.cutOff == nil ? report.outlook?.changedSince.count ?? 0 : 0
    let since = edited > 0 ? "; since then you: \(Counted(edited, "file"))" : ""
    return "\(step.id) \(step.agentText), \(step.resultText), \(ago)\(since)"
  }
}
