import LaForgeCore
import LaForgeUsage
import Testing

/// Agents with one place: pi, code-puppy and `llm`.
@Suite struct SmallAgentTests {
  private static let pi = """
    {"type":"message","message":{"role":"assistant","model":"m","usage":{"input":300,"output":70,\
    "cacheRead":200,"cacheWrite":10,"cost":{"total":0.0021}}}}
    """
  private static let piSession = ".pi/agent/sessions/web/p1.jsonl"
  private static let puppy = """
    {"input_tokens":510,"cache_read_tokens":200,"cache_write_tokens":10,"output_tokens":70,\
    "cost_usd":0.0021}
    """
  private static let llm = """
    Token usage: 1,335 input, 41 output, {"prompt_tokens_details": {"cached_tokens": 35}}
    """

  static let samples = [
    UsageSample(
      agent: "pi", place: "session", arguments: ["-p", "x"],
      files: [piSession: "{\"type\":\"session\",\"id\":\"p1\",\"cwd\":\"@TREE@\"}\n\(pi)"],
      told: Told([300, 200, 10, 70], microdollars: 2_100, .sessionFile)),
    UsageSample(
      agent: "code-puppy", place: "usage file", arguments: ["--usage-file", "u.json", "-p", "x"],
      files: ["web/u.json": puppy],
      told: Told([300, 200, 10, 70], microdollars: 2_100, .sessionFile)),
    UsageSample(
      agent: "llm", place: "line", arguments: ["-u", "x"], error: llm,
      told: Told([1_300, 35, 0, 41], .stderr)),
  ]

  @Test func aSessionOfPiThatGoesOnCountsFromWhereItStood() throws {
    let run = try AgentRun("pi", "-c", "-p", "x")
    try run.append(Self.piSession, Self.pi, Self.pi)
    run.start()
    try run.append(Self.piSession, Self.pi)
    #expect(run.end().counts == [300, 200, 10, 70])
  }
}
