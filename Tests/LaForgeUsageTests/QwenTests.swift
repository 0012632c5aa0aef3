import LaForgeCore
import LaForgeUsage
import Testing

@Suite struct QwenTests {
  private static let events = """
    {"type":"system","subtype":"init","session_id":"q1","model":"m"}
    {"type":"assistant","message":{"usage":{"input_tokens":500,"output_tokens":40}}}
    {"type":"result","subtype":"success","is_error":false,"session_id":"q1","usage":{\
    "input_tokens":500,"output_tokens":40,"cache_read_input_tokens":200,"total_tokens":570}}
    """
  private static let chat = ".qwen/projects/-web/chats/q1.jsonl"

  private static func call(_ id: String) -> String {
    """
    {"uuid":"\(id)","sessionId":"q1","cwd":"@TREE@","timestamp":"2026-11-23T12:00:05.000Z",\
    "type":"assistant","model":"m","usageMetadata":{"promptTokenCount":250,\
    "cachedContentTokenCount":100,"candidatesTokenCount":20,"thoughtsTokenCount":15}}
    """
  }

  static let samples = [
    UsageSample(
      agent: "qwen", place: "stream-json", arguments: ["-p", "x", "-o", "stream-json"],
      output: events, told: Told([300, 200, 0, 70], reasoning: 30, .stdout)),
    UsageSample(
      agent: "qwen", place: "chat", arguments: ["-p", "x"],
      files: [chat: "\(call("a"))\n\(call("b"))"],
      told: Told([300, 200, 0, 70], reasoning: 30, .sessionFile)),
  ]

  @Test func aCallThatIsWrittenAgainCountsOnce() throws {
    let run = try AgentRun("qwen", "-p", "x")
    run.start()
    try run.append(Self.chat, Self.call("a"), Self.call("a"))
    #expect(run.end().counts == [150, 100, 0, 35])
  }
}
