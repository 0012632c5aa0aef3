import Foundation
import LaForgeCore
import Testing

@testable import LaForgeCommands

/// Compares a text with a file under `Snapshots`, or records it if `RECORD_SNAPSHOTS` is set.
func expectSnapshot(
  _ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let file = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Snapshots/\(name).txt")
  if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] != nil {
    try Data(text.utf8).write(to: file)
  }
  let expected = try String(contentsOf: file, encoding: .utf8)
  #expect(text == expected, sourceLocation: sourceLocation)
}

/// Monday 23 November 2026, 18:20 UTC.
private let now = Timestamp(millisecondsSince1970: 1_795_458_000_000)
private let before = Head(
  branch: "refs/heads/main", commit: ObjectID(hex: String(repeating: "9f2c1ab", count: 6).prefix40))
private let after = Head(
  branch: "refs/heads/main", commit: ObjectID(hex: String(repeating: "41d00e7", count: 6).prefix40))

extension String {
  fileprivate var prefix40: String { String(prefix(40)) }
}

/// A step that began so many minutes before now.
private func step(
  _ id: Int64, minutesAgo: Int64, agent: String, label: String? = nil,
  termination: TerminationStatus? = .exited(0), endedBy: EndReason = .exit,
  milliseconds: Int64 = 63_250, tokens: Int64? = nil, cost: Int64? = nil, complete: Bool = true,
  changes: ChangeSummary = .none, commits: Int = 0, active: Bool = true,
  words: [String] = ["-p", "fix the parser"]
) -> Step {
  let start = Timestamp(
    millisecondsSince1970: now.millisecondsSince1970 - minutesAgo * 60_000)
  let configuration = AgentConfiguration(
    agent: agent, model: "m-1", metadata: ["ticket": .string("PL-7"), "try": .number(2)])
  let new = NewStep(
    projectID: "web", worktreePath: "/home/ada/web", directory: "src", label: label,
    command: [agent] + words, agentConfiguration: configuration, headBefore: before,
    stateBefore: .snapshot, snapshotBefore: before.commit,
    leftOut: [LeftOut(path: "data/big.csv", reason: .tooLarge, bytes: 224_000_000)],
    startTime: start)
  var usage: TokenUsage?
  if let tokens {
    usage = TokenUsage(
      TokenCounts(input: tokens - 500, cacheRead: 300, output: 200, reasoning: 90), source: .stdout)
    usage?.cost = cost.map(Cost.init(microdollars:))
    usage?.costSource = cost.map { _ in .agent }
    usage?.isComplete = complete
    usage?.incompleteReason = complete ? nil : "the last turn reported none"
  }
  let end = termination.map { termination in
    var end = StepCompletion(
      endedBy: endedBy, termination: termination,
      endTime: Timestamp(millisecondsSince1970: start.millisecondsSince1970 + milliseconds),
      durationMilliseconds: milliseconds, headAfter: commits > 0 ? after : before,
      stateAfter: .snapshot, snapshotAfter: changes == .none ? before.commit : after.commit,
      lost: changes == .none ? [] : [LostWork(path: "notes.md", kind: .deleted)],
      commits: Array(repeating: after.commit, count: commits).compactMap { $0 }, changes: changes,
      agentConfiguration: configuration, tokenUsage: usage,
      resources: ResourceUsage(
        userMilliseconds: 8700, systemMilliseconds: 400, peakMemoryBytes: 212_000_000),
      output: StepOutput(route: .pty, printedBytes: 49_000, keptBytes: 48_990, diskBytes: 9000))
    end.activeMilliseconds = milliseconds >= 600_000 ? milliseconds - 65_000 : milliseconds
    return end
  }
  return Step(
    id: StepID(rawValue: id), start: new, isActive: active,
    parent: id > 1 ? StepID(rawValue: id - 1) : nil, status: end?.status ?? .running, end: end,
    overlaps: [], createdAt: start)
}

