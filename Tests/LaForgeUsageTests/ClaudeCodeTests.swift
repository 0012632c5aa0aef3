import LaForgeCore
import LaForgeUsage
import Testing

@Suite struct ClaudeCodeTests {
  private static let twoModels = """
    {"duration_ms":9,"type":"result","subtype":"success","is_error":false,"result":"ok",\
    "total_cost_usd":0.0341,"usage":{"input_tokens":100,"cache_creation_input_tokens":50,\
    "cache_read_input_tokens":20,"output_tokens":40,"output_tokens_details":{"thinking_tokens":9}},\
    "modelUsage":{"big":{"inputTokens":100,"outputTokens":40,"cacheReadInputTokens":20,\
    "cacheCreationInputTokens":50,"costUSD":0.034},"small":{"inputTokens":7,"outputTokens":3,\
    "cacheReadInputTokens":0,"cacheCreationInputTokens":0,"costUSD":0.0001}}}
    """

  @Test func sideRequestsToOtherModelsAreCounted() {
    let report = report(Self.twoModels + "\n", agent: "claude")
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
    let array = "[{\"type\":\"system\",\"subtype\":\"init\",\"model\":\"big\"},\(Self.twoModels)]\n"
    #expect(report(array, agent: "claude") == report(Self.twoModels, agent: "claude"))
  }

  @Test func assistantEventsAreNeverAddedUp() {
    let stream = """
      {"type":"system","subtype":"init","model":"big"}
      {"type":"assistant","message":{"id":"m1","usage":{"input_tokens":100,"output_tokens":1}}}
      {"type":"assistant","message":{"id":"m1","usage":{"input_tokens":100,"output_tokens":1}}}
      """
    #expect(report(stream, agent: "claude") == UsageReport(model: "big"))
    #expect(
      report(stream + "\n" + Self.twoModels, agent: "claude").usage
        == report(Self.twoModels, agent: "claude").usage)
  }

  @Test func figuresOfAWholeProcessAreNotAddedTurnByTurn() {
    let later = Self.twoModels.replacing("\"inputTokens\":100", with: "\"inputTokens\":300")
    let report = report("\(Self.twoModels)\n\(later)\n", agent: "claude")
    #expect(report.usage?.inputTokens == 307)
  }

  @Test(arguments: [["-c"], ["--continue"], ["--resume", "x"], ["--resume=x"], ["-pc", "x"]])
  func aResumedSessionDoesNotBringItsEarlierTurns(_ arguments: [String]) {
    let words = ["env", "/usr/bin/claude"] + arguments
    let usage = report(Self.twoModels, agent: "claude", arguments: words).usage
    #expect(usage?.inputTokens == 100)
    #expect(usage?.outputTokens == 40)
    #expect(usage?.reasoningTokens == 9)
    #expect(usage?.cost == nil, "the cost of the whole session is not this run's")
    #expect(usage?.isComplete == false)
  }

  @Test func aResumedSessionThatTellsThisRunAloneIsComplete() {
    let alone = """
      {"type":"result","is_error":false,"total_cost_usd":0.5,"usage":{"input_tokens":1,"output_tokens":2},\
      "modelUsage":{"m":{"inputTokens":1,"outputTokens":2,"cacheReadInputTokens":0,"cacheCreationInputTokens":0}}}
      """
    let usage = report(alone, agent: "claude", arguments: ["claude", "-c"]).usage
    #expect(usage?.isComplete == true)
    #expect(usage?.cost == Cost(microdollars: 500_000))
  }

  @Test(arguments: [["bash", "-c", "claude -p"], ["claude", "-p", "carry on -c"], ["claude"]])
  func wordsThatAreNotTheAgentsOptionsResumeNothing(_ words: [String]) {
    let usage = report(Self.twoModels, agent: "claude", arguments: words).usage
    #expect(usage?.inputTokens == 107)
    #expect(usage?.isComplete == true)
  }

  @Test func aGuessAtAnInterruptedAnswerIsNotTaken() {
    let interrupted = Self.twoModels.replacing("\"success\"", with: "\"error_during_execution\"")
    let usage = report(interrupted, agent: "claude").usage
    #expect(usage?.inputTokens == 100)
    #expect(usage?.isComplete == false)
  }

  @Test func anErrorThatTheAgentReportsIsNoted() {
    let failed = Self.twoModels.replacing("\"is_error\":false", with: "\"is_error\":true")
    #expect(report(failed, agent: "claude").agentReportedError == true)
  }

  @Test func anotherAgentWithTheSameFieldNamesIsNotReadAsClaude() {
    #expect(report(Self.twoModels, agent: "codebuddy").usage == nil)
  }
}

@Suite struct CodexTests {
  private static let thread = """
    {"type":"thread.started","thread_id":"t"}
    {"type":"turn.completed","usage":{"input_tokens":300,"cached_input_tokens":200,\
    "cache_write_input_tokens":10,"output_tokens":40,"reasoning_output_tokens":15}}
    """

  @Test func cachedInputIsPartOfTheInput() {
    let usage = report(Self.thread, agent: "codex", arguments: ["codex", "exec", "--json"]).usage
    let counts = TokenCounts(
      input: 90, cacheRead: 200, cacheCreation: 10, output: 40, reasoning: 15)
    #expect(usage == TokenUsage(counts, source: .stdout))
  }

  @Test func theLastTurnHoldsTheEarlierOnes() {
    let later = Self.thread.replacing("\"input_tokens\":300", with: "\"input_tokens\":500")
    let usage = report("\(Self.thread)\n\(later)", agent: "codex").usage
    #expect(usage?.promptTokens == 500)
  }

  @Test(arguments: ["resume", "fork"])
  func aContinuedThreadTellsNothingOfThisRun(_ verb: String) {
    let arguments = ["codex", "exec", verb, "--last", "--json"]
    #expect(report(Self.thread, agent: "codex", arguments: arguments).usage == nil)
  }

  @Test func aTurnThatFailedLeavesTheFigureIncomplete() {
    let report = report(
      Self.thread + "\n{\"type\":\"turn.failed\",\"error\":{}}\n", agent: "codex")
    #expect(report.agentReportedError == true)
    #expect(report.usage?.isComplete == false)
  }

  @Test func subagentsAreKnownToBeMissing() {
    let item = "{\"type\":\"item.completed\",\"item\":{\"type\":\"collab_tool_call\"}}\n"
    #expect(report(item + Self.thread, agent: "codex").usage?.isComplete == false)
  }

  @Test(arguments: ["999", "9223372036854775807", "-1"])
  func figuresThatCannotBeAreNotTaken(_ cached: String) {
    let impossible = Self.thread.replacing(
      "\"cached_input_tokens\":200", with: "\"cached_input_tokens\":\(cached)")
    let report = report(impossible, agent: "codex")
    #expect(report.usage?.isUnknown == true)
    #expect(report.unreadableLines == 1)
  }
}
