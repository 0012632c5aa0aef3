import LaForgeCore
import LaForgeUsage
import Testing

@Suite struct AiderTests {
  private static let lines = """
    Tokens: 3.1k sent, 157 received. Cost: $0.0081 message, $0.0081 session.
    Tokens: 12k sent, 1,234 received. Cost: $0.02 message, $0.0281 session.
    """
  private static let history = "web/.aider.chat.history.md"
  private static let quoted = lines.split(separator: "\n").map { "> \($0)" }.joined(separator: "\n")

  static let samples = [
    UsageSample(
      agent: "aider", place: "output", output: lines,
      told: Told([15_100, 0, 0, 1_391], microdollars: 28_100, isComplete: false, .stdout)),
    UsageSample(
      agent: "aider", place: "history", files: [history: quoted],
      told: Told([15_100, 0, 0, 1_391], microdollars: 28_100, isComplete: false, .sessionFile)),
  ]

  @Test(arguments: [
    "Tokens: 9.3k sent, 1.5k cache write, 4.0k cache hit, 167 received.\nCost: $0.02 message, $0.02 session.",
    "Tokens: 9.3k sent, 1.5k cache write, 4.0k cache\nhit, 167 received. Cost: $0.02 message, $0.02 session.",
    "\u{1B}[94mTokens: 9.3k sent, 1.5k cache write, 4.0k cache hit, 167 received. Cost: $0.02 message, $0.02 session.\u{1B}[0m\r",
  ])
  func whatGoesIntoACacheIsSentTwice(_ text: String) {
    let report = report("\(text)\n", agent: "aider")
    #expect(report.counts == [2_300, 4_000, 1_500, 167])
    #expect(report.usage?.cost == Cost(microdollars: 20_000))
  }

  @Test func theHistoryRepeatsWhatIsPrinted() throws {
    let run = try AgentRun("aider", "--message", "x")
    run.start()
    run.print(Self.lines)
    try run.append(Self.history, Self.quoted)
    #expect(run.end().usage?.outputTokens == 1_391)
  }

  @Test func theHistoryOfEarlierRunsIsNotCounted() throws {
    let run = try AgentRun("aider", "--message", "x")
    try run.append(Self.history, Self.quoted)
    run.start()
    try run.append(Self.history, "> Tokens: 10 sent, 3 received.")
    #expect(run.end().counts == [10, 0, 0, 3])
  }

  @Test func aModelWithoutAPriceHasNoCost() {
    let usage = report("Tokens: 2.6k sent, 22 received.\n", agent: "aider").usage
    #expect(usage?.promptTokens == 2_600)
    #expect(usage?.cost == nil)
  }

  @Test func theMessageIsNotTakenForTheModel() throws {
    let line = "Tokens: 1,000 sent, 100 received."
    #expect(report(line + "\n", agent: "aider", arguments: ["-m", "gpt-4o"]).usage?.cost == nil)
    #expect(
      report(line + "\n", agent: "aider", arguments: ["--model", "gpt-4o"]).usage?.cost
        == Cost(microdollars: 3_500))
  }

  @Test(arguments: [
    "^C again to exit", "Tokens: lots sent", "Tokens: 3.1k sent, many received.",
    "The word Tokens: means nothing here.", "Tokens: -5 sent, 3 received.",
    "Tokens: 999999999999999b sent, 1 received.", "Tokens: inf sent, nan received.",
  ])
  func whatTellsNoFiguresIsPassedOver(_ line: String) {
    #expect(report("\(line)\n", agent: "aider").usage == nil)
  }

  @Test func figuresOnStandardErrorAreNotTaken() {
    #expect(report("", error: Self.lines, agent: "aider").usage == nil)
  }
}
