import LaForgeCore
import LaForgeUsage
import Testing

@Suite struct CodexTests {
  private static let thread = """
    {"type":"thread.started","thread_id":"t"}
    {"type":"turn.started"}
    {"type":"turn.completed","usage":{"input_tokens":300,"cached_input_tokens":200,\
    "cache_write_input_tokens":10,"output_tokens":40,"reasoning_output_tokens":15}}
    """

  private static let rollout = ".codex/sessions/2026/11/23/rollout-1-t.jsonl"

  private static func meta(
    _ id: String, root: String? = nil, parent: String? = nil, fork: Bool = false,
    mode: String = "legacy"
  ) -> String {
    let source =
      parent.map { "{\"subagent\":{\"thread_spawn\":{\"parent_thread_id\":\"\($0)\"}}}" }
      ?? "\"exec\""
    let session = root.map { "\"session_id\":\"\($0)\"," } ?? ""
    return """
      {"timestamp":"2026-11-23T12:00:01.000Z","type":"session_meta","payload":{"id":"\(id)",\(session)\
      "cwd":"@TREE@","source":\(source),"history_mode":"\(mode)"\(fork ? ",\"forked_from_id\":\"o\"" : "")}}
      """
  }

  private static func count(
    _ total: Int, last: Int, at time: String = "12:00:05.000"
  ) -> String {
    """
    {"timestamp":"2026-11-23T\(time)Z","type":"event_msg","payload":{"type":"token_count","info":{\
    "total_token_usage":{"input_tokens":\(total),"cached_input_tokens":0,"output_tokens":\(total / 10)},\
    "last_token_usage":{"input_tokens":\(last),"cached_input_tokens":0,"output_tokens":\(last / 10)}}}}
    """
  }

  static let samples = [
    UsageSample(
      agent: "codex", place: "turn.completed", arguments: ["exec", "--json", "x"], output: thread,
      told: Told([90, 200, 10, 40], reasoning: 15, .stdout)),
    UsageSample(
      agent: "codex", place: "rollout file", arguments: ["exec", "x"],
      error: "session id: t",
      files: [
        rollout: [meta("t"), count(100, last: 100), count(300, last: 200)].joined(separator: "\n")
      ], told: Told([300, 0, 0, 30], .sessionFile)),
  ]

  // MARK: - Output

  @Test func cachedInputIsPartOfTheInput() {
    let usage = report(Self.thread, agent: "codex", arguments: ["exec", "--json"]).usage
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
    let arguments = ["exec", verb, "--last", "--json"]
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

  @Test func theOneNumberOfTextIsNotTaken() {
    let text = "session id: t\ntokens used\n10,364\n"
    #expect(report("", error: text, agent: "codex").usage == nil)
  }

  @Test(arguments: ["999", "9223372036854775807", "-1", "1.5", "\"200\""])
  func figuresThatCannotBeAreNotTaken(_ cached: String) {
    let impossible = Self.thread.replacing(
      "\"cached_input_tokens\":200", with: "\"cached_input_tokens\":\(cached)")
    let report = report(impossible, agent: "codex")
    #expect(report.usage?.isUnknown == true)
    #expect(report.unreadableLines == 1)
  }

  // MARK: - Rollout files

  @Test func figuresThatAreWrittenAgainCountOnce() throws {
    let run = try AgentRun("codex", "exec", "x")
    run.start()
    try run.append(
      Self.rollout, Self.meta("t"), Self.count(100, last: 100), Self.count(100, last: 100),
      Self.count(300, last: 200), Self.count(300, last: 200))
    #expect(run.end().counts == [300, 0, 0, 30])
  }

  @Test func aResumedThreadCountsFromWhereItStood() throws {
    let run = try AgentRun("codex", "exec", "resume", "--last", "x")
    try run.append(
      Self.rollout, Self.meta("t"), Self.count(1000, last: 400, at: "11:00:00.000"))
    run.start()
    try run.append(Self.rollout, Self.count(1000, last: 400), Self.count(1200, last: 200))
    run.print(Self.thread)
    #expect(run.end().counts == [200, 0, 0, 20])
  }

  @Test func aForkCountsFromWhereItsParentStood() throws {
    let run = try AgentRun("codex", "exec", "fork", "--last", "x")
    run.start()
    try run.append(
      Self.rollout, Self.meta("t", fork: true, mode: "paginated"), Self.count(1200, last: 200))
    #expect(run.end().counts == [200, 0, 0, 20])
  }

  @Test func whatAnOlderForkWritesAgainAtOnceIsNotThisRuns() throws {
    let run = try AgentRun("codex", "exec", "fork", "--last", "x")
    run.start()
    try run.append(
      Self.rollout, Self.meta("t", fork: true), Self.count(400, last: 400, at: "12:00:01.010"),
      Self.count(1000, last: 600, at: "12:00:01.020"),
      Self.count(1200, last: 200, at: "12:00:09.000"))
    #expect(run.end().counts == [200, 0, 0, 20])
  }

  @Test func subagentsAreCountedWithTheirThread() throws {
    let run = try AgentRun("codex", "exec", "x")
    run.start()
    try run.append(Self.rollout, Self.meta("t", root: "t"), Self.count(100, last: 100))
    try run.append(
      ".codex/sessions/2026/11/23/rollout-2-u.jsonl",
      Self.meta("u", root: "t", parent: "t", mode: "paginated"),
      Self.count(50, last: 50))
    #expect(run.end().counts == [150, 0, 0, 15])
  }

  @Test func eachRequestIsExactWhereItIsRecorded() throws {
    let run = try AgentRun("codex", "exec", "x")
    run.start()
    func request(_ id: String, _ input: Int) -> String {
      """
      {"timestamp":"2026-11-23T12:00:05.000Z","type":"token_usage_record","payload":{"response_id":"\(id)",\
      "usage":{"input_tokens":\(input),"cached_input_tokens":10,"output_tokens":5}}}
      """
    }
    try run.append(
      Self.rollout, Self.meta("t"), request("r1", 100), request("r1", 100), request("r2", 60),
      Self.count(160, last: 60))
    #expect(run.end().counts == [140, 20, 0, 10])
  }
}
