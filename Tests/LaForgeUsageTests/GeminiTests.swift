import LaForgeCore
import LaForgeUsage
import Testing

@Suite struct GeminiTests {
  private static let document = """
    {"session_id":"g1","response":"ok","stats":{"models":{"gemini-2.5-pro":{"api":{"totalRequests":2},\
    "tokens":{"prompt":500,"candidates":40,"total":570,"cached":200,"thoughts":30,"tool":0}}}}}
    """
  private static let stream = """
    {"type":"init","session_id":"g1","model":"gemini-2.5-pro"}
    {"type":"result","status":"success","stats":{"total_tokens":570,"input_tokens":500,\
    "output_tokens":40,"cached":200}}
    """
  private static let chat = ".gemini/tmp/web/chats/session-1.jsonl"

  private static func message(_ id: String, thoughts: Int) -> String {
    """
    {"id":"\(id)","type":"gemini","timestamp":"2026-11-23T12:00:05.000Z","model":"gemini-2.5-pro",\
    "tokens":{"input":250,"output":20,"cached":100,"thoughts":\(thoughts),"total":\(270 + thoughts)}}
    """
  }

  static let samples = [
    UsageSample(
      agent: "gemini", place: "json", arguments: ["-p", "x", "--output-format", "json"],
      output: document, told: Told([300, 200, 0, 70], reasoning: 30, microdollars: 1_100, .stdout)),
    UsageSample(
      agent: "gemini", place: "stream-json", arguments: ["-p", "x", "-o", "stream-json"],
      output: stream, told: Told([300, 200, 0, 70], reasoning: 30, microdollars: 1_100, .stdout)),
    UsageSample(
      agent: "gemini", place: "chat", arguments: ["-p", "x"],
      files: [
        chat: [message("a", thoughts: 10), message("b", thoughts: 20)].joined(separator: "\n")
      ],
      told: Told([300, 200, 0, 70], reasoning: 30, microdollars: 1_100, .sessionFile)),
  ]

  @Test func aMessageIsWrittenAgainWhenItsFiguresCome() throws {
    let run = try AgentRun("gemini", "-p", "x")
    run.start()
    try run.append(
      Self.chat, Self.message("a", thoughts: 0), Self.message("a", thoughts: 10))
    #expect(run.end().counts == [150, 100, 0, 30])
  }
}
