import LaForgeCore
import LaForgeUsage
import Testing

/// Turns of sessions whose output nobody saw.
@Suite struct TurnTests {
  /// A session that grows line by line, and the figures and whether the turn has ended after each.
  struct Growth: Sendable, CustomTestStringConvertible {
    var agent: String
    var path: String
    var lines: [(text: String, input: Int64?, isEnd: Bool)]

    var testDescription: String { agent }
  }

  private static func codex(_ type: String, _ payload: String) -> String {
    """
    {"timestamp":"2026-11-23T12:00:05.000Z","type":"\(type)","payload":{\(payload)}}
    """
  }

  private static func codexCount(_ total: Int, last: Int) -> String {
    codex(
      "event_msg",
      """
      "type":"token_count","info":{"total_token_usage":{"input_tokens":\(total),"output_tokens":0},\
      "last_token_usage":{"input_tokens":\(last),"output_tokens":0}}
      """)
  }

  private static func gemini(_ id: String, tools: String) -> String {
    """
    {"id":"\(id)","type":"gemini","timestamp":"2026-11-23T12:00:05.000Z","model":"gemini-2.5-pro",\
    "toolCalls":[\(tools)],"tokens":{"input":100,"output":0,"cached":0,"thoughts":0,"total":100}}
    """
  }

  private static func claude(_ id: String, stop: String) -> String {
    """
    {"type":"assistant","sessionId":"s","timestamp":"2026-11-23T12:00:05.000Z","message":{"id":"\(id)",\
    "model":"claude-sonnet-4-5","stop_reason":"\(stop)","usage":{"input_tokens":100,"output_tokens":0}}}
    """
  }

  private static let growths = [
    Growth(
      agent: "claude", path: ".claude/projects/-web/s.jsonl",
      lines: [
        (claude("a", stop: "tool_use"), 100, false), (claude("b", stop: "end_turn"), 200, true),
      ]),
    Growth(
      agent: "codex", path: ".codex/sessions/2026/11/23/rollout-1-s.jsonl",
      lines: [
        (codex("session_meta", "\"id\":\"s\",\"cwd\":\"@TREE@\""), nil, false),
        (codex("response_item", "\"type\":\"function_call\""), nil, false),
        (codexCount(100, last: 100), 100, false), (codexCount(100, last: 100), 100, false),
        (codexCount(300, last: 200), 300, true),
        (codex("event_msg", "\"type\":\"task_complete\""), 300, true),
      ]),
    Growth(
      agent: "codex", path: ".codex/sessions/2026/11/23/rollout-2-s.jsonl",
      lines: [
        (codex("session_meta", "\"id\":\"s\",\"cwd\":\"@TREE@\""), nil, false),
        (codex("response_item", "\"type\":\"custom_tool_call\""), nil, false),
        (
          codex(
            "token_usage_record",
            "\"response_id\":\"r\",\"usage\":{\"input_tokens\":100,\"output_tokens\":0}"),
          100, false
        ),
        (codexCount(100, last: 100), 100, false),
        (
          codex(
            "token_usage_record",
            "\"response_id\":\"t\",\"usage\":{\"input_tokens\":200,\"output_tokens\":0}"),
          300, true
        ),
      ]),
    Growth(
      agent: "gemini", path: ".gemini/tmp/web/chats/session-s.jsonl",
      lines: [
        ("{\"sessionId\":\"s\"}", nil, false),
        (gemini("a", tools: "{\"name\":\"ls\"}"), 100, false),
        (gemini("b", tools: ""), 200, true),
      ]),
  ]

  @Test(arguments: growths)
  func aTurnHasEndedWithTheAnswerThatCallsNoTool(_ growth: Growth) throws {
    let run = try AgentRun(growth.agent)
    for line in growth.lines {
      try run.append(growth.path, line.text)
      let report = run.turn(of: "s")
      #expect(report.usage?.inputTokens == line.input, "\(line.text)")
      #expect(report.showsEndOfTurn == line.isEnd, "\(line.text)")
    }
  }

  @Test func whatATurnBeforeCalledIsNoneOfThisOne() throws {
    let run = try AgentRun("codex")
    let old = Self.codex("response_item", "\"type\":\"function_call\"")
      .replacing("2026-11-23T12", with: "2026-11-23T11")
    try run.append(
      Self.growths[1].path, Self.growths[1].lines[0].text, old,
      Self.codexCount(100, last: 100).replacing("2026-11-23T12", with: "2026-11-23T11"),
      Self.codexCount(300, last: 200))
    let report = run.turn(of: "s")
    #expect(report.showsEndOfTurn && report.usage?.inputTokens == 200)
  }

  @Test(arguments: growths)
  func whatAnotherSessionDidIsNoneOfIt(_ growth: Growth) throws {
    let run = try AgentRun(growth.agent)
    for line in growth.lines { try run.append(growth.path, line.text) }
    let report = run.turn(of: "other")
    #expect(report.usage == nil && !report.showsEndOfTurn)
    // The agent may name the file; then that is it, whatever the session is called.
    #expect(run.turn(of: "other", transcript: growth.path).usage != nil)
  }
}
