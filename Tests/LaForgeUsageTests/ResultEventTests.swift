import LaForgeCore
import LaForgeUsage
import Testing

/// Agents that print events like those of Claude Code and mean something of their own by them:
/// CodeBuddy, Cursor's agent and Amp.
@Suite struct ResultEventTests {
  private static let codeBuddy = """
    {"type":"result","subtype":"success","is_error":false,"session_id":"b1","total_cost_usd":0,\
    "usage":{"input_tokens":510,"cache_read_input_tokens":200,"cache_creation_input_tokens":10,\
    "output_tokens":70},"modelUsage":{"m":{}}}
    """
  private static let codeBuddyCall = """
    {"id":"l1","sessionId":"b1","cwd":"@TREE@","role":"assistant","providerData":{"messageId":"a",\
    "model":"m","usage":{"inputTokens":500,"outputTokens":70,"inputTokensDetails":[\
    {"cached_tokens":200}],"outputTokensDetails":[{"reasoning_tokens":30}]}}}
    """
  private static let cursor = """
    {"type":"system","subtype":"init","model":"m"}
    {"type":"result","is_error":false,"usage":{"inputTokens":300,"outputTokens":70,\
    "cacheReadTokens":200,"cacheWriteTokens":10}}
    """
  private static let ampCall = """
    {"type":"assistant","session_id":"T-1","message":{"id":"a","model":"m","usage":{\
    "input_tokens":300,"cache_read_input_tokens":200,"cache_creation_input_tokens":10,\
    "output_tokens":70}}}
    """
  private static let ampThread = """
    {"env":{"initial":{"trees":[{"uri":"file://@TREE@"}]}},"messages":[{"messageId":1,"usage":{\
    "model":"m","inputTokens":300,"cacheReadInputTokens":200,"cacheCreationInputTokens":10,\
    "outputTokens":70}}]}
    """

  static let samples = [
    UsageSample(
      agent: "codebuddy", place: "result", arguments: ["-p", "x"], output: codeBuddy,
      told: Told([300, 200, 10, 70], .stdout)),
    UsageSample(
      agent: "codebuddy", place: "session", arguments: ["-p", "x"],
      files: [".codebuddy/projects/web/b1.jsonl": "\(codeBuddyCall)\n\(codeBuddyCall)"],
      told: Told([300, 200, 0, 70], reasoning: 30, .sessionFile)),
    UsageSample(
      agent: "cursor-agent", place: "result", arguments: ["-p", "x"], output: cursor,
      told: Told([300, 200, 10, 70], .stdout)),
    UsageSample(
      agent: "amp", place: "messages", arguments: ["-x", "x"], output: "\(ampCall)\n\(ampCall)",
      told: Told([300, 200, 10, 70], .stdout)),
    UsageSample(
      agent: "amp", place: "thread", arguments: ["-x", "x"],
      files: [".local/share/amp/threads/T-1.json": ampThread],
      told: Told([300, 200, 10, 70], .sessionFile)),
  ]

  @Test func figuresOfNothingAfterAFailureAreNone() {
    let failed = """
      {"type":"result","is_error":true,"usage":{"input_tokens":0,"output_tokens":0}}
      """
    #expect(report(failed, agent: "codebuddy").usage == nil)
  }

  @Test func anOldCursorTellsNothing() {
    #expect(report("{\"type\":\"result\",\"is_error\":false}", agent: "cursor-agent").usage == nil)
  }
}