private let many = ChangeSummary(filesChanged: 5, insertions: 88, deletions: 31)
private let steps = [
  step(12, minutesAgo: 6, agent: "claude", termination: nil),
  step(
    11, minutesAgo: 40, agent: "codex", label: "add retries", termination: .exited(1),
    milliseconds: 252_000, tokens: 88_100, cost: 410_000, changes: many, commits: 1),
  step(10, minutesAgo: 78, agent: "qwen", milliseconds: 22_000, tokens: 9_100),
  step(
    9, minutesAgo: 1280, agent: "aider", termination: .signaled(15), endedBy: .timeout,
    milliseconds: 600_000, tokens: 4_000, cost: 20_000, complete: false, changes: many),
  step(8, minutesAgo: 1300, agent: "make", words: ["-j2"]),
  step(7, minutesAgo: 1310, agent: "true", words: []),
  step(6, minutesAgo: 1400, agent: "claude", tokens: 17_600, cost: 30_000, active: false),
  step(
    5, minutesAgo: 50_000, agent: "claude", label: "tidy \u{1B}[31mimports\nnow",
    termination: .signaled(9), endedBy: .signal),
]

@Suite struct LogTextTests {
  private func table(_ width: Int?, folds: Bool = true) -> String {
    let table = StepTable(steps: steps, now: now, isUTC: true, folds: folds)
    let text = table.text(width: width, style: Style(isColored: false))
    return text + (table.legend.map { $0 + "\n" } ?? "")
  }

  @Test(arguments: [80, 50, 30])
  func theTableFitsItsWidth(_ width: Int) throws {
    try expectSnapshot(table(width), "log-\(width)")
    for line in table(width).split(separator: "\n").dropLast() {
      #expect(TerminalText.width(String(line)) <= width)
    }
  }

  @Test func withoutATerminalNothingIsCut() throws {
    try expectSnapshot(table(nil, folds: false), "log-wide")
  }

  @Test func coloursOnlyAddToTheText() {
    let table = StepTable(steps: steps, now: now, isUTC: true, folds: true)
    let plain = table.text(width: 80, style: Style(isColored: false))
    let colored = table.text(width: 80, style: Style(isColored: true))
    #expect(colored != plain)
    let lines = colored.split(separator: "\n").map { TerminalText.clean(String($0)) }
    #expect(lines.joined(separator: "\n") + "\n" == plain)
  }
}

@Suite struct ClosingLineTests {
  @Test func saysHowItEndedAndWhatItDid() throws {
    var limits = RunLimits()
    limits.timeout = 600_000
    let lines = steps.map {
      ClosingLine(step: $0, limits: limits).text(columns: 80, style: Style(isColored: false))
    }
    try expectSnapshot(lines.joined(), "closing-lines")
  }
}

@Suite struct ShowTextTests {
  private func text(_ step: Step, width: Int?) -> String {
    StepDetails(
      step: step, isUTC: true, now: now, worktree: "main",
      abbreviate: { String($0.hex.prefix(7)) },
      commits: (step.end?.commits ?? []).map {
        CommitFate(commit: $0, present: [$0], held: [$0], isOnBranch: true)
      }
    ).text(width: width, style: Style(isColored: false))
  }

  @Test func tellsOneStepInFull() throws {
    try expectSnapshot(text(steps[1], width: 80), "show-failed")
    try expectSnapshot(text(steps[3], width: nil), "show-incomplete")
    try expectSnapshot(text(steps[0], width: 80), "show-running")
    try expectSnapshot(text(steps[0].asCutOff, width: 80), "show-cut-off")
  }
}

@Suite struct JSONTests {
  @Test func theDocumentHasEveryKeyWhateverIsKnown() throws {
    let documents = [steps[0], steps[1]].map { StepDocument(step: $0, storeID: "3f9c1d2e") }
    try expectSnapshot(try JSONOutput.document(documents), "steps-json")
  }

  @Test func emptyContainersStayOnTheirLine() throws {
    let value = JSONValue.object(["a": .array([]), "b": .object([:]), "c": .string("[\n\n]")])
    let text = try JSONOutput.document(value)
    #expect(text.contains("\"a\" : []"))
    #expect(text.contains("\"b\" : {}"))
    #expect(text.contains("\"c\" : \"[\\n\\n]\""))
  }
}
