import LaForgeCore
import LaForgeUsage
import Testing

@Suite struct KimiTests {
  private static let printed = """
    StatusUpdate(
        context_usage=0.0182,
        token_usage=TokenUsage(
            input_other=307,
            output=43,
            input_cache_read=3328,
            input_cache_creation=12
        ),
        message_id='c1'
    )
    """
  private static let update = """
    {"timestamp":1795435205.5,"message":{"type":"StatusUpdate","payload":{"context_usage":0.02,\
    "token_usage":{"input_other":307,"output":43,"input_cache_read":3328,\
    "input_cache_creation":12}}}}
    """
  private static let wire = ".kimi/sessions/0f0f/k1/wire.jsonl"

  static let samples = [
    UsageSample(
      agent: "kimi", place: "output", arguments: ["--print", "-p", "x"],
      output: "\(printed)\n\(printed)", told: Told([614, 6_656, 24, 86], .stdout)),
    UsageSample(
      agent: "kimi", place: "wire", arguments: ["--quiet", "-p", "x"],
      error: "To resume this session: kimi -r k1", files: [wire: "\(update)\n\(update)"],
      told: Told([614, 6_656, 24, 86], .sessionFile)),
  ]

  @Test func figuresOnOneLineReadTheSame() {
    let line = """
      StatusUpdate(token_usage=TokenUsage(input_other=307, output=43, input_cache_read=3328, \
      input_cache_creation=12), message_id='c1')

      """
    #expect(report(line, agent: "kimi").counts == [307, 3_328, 12, 43])
  }

  @Test func standardErrorDoesNotBreakAFigureApart() throws {
    let run = try AgentRun("kimi", "--print", "-p", "x")
    for line in Self.printed.split(separator: "\n") {
      run.print(String(line))
      run.print("a warning (of something)", to: .standardError)
    }
    #expect(run.end().counts == [307, 3_328, 12, 43])
  }

  @Test func theWireRepeatsWhatIsPrinted() throws {
    let run = try AgentRun("kimi", "--print", "-p", "x")
    run.start()
    run.print(Self.printed)
    try run.append(Self.wire, Self.update)
    #expect(run.end().usage?.outputTokens == 43)
  }

  @Test func aSessionThatGoesOnCountsFromWhereItStood() throws {
    let run = try AgentRun("kimi", "-r", "k1", "-p", "x")
    try run.append(Self.wire, Self.update, Self.update)
    run.start()
    try run.append(Self.wire, Self.update)
    #expect(run.end().counts == [307, 3_328, 12, 43])
  }

  @Test func anInterruptedRequestIsKnownToBeMissing() throws {
    let run = try AgentRun("kimi", "-p", "x")
    run.start()
    try run.append(
      Self.wire, Self.update, "{\"message\":{\"type\":\"StepInterrupted\",\"payload\":{}}}")
    let report = run.end()
    #expect(report.usage?.outputTokens == 43)
    #expect(report.usage?.isComplete == false)
  }

  @Test func figuresThatBreakOffAreNotTaken() {
    let text = Self.printed.prefix { $0 != ")" }
    #expect(report("\(text)\n", agent: "kimi").usage == nil)
  }
}
