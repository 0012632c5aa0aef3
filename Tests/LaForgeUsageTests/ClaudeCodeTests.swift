import LaForgeCore
import LaForgeUsage
import Testing

@Suite struct ClaudeCodeTests {
  /// Two turns' worth of models, of which the main loop used one.
  static let result = """
    {"duration_ms":9,"type":"result","subtype":"success","is_error":false,"session_id":"s1",\
    "result":"ok","total_cost_usd":0.0341,"usage":{"input_tokens":100,\
    "cache_creation_input_tokens":50,"cache_read_input_tokens":20,"output_tokens":40,\
    "output_tokens_details":{"thinking_tokens":9}},\
    "modelUsage":{"big":{"inputTokens":100,"outputTokens":40,"cacheReadInputTokens":20,\
    "cacheCreationInputTokens":50,"costUSD":0.034},"small":{"inputTokens":7,"outputTokens":3,\
    "cacheReadInputTokens":0,"cacheCreationInputTokens":0,"costUSD":0.0001}}}
    """

  private static func call(
    _ id: String, output: Int, stop: String? = "end_turn", session: String = "s1",
    at time: String = "12:00:05"
  ) -> String {
    """
    {"type":"assistant","sessionId":"\(session)","cwd":"@TREE@","timestamp":"2026-11-23T\(time).000Z",\
    "message":{"id":"\(id)","model":"big","stop_reason":\(stop.map { "\"\($0)\"" } ?? "null"),\
    "usage":{"input_tokens":10,"cache_read_input_tokens":5,"cache_creation_input_tokens":2,\
    "output_tokens":\(output)}}}
    """
  }

  private static let session = ".claude/projects/-web/s1.jsonl"

  static let samples = [
    UsageSample(
      agent: "claude", place: "result", arguments: ["-p", "x"], output: result,
      told: Told([107, 20, 50, 43], microdollars: 34_100, .stdout)),
    UsageSample(
      agent: "claude", place: "session file", arguments: ["-p", "x"],
      files: [session: [call("m1", output: 30), call("m2", output: 12)].joined(separator: "\n")],
      told: Told([20, 10, 4, 42], .sessionFile)),
  ]

  // MARK: - Output

  @Test func sideRequestsToOtherModelsAreCounted() {
    let report = report(Self.result + "\n", agent: "claude")
    var expected = TokenUsage(
      TokenCounts(input: 107, cacheRead: 20, cacheCreation: 50, output: 43), source: .stdout)
    expected.cost = Cost(microdollars: 34_100)
    expected.costSource = .agent
    expected.models = [
      "big": ModelUsage(
        counts: TokenCounts(input: 100, cacheRead: 20, cacheCreation: 50, output: 40),
        cost: Cost(microdollars: 34_000)),
      "small": ModelUsage(
        counts: TokenCounts(input: 7, output: 3), cost: Cost(microdollars: 100)),
    ]
    #expect(report.usage == expected)
    #expect(report.model == "big")
    #expect(report.agentReportedError == false)
  }

  @Test func allEventsAsOneArrayReadTheSame() {
    let array = "[{\"type\":\"system\",\"subtype\":\"init\",\"model\":\"big\"},\(Self.result)]\n"
    #expect(report(array, agent: "claude") == report(Self.result, agent: "claude"))
  }

