import LaForgeCore
import LaForgeUsage
import Testing

@Suite struct GptmeTests {
  private static let question = "{\"role\":\"user\",\"content\":\"x\"}"
  private static let answer = """
    {"role":"assistant","content":"ok","metadata":{"model":"m","cost":0.0021,"usage":{\
    "input_tokens":300,"cache_read_tokens":900,"cache_creation_tokens":20,"output_tokens":40,\
    "reasoning_tokens":7}}}
    """
  private static let two = "\(question)\n\(answer)\n\(answer)"
  private static let folder = ".local/share/gptme/logs/2026-11-23-run"

  static let samples = [
    UsageSample(
      agent: "gptme", place: "output", arguments: ["-n", "x", "--output-format", "json"],
      output: two,
      told: Told(
        [600, 1_800, 40, 80], reasoning: 14, microdollars: 4_200, isComplete: false, .stdout)),
    UsageSample(
      agent: "gptme", place: "conversation", arguments: ["-n", "x"],
      files: ["\(folder)/conversation.jsonl": two],
      told: Told(
        [600, 1_800, 40, 80], reasoning: 14, microdollars: 4_200, isComplete: false, .sessionFile)),
  ]

  @Test func theFileOfEventsRepeatsTheConversation() throws {
    let run = try AgentRun("gptme", "-n", "x")
    run.start()
    try run.append("\(Self.folder)/conversation.jsonl", Self.question, Self.answer)
    try run.append("\(Self.folder)/events.jsonl", Self.question, Self.answer)
    run.print(Self.answer)
    #expect(run.end().counts == [300, 900, 20, 40])
  }

  @Test func aConversationThatGoesOnCountsFromWhereItStood() throws {
    let run = try AgentRun("gptme", "-n", "-r", "x")
    try run.append("\(Self.folder)/conversation.jsonl", Self.answer, Self.answer)
    run.start()
    try run.append("\(Self.folder)/conversation.jsonl", Self.question, Self.answer)
    #expect(run.end().usage?.outputTokens == 40)
  }

  @Test(arguments: [
    "Session: $0.05 | 4 turns | 4k context | 72% cached",
    "{\"role\":\"user\",\"metadata\":{\"usage\":{\"input_tokens\":5,\"output_tokens\":6}}}",
    "{\"role\":\"assistant\",\"content\":\"no \\\"usage\\\" here\"}",
  ])
  func onlyAnswersTellFigures(_ line: String) {
    #expect(report(line, agent: "gptme").usage == nil)
  }
}
