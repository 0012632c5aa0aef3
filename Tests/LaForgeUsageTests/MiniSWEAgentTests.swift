import LaForgeCore
import LaForgeUsage
import Testing

@Suite struct MiniSWEAgentTests {
  private static func trajectory(_ outputs: [Int], cost: Double = 0.0123) -> String {
    let messages = outputs.map { output in
      """
      {"role":"assistant","content":"x","extra":{"response":{"model":"m","usage":{\
      "prompt_tokens":1000,"completion_tokens":\(output),"prompt_tokens_details":{\
      "cached_tokens":600},"completion_tokens_details":{"reasoning_tokens":5}}}}}
      """
    }
    return """
      {"info":{"exit_status":"Submitted","model_stats":{"instance_cost":\(cost),"api_calls":\(outputs.count)}},
      "messages":[\((["{\"role\":\"system\",\"content\":\"x\"}"] + messages).joined(separator: ","))]}
      """
  }

  private static let path = ".config/mini-swe-agent/last_mini_run.traj.json"
  private static let told = Told(
    [800, 1_200, 0, 90], reasoning: 10, microdollars: 12_300, .sessionFile)

  static let samples = [
    UsageSample(
      agent: "mini-swe-agent", place: "trajectory", arguments: ["-t", "x"],
      files: [path: trajectory([50, 40])], told: told),
    UsageSample(
      agent: "mini-swe-agent", place: "trajectory at a path of its own",
      arguments: ["-t", "x", "-o", "traj.json"], files: ["web/traj.json": trajectory([50, 40])],
      told: told),
  ]

  @Test func eachRunWritesTheTrajectoryAnew() throws {
    let run = try AgentRun("mini-swe-agent", "-t", "x")
    try run.write(Self.path, Self.trajectory([500, 400, 300], cost: 9))
    run.start()
    try run.write(Self.path, Self.trajectory([50, 40]))
    #expect(Told(run.end()) == Self.told)
  }

  @Test func whatGoesIntoACacheIsInThePrompt() throws {
    let run = try AgentRun("mini-swe-agent", "-t", "x")
    run.start()
    try run.write(
      Self.path,
      Self.trajectory([50]).replacing(
        "\"prompt_tokens\":1000", with: "\"prompt_tokens\":1000,\"cache_creation_input_tokens\":100"
      ))
    #expect(run.end().counts == [300, 600, 100, 50])
  }

  @Test func thePrintedCostOfAStepIsNotTaken() {
    let text = "mini-swe-agent (step 3, $0.01):\n"
    #expect(report(text, agent: "mini-swe-agent").usage == nil)
  }

  @Test func aCacheLargerThanItsPromptLeavesTheFigureUnknown() throws {
    let run = try AgentRun("mini-swe-agent", "-t", "x")
    run.start()
    try run.write(
      Self.path,
      Self.trajectory([50]).replacing("\"cached_tokens\":600", with: "\"cached_tokens\":6000"))
    #expect(run.end().usage?.inputTokens == nil)
  }
}
