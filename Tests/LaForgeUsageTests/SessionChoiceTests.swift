import LaForgeCore
import LaForgeUsage
import Testing

/// Which session files are this run's, by the example of Claude Code.
@Suite struct SessionChoiceTests {
  private static func path(_ id: String) -> String { ".claude/projects/-web/\(id).jsonl" }

  private static func call(
    _ id: String, _ output: Int, session: String, directory: String = "@TREE@"
  ) -> String {
    """
    {"type":"assistant","sessionId":"\(session)","cwd":"\(directory)",\
    "timestamp":"2026-11-23T12:00:05.000Z","message":{"id":"\(id)","model":"m",\
    "stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":\(output)}}}
    """
  }

  private static func prompt(_ text: String, session: String) -> String {
    """
    {"type":"user","sessionId":"\(session)","cwd":"@TREE@",\
    "timestamp":"2026-11-23T12:00:04.000Z","message":{"role":"user","content":"\(text)"}}
    """
  }

  @Test func thePrintedIDDecides() throws {
    let run = try AgentRun("claude", "-p", "x")
    run.start()
    run.print("{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"b\"}")
    try run.append(Self.path("a"), Self.call("1", 100, session: "a"))
    try run.append(Self.path("b"), Self.call("2", 7, session: "b"))
    #expect(run.end().usage?.outputTokens == 7)
  }

  @Test func theFolderDecidesWithoutAnID() throws {
    let run = try AgentRun("claude", "-p", "x")
    run.start()
    try run.append(Self.path("a"), Self.call("1", 100, session: "a", directory: "/elsewhere"))
    try run.append(Self.path("b"), Self.call("2", 7, session: "b"))
    let report = run.end()
    #expect(report.usage?.outputTokens == 7)
    #expect(report.explanation?.notes.first?.contains("not of this run: ") == true)
  }

  @Test func thePromptDecidesInOneFolder() throws {
    let run = try AgentRun("claude", "-p", "fix the parser")
    run.start()
    try run.append(
      Self.path("a"), Self.prompt("another thing", session: "a"), Self.call("1", 100, session: "a"))
    try run.append(
      Self.path("b"), Self.prompt("fix the parser", session: "b"), Self.call("2", 7, session: "b"))
    #expect(run.end().usage?.outputTokens == 7)
  }

  @Test func twoThatFitLeaveItUnknown() throws {
    let run = try AgentRun("claude", "-p", "x")
    run.start()
    for (id, output) in [("a", 100), ("b", 7)] {
      try run.append(Self.path(id), Self.call(id, output, session: id))
    }
    let report = run.end()
    #expect(report.usage?.outputTokens == nil)
    #expect(report.explanation?.notes.first?.contains("which is this run's cannot be told") == true)
  }

  @Test func oneThatWorkedElsewhereIsNotThisRuns() throws {
    let run = try AgentRun("claude", "-p", "x")
    run.start()
    try run.append(Self.path("a"), Self.call("1", 100, session: "a", directory: "/elsewhere"))
    #expect(run.end().usage?.outputTokens == nil)
  }

  @Test func aFileThatBecameSmallerTellsNothing() throws {
    let run = try AgentRun("claude", "-c", "-p", "x")
    for id in ["1", "2", "3"] {
      try run.append(Self.path("a"), Self.call(id, 100, session: "a"))
    }
    run.start()
    try run.write(Self.path("a"), Self.call("4", 7, session: "a"))
    let report = run.end()
    #expect(report.usage?.outputTokens == nil)
    #expect(report.explanation?.notes.isEmpty == false)
  }

  @Test func filesOfOtherAgentsAreNotLookedAt() throws {
    let run = try AgentRun("codex", "exec", "x")
    run.start()
    try run.append(Self.path("a"), Self.call("1", 100, session: "a"))
    #expect(run.end().usage == nil)
  }

  @Test func whatCountedIsFoundAgainLater() throws {
    let run = try AgentRun("claude", "-c", "-p", "x")
    try run.append(Self.path("a"), Self.call("1", 100, session: "a"))
    run.start()
    try run.append(Self.path("a"), Self.call("2", 7, session: "a"))
    let first = run.end()
    let sessions = try #require(first.explanation?.sessions)
    try run.append(Self.path("a"), Self.call("3", 50, session: "a"))
    #expect(run.again(sessions)?.usage == first.usage)
    try run.write(Self.path("a"), "")
    #expect(run.again(sessions) == nil)
  }
}