  @Test func assistantEventsAreNeverAddedUp() {
    let stream = """
      {"type":"system","subtype":"init","model":"big"}
      {"type":"assistant","message":{"id":"m1","usage":{"input_tokens":100,"output_tokens":1}}}
      {"type":"assistant","message":{"id":"m1","usage":{"input_tokens":100,"output_tokens":1}}}
      """
    #expect(report(stream, agent: "claude").usage == nil)
    #expect(report(stream, agent: "claude").model == "big")
    #expect(
      report(stream + "\n" + Self.result, agent: "claude").usage
        == report(Self.result, agent: "claude").usage)
  }

  @Test func partialMessagesTellWhatNoResultToldAnyMore() {
    let start = """
      {"type":"stream_event","event":{"type":"message_start","message":{"id":"m1","model":"big",\
      "usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":1}}}}
      """
    let end = """
      {"type":"stream_event","event":{"type":"message_delta","usage":{"output_tokens":30}}}
      """
    let report = report("\(start)\n\(end)\n", agent: "claude")
    #expect(report.counts == [10, 5, 0, 30])
    #expect(report.usage?.isComplete == false)
  }

  @Test func figuresOfAWholeProcessAreNotAddedTurnByTurn() {
    let later = Self.result.replacing("\"inputTokens\":100", with: "\"inputTokens\":300")
    let report = report("\(Self.result)\n\(later)\n", agent: "claude")
    #expect(report.usage?.inputTokens == 307)
  }

  @Test func aGuessAtAnInterruptedAnswerIsNotTaken() {
    let interrupted = Self.result.replacing("\"success\"", with: "\"error_during_execution\"")
    let usage = report(interrupted, agent: "claude").usage
    #expect(usage?.inputTokens == 100)
    #expect(usage?.isComplete == false)
  }

  @Test func anErrorThatTheAgentReportsIsNoted() {
    let failed = Self.result.replacing("\"is_error\":false", with: "\"is_error\":true")
    #expect(report(failed, agent: "claude").agentReportedError == true)
  }

  @Test func figuresThatCannotBeAreCountedAndNotTaken() {
    let negative = Self.result.replacing("\"inputTokens\":7", with: "\"inputTokens\":-7")
    let report = report(negative, agent: "claude")
    #expect(report.usage?.isUnknown == true)
    #expect(report.unreadableLines == 1)
  }

  @Test func aColouredLineOfATerminalIsRead() {
    let line = "\u{1B}[33m\(Self.result)\u{1B}[?25h\r"
    #expect(report(line, agent: "claude").usage?.inputTokens == 107)
  }

  // MARK: - A session that goes on

  @Test(arguments: [["-c"], ["--continue"], ["--resume", "x"], ["--resume=x"], ["-pc", "x"]])
  func aResumedSessionDoesNotBringItsEarlierTurns(_ arguments: [String]) {
    let usage = report(Self.result, agent: "claude", arguments: arguments).usage
    #expect(usage?.inputTokens == 100)
    #expect(usage?.outputTokens == 40)
    #expect(usage?.reasoningTokens == 9)
    #expect(usage?.cost == nil, "the cost of the whole session is not this run's")
    #expect(usage?.isComplete == false)
  }

  @Test func whatASessionHadUsedBeforeIsTakenOff() throws {
    let run = try AgentRun("claude", "-c", "-p", "x")
    try run.append(
      Self.session, Self.call("m0", output: 20, at: "11:00:00"),
      """
      {"type":"cost-state","totalCostUSD":0.03,"modelUsage":{"big":{"inputTokens":60,\
      "outputTokens":30,"cacheReadInputTokens":20,"cacheCreationInputTokens":50,"costUSD":0.03}}}
      """)
    run.start()
    try run.append(Self.session, Self.call("m1", output: 10))
    run.print(Self.result)
    let report = run.end()
    #expect(report.counts == [47, 0, 0, 13])
    #expect(report.usage?.cost == Cost(microdollars: 4_100))
    #expect(report.usage?.isComplete == true)
  }

  @Test func aResumedSessionThatTellsThisRunAloneIsComplete() {
    let alone = """
      {"type":"result","is_error":false,"total_cost_usd":0.5,"usage":{"input_tokens":1,"output_tokens":2},\
      "modelUsage":{"m":{"inputTokens":1,"outputTokens":2,"cacheReadInputTokens":0,"cacheCreationInputTokens":0}}}
      """
    let usage = report(alone, agent: "claude", arguments: ["-c"]).usage
    #expect(usage?.isComplete == true)
    #expect(usage?.cost == Cost(microdollars: 500_000))
  }

  @Test(arguments: [["-p", "carry on -c"], [], ["--model", "x"]])
  func wordsThatAreNotTheAgentsOptionsResumeNothing(_ words: [String]) {
    let usage = report(Self.result, agent: "claude", arguments: words).usage
    #expect(usage?.inputTokens == 107)
    #expect(usage?.isComplete == true)
  }

  // MARK: - Session files

  @Test func theSessionFileTellsWhatTextDoesNot() throws {
    let run = try AgentRun("claude", "-p", "x")
    run.start()
    // A line for each block of an answer, all with the figures of the whole.
    try run.append(
      Self.session, Self.call("m1", output: 30), Self.call("m1", output: 30),
      Self.call("m2", output: 12))
    let report = run.end()
    #expect(report.counts == [20, 10, 4, 42])
    #expect(report.usage?.source == .sessionFile)
    #expect(report.usage?.models["big"]?.counts.output == 42)
    #expect(report.usage?.isComplete == true)
  }

  @Test func theLineWithMostOutputOfACallCounts() throws {
    let run = try AgentRun("claude", "-p", "x")
    run.start()
    try run.append(Self.session, Self.call("m1", output: 30), Self.call("m1", output: 1))
    #expect(run.end().usage?.outputTokens == 30)
  }

  @Test func subagentsAreCountedWithTheirSession() throws {
    let run = try AgentRun("claude", "-p", "x")
    run.start()
    try run.append(Self.session, Self.call("m1", output: 30))
    try run.append(
      ".claude/projects/-web/s1/subagents/agent-a.jsonl", Self.call("m2", output: 5))
    #expect(run.end().usage?.outputTokens == 35)
  }

  @Test func linesThatAForkCopiesAreNotThisRuns() throws {
    let run = try AgentRun("claude", "--resume", "s0", "--fork-session", "-p", "x")
    run.start()
    try run.append(
      Self.session, Self.call("m0", output: 99, at: "11:00:00"), Self.call("m1", output: 7))
    #expect(run.end().usage?.outputTokens == 7)
  }

  @Test func aVersionThatWritesPlaceholdersLeavesTheFigureIncomplete() throws {
    let run = try AgentRun("claude", "-p", "x")
    run.start()
    try run.append(
      Self.session, Self.call("m1", output: 1, stop: nil), Self.call("m2", output: 1, stop: nil))
    let report = run.end()
    #expect(report.usage?.inputTokens == 20)
    #expect(report.usage?.isComplete == false)
  }

  @Test func anAbortedAnswerIsNotCountedAmongFinishedOnes() throws {
    let run = try AgentRun("claude", "-p", "x")
    run.start()
    try run.append(
      Self.session, Self.call("m1", output: 30), Self.call("m2", output: 1, stop: nil))
    let report = run.end(wasKilled: true)
    #expect(report.counts == [10, 5, 2, 30])
    #expect(report.usage?.isComplete == false)
  }

  @Test func anErrorOfTheInterfaceIsNoCall() throws {
    let run = try AgentRun("claude", "-p", "x")
    run.start()
    try run.append(
      Self.session,
      Self.call("m1", output: 0).replacing("\"big\"", with: "\"<synthetic>\""))
    #expect(run.end().usage == nil)
  }

  @Test func theConfigurationFolderMayBeElsewhere() throws {
    let run = try AgentRun(
      "claude", "-p", "x", environment: ["CLAUDE_CONFIG_DIR": "@HOME@/elsewhere"])
    run.start()
    try run.append("elsewhere/projects/-web/s1.jsonl", Self.call("m1", output: 30))
    try run.append(Self.session, Self.call("m2", output: 500))
    #expect(run.end().usage?.outputTokens == 30)
  }
}
