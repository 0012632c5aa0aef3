import LaForgeCore
import LaForgeUsage
import Testing

@Suite struct CopilotTests {
  private static let table = """
    Usage by model:
        m   453.0k in, 13.1k out, 405.7k cached (Est. 7 Premium requests)
    """
  private static let shutdown = """
    {"type":"session.shutdown","data":{"modelMetrics":{"m":{"requests":{"count":2},"usage":{\
    "inputTokens":510,"outputTokens":70,"cacheReadTokens":200,"cacheWriteTokens":10,\
    "reasoningTokens":30}}}}}
    """
  private static let events = ".copilot/session-state/c1/events.jsonl"

  static let samples = [
    UsageSample(
      agent: "copilot", place: "table", arguments: ["-p", "x"], error: table,
      told: Told([47_300, 405_700, 0, 13_100], isComplete: false, .stdout)),
    UsageSample(
      agent: "copilot", place: "events", arguments: ["-p", "x"], files: [events: shutdown],
      told: Told([300, 200, 10, 70], reasoning: 30, .sessionFile)),
  ]

  @Test func eachPartOfASessionTellsItsOwn() throws {
    let run = try AgentRun("copilot", "--continue", "-p", "x")
    try run.append(Self.events, Self.shutdown)
    run.start()
    run.print(Self.table, to: .standardError)
    try run.append(Self.events, Self.shutdown, Self.shutdown)
    #expect(run.end().counts == [600, 400, 20, 140])
  }
}
