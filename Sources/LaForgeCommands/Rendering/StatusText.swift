import LaForgeCore

/// Where one is: the value behind `laforge status` and its JSON.
struct StatusReport: Encodable {
  var projectID: String
  /// `nil` before the first run.
  var storeID: String?
  var worktree: String
  var head: Head
  var latest: Step?
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
    case activeSteps = "active_steps"
    case rolledBackSteps = "rolled_back_steps"
    case waitingRecords = "waiting_records"
    case undo, redo
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
    try container.encode(activeSteps, forKey: .activeSteps)
    try container.encode(rolledBackSteps, forKey: .rolledBackSteps)
    try container.encode(waitingRecords, forKey: .waitingRecords)
    try container.encode(outlook?.undo, forKey: .undo)
    try container.encode(outlook?.redo?.rawValue, forKey: .redo)
    try container.encode(outlook?.changedSince.map(\.text), forKey: .changedSince)
    try container.encode(outlook?.leftOut.map(LeftOutDocument.init), forKey: .leftOut)
  }

  private func document(_ step: Step) -> StepDocument {
    StepDocument(step: step, storeID: storeID ?? "")
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
    var facts: [(name: String, text: String)] = report.running.map {
      ("running", describeRunning($0))
    }
    if let latest = report.latest, latest.status != .running {
      facts.append(("latest", describeLatest(latest)))
    } else if report.latest == nil {
      facts.append(("latest", "none yet: `laforge run -- <command>` records a step"))
    }
    if let outlook = report.outlook { facts += describe(outlook) }
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
    if summary.conflicts > 0 { text += " (\(summary.conflicts) in conflict)" }
    if summary.untracked > 0 { text += ", \(summary.untracked) untracked" }
    return text
  }

  private func describe(_ outlook: StatusOutlook) -> [(name: String, text: String)] {
    var facts: [(name: String, text: String)] = []
    if !report.running.isEmpty {
      facts.append(("undo", "after \(report.running[0].id) has ended"))
    } else if let undo = outlook.undo {
      let kept = outlook.changedSince.count
      facts.append(
        ("undo", "S\(undo)" + (kept > 0 ? ", keeping your \(Counted(kept, "file"))" : "")))
    } else {
      facts.append(("undo", "nothing"))
    }
    facts.append(("redo", outlook.redo.map { "what \($0) took back" } ?? "nothing"))
    let items = outlook.leftOut.map { "\($0.path) (\($0.reasonText))" }
    if items.isEmpty {
      facts.append(("covered", "all but ignored folders and files that can be made again"))
    } else {
      let more = items.count > 6 ? " and \(items.count - 6) more" : ""
      facts.append(
        ("covered", "all but \(items.prefix(6).joined(separator: ", "))\(more)"))
    }
    return facts
  }

  private func describeRunning(_ step: Step) -> String {
    let duration =
      step.durationMilliseconds(now: now).map { Readable.duration(milliseconds: $0) } ?? "?"
    let pid = step.start.agentProcess.map { ", pid \($0.pid)" } ?? ""
    return "\(step.id) \(step.agentText), \(duration)\(pid)"
  }

  private func describeLatest(_ step: Step) -> String {
    let then = step.end?.endTime ?? step.start.startTime
    let age = max(0, now.millisecondsSince1970 - then.millisecondsSince1970)
    let ago = age < 1000 ? "just now" : "\(Readable.duration(milliseconds: age)) ago"
    return "\(step.id) \(step.agentText), \(step.resultText), \(ago)"
  }
}
