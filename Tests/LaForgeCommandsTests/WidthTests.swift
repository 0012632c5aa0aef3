import LaForgeCore
import Testing

@testable import LaForgeCommands

/// Texts in windows of different widths.
@Suite struct WidthTests {
  private static let plain = Style(isColored: false)
  private static let head = Head(
    branch: "refs/heads/main", commit: ObjectID(hex: String(repeating: "9f2c1ab0", count: 5)))

  private static let leftOut = [
    LeftOut(path: ".env", reason: .ignored),
    LeftOut(path: "data/a folder/big.csv", reason: .tooLarge, bytes: 224_000_000),
    LeftOut(path: "libs/zlib", reason: .submodule),
  ]

  private static let message = UserMessage(
    code: "stale_lock",
    summary: "Cannot undo S11: '.git/index.lock' is in the way. It was made during S11, 14m ago,"
      + " and no process has it open: a git that was killed left it.",
    consequence: "Nothing was changed.", causes: ["one", "another"],
    hint: "`laforge undo 11 --remove-stale-lock`, or `rm -f .git/index.lock` where you know it.")

  private static func operation(
    _ id: Int64, _ kind: OperationKind, _ title: String, isOnStack: Bool = false,
    status: OperationStatus = .done
  ) -> Operation {
    Operation(
      id: OperationID(rawValue: id), kind: kind, worktree: "main", status: status, title: title,
      startedAt: Timestamp(millisecondsSince1970: 1_795_450_000_000 - 40_000_000 * (9 - id)),
      isOnStack: isOnStack)
  }

  private static let operations = [
    operation(4, .redo, "O3 (rollback to before S2)", isOnStack: true, status: .open),
    operation(3, .rollback, "to before S2", isOnStack: true),
    operation(2, .restore, "lost in S1"),
    operation(1, .undo, "S1, S2 and S3", isOnStack: true),
  ]

  /// A plan with a row of every kind.
  private static let plan: StatePlan = {
    let other = Head(
      branch: "refs/heads/main", commit: ObjectID(hex: String(repeating: "41d00e7a", count: 5)))
    var plan = StatePlan(
      from: RepositoryState(head: head, snapshot: nil), head: Change(old: head, new: other))
    let entry = head.commit.map { FileEntry(TrackedEntry(mode: .regular, id: $0)) }
    plan.files = ["package-lock.json", "src/a lexer.ts", "src/parser.ts"].map {
      StatePlan.FileEdit(path: $0, change: Change(old: nil, new: entry))
    }
    plan.files.append(
      StatePlan.FileEdit(path: "src/retry.ts", change: Change(old: entry, new: nil)))
    plan.progress = [StatePlan.ProgressEdit(path: "MERGE_HEAD", change: Change(old: nil, new: nil))]
    plan.kept = ["README.md", "notes/plan.md"]
    plan.keptReferences = ["refs/heads/try-2", "refs/tags/v1"]
    plan.references = [ReferenceMove(name: "refs/heads/old", old: nil, new: head.commit)]
    plan.stashes = [head.commit].compactMap { $0 }
    plan.leavingCommits = [head.commit, other.commit].compactMap { $0 }
    plan.pushed = head.commit.map { ["refs/remotes/origin/main": $0] } ?? [:]
    plan.deactivates = [StepID(rawValue: 7), StepID(rawValue: 8)]
    plan.uncovered = leftOut
    return plan
  }()

  private static func text(_ kind: OperationKind, _ title: String) -> OperationText {
    var facts = OperationFacts()
    facts.index.staged = ["src/parser.ts"]
    facts.keptStashes = 1
    return OperationText(
      kind: kind, title: title, plan: plan, steps: [], stepIDs: [], facts: facts, now: now,
      abbreviate: { String($0.hex.prefix(7)) })
  }

  private static let now = Timestamp(millisecondsSince1970: 1_795_458_000_000)

  private func status(_ width: Int) -> String {
    var summary = UncommittedSummary()
    (summary.changed, summary.untracked) = (2, 1)
    let outlook = StatusOutlook(
      summary: summary, undo: StepID(rawValue: 11), kept: 2, changedSince: ["src/a", "src/b"],
      leftOut: Self.leftOut)
    return StatusText(
      report: StatusReport(
        projectID: "web", worktree: "/home/ada/projects/web", head: Self.head, running: [],
        activeSteps: 0, rolledBackSteps: 2, outlook: outlook, waitingRecords: []),
      now: Self.now, abbreviate: { String($0.hex.prefix(7)) }
    ).text(width: width, style: Self.plain)
  }

  @Test(arguments: [80, 60, 40])
  func everyTextFitsTheWindow(_ width: Int) throws {
    let texts = [
      Self.message.text(columns: width),
      LeftOutWarning(step: StepID(rawValue: 12), leftOut: Self.leftOut).text(columns: width),
      status(width),
      OperationTable(operations: Self.operations, now: Self.now, isUTC: true)
        .text(width: width, style: Self.plain),
      Self.text(.rollback, "to before S7").planned(width: width),
      Self.text(.rollback, "to before S7").done(
        OperationReport(
          operation: Self.operations[2], plan: Self.plan, steps: [], differing: [], finished: []),
        width: width),
      HelpTopics.limits(columns: width),
    ]
    let text = texts.joined(separator: "\n")
    try expectSnapshot(text, "width-\(width)")
    // A command may be wider: the terminal breaks it, so that it can be copied whole.
    for line in text.split(separator: "\n") where !line.contains("`") {
      #expect(TerminalText.width(String(line)) <= width, "\(line)")
    }
  }

  @Test func withoutATerminalALineIsALine() {
    let lines = Self.message.text().split(separator: "\n")
    #expect(lines.map { $0.prefix(6) } == ["Error:", "Nothin", "Caused", "Caused", "Hint: "])
  }
}
