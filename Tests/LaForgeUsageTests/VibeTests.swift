import LaForgeCore
import LaForgeUsage
import Testing

@Suite struct VibeTests {
  private static let usage = """
    {"input_tokens":300,"cached_input_tokens":200,"output_tokens":40,"total_tokens":340}
    """
  private static let call = """
    {"type":"action_result","payload":{"result":{"result":{"usage":\(usage)}}}}
    """
  private static let export = """
    {"usage":{"input_tokens":600,"cached_input_tokens":400,"output_tokens":80,"total_tokens":680},
    "cost_usd":0.0042,"session_id":"v1","exit_code":0}
    """
  private static let session = ".vibe/logs/session/unified/v1"
  private static let journal = "\(session)/journal/0001.jsonl"
  private static let older = ".vibe/logs/session/session_20261123_v2/meta.json"

  private static func meta(_ prompt: Int, _ completion: Int, cost: Double) -> String {
    """
    {"session_id":"v2","environment":{"working_directory":"@TREE@"},
    "stats":{"session_prompt_tokens":\(prompt),"session_completion_tokens":\(completion),
    "session_cost":\(cost),"context_tokens":77}}
    """
  }

  static let samples = [
    UsageSample(
      agent: "vibe", place: "journal of version 3", arguments: ["-p", "x"],
      files: [
        "\(session)/meta.json": "{\"environment\":{\"working_directory\":\"@TREE@\"}}",
        journal: "\(call)\n\(call)",
      ], told: Told([200, 400, 0, 80], .sessionFile)),
    UsageSample(
      agent: "vibe", place: "export of version 3", arguments: ["-p", "x", "--output-dir", "out"],
      files: ["web/out/export.json": export],
      told: Told([200, 400, 0, 80], microdollars: 4_200, .sessionFile)),
    UsageSample(
      agent: "vibe", place: "meta.json of version 2", arguments: ["-p", "x"],
      files: [older: meta(300, 40, cost: 0.0042)],
      told: Told([300, 0, 0, 40], microdollars: 4_200, isComplete: false, .sessionFile)),
  ]

  @Test func aCallIsRepeatedInOtherRecords() throws {
    let run = try AgentRun("vibe", "-p", "x")
    run.start()
    try run.append(
      Self.journal, Self.call,
      "{\"type\":\"core_input\",\"payload\":{\"action_result\":{\"result\":{\"usage\":\(Self.usage)}}}}",
      """
      {"type":"projection_delta","payload":{"of":"action_result","session":{"tokenUsage":\
      {"input_tokens":9000,"cached_input_tokens":0,"output_tokens":900}}}}
      """)
    #expect(run.end().counts == [100, 200, 0, 40])
  }

  @Test func theExportRepeatsTheJournalAndTellsThePrice() throws {
    let run = try AgentRun("vibe", "-p", "x", "--output-dir=out")
    run.start()
    try run.append(Self.journal, Self.call, Self.call)
    try run.append("web/out/export.json", Self.export)
    let report = run.end()
    #expect(report.counts == [200, 400, 0, 80])
    #expect(report.usage?.cost == Cost(microdollars: 4_200))
  }

  @Test func aJournalThatGoesOnCountsFromWhereItStood() throws {
    let run = try AgentRun("vibe", "-c", "-p", "x")
    try run.append(Self.journal, Self.call, Self.call)
    run.start()
    try run.append(Self.journal, Self.call)
    #expect(run.end().usage?.outputTokens == 40)
  }

  @Test func theTotalsOfVersion2AreOfTheWholeSession() throws {
    let run = try AgentRun("vibe", "-c", "-p", "x")
    try run.write(Self.older, Self.meta(1_000, 100, cost: 0.01))
    run.start()
    try run.write(Self.older, Self.meta(1_300, 140, cost: 0.0142))
    let report = run.end()
    #expect(report.counts == [300, 0, 0, 40])
    #expect(report.usage?.cost == Cost(microdollars: 4_200))
    #expect(report.usage?.isComplete == false, "what came from a cache is not told")
  }

  @Test func whatIsPrintedTellsNothing() {
    #expect(report("{\"usage\":\(Self.usage)}\n", agent: "vibe").usage == nil)
  }
}
