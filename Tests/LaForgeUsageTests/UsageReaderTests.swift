import LaForgeCore
import LaForgeStore
import LaForgeTestSupport
import LaForgeUsage
import Testing

/// A reader of a run without sessions.
func makeReader(agent: String, arguments: [String] = []) -> UsageReader {
  UsageReader(
    agent: agent, call: AgentCall(arguments: arguments), prices: PriceTable(),
    databases: SQLiteSessionDatabase())
}

/// Feeds a reader a text at once.
func report(
  _ output: String, error: String = "", agent: String = "tool", arguments: [String] = [],
  usageFile: String? = nil
) -> UsageReport {
  var reader = makeReader(agent: agent, arguments: arguments)
  Array(output.utf8).withUnsafeBytes { reader.consume($0, from: .standardOutput) }
  Array(error.utf8).withUnsafeBytes { reader.consume($0, from: .standardError) }
  return reader.finish(usageFile: usageFile.map { Array($0.utf8) }, wasKilled: false)
}

@Suite struct TokenUsageLineTests {
  @Test(arguments: [
    "TOKEN_USAGE: prompt_tokens=10, completion_tokens=5, total_tokens=15, cost=0.0123",
    "token_usage: PROMPT_TOKENS=10,completion_tokens=5,total_tokens=15,cost=$0.0123",
    "  Token_Usage : prompt_tokens=10, completion_tokens=5, total_tokens=15, cost=0.0123\r",
    "{\"token_usage\": {\"prompt_tokens\": 10, \"completion_tokens\": 5, \"total_tokens\": 15, \"cost\": 0.0123}}",
    "{\"x\": [1], \"token_usage\": {\"prompt_tokens\": 10, \"completion_tokens\": 5, \"cost\": 0.0123}}",
  ])
  func bothFormatsAreReadInAnyLetterCase(_ line: String) {
    let usage = report("before\n\(line)\nafter\n").usage
    #expect(usage?.promptTokens == 10)
    #expect(usage?.completionTokens == 5)
    #expect(usage?.totalTokens == 15)
    #expect(usage?.cost == Cost(microdollars: 12_300))
    #expect(usage?.costSource == .agent)
    #expect(usage?.source == .stdout)
    #expect(usage?.inputTokens == nil, "how the prompt divides is not told")
  }

  @Test func theLastTotalCounts() {
    let text = """
      TOKEN_USAGE: prompt_tokens=10, completion_tokens=5, total_tokens=15
      {"token_usage": {"prompt_tokens": 30, "completion_tokens": 9, "total_tokens": 39}}
      """
    #expect(report(text).usage?.totalTokens == 39)
  }

  @Test func linesOnStandardErrorCountToo() {
    let usage = report("", error: "TOKEN_USAGE: total_tokens=7\n").usage
    #expect(usage?.totalTokens == 7)
    #expect(usage?.source == .stderr)
    #expect(usage?.promptTokens == nil)
  }

  @Test(arguments: [
    "token_usage is high", "TOKEN_USAGE:", "README.md:TOKEN_USAGE: prompt_tokens=9",
    "it prints TOKEN_USAGE: prompt_tokens=9", "my_token_usage = 5", "{\"token_usage\": null, 5",
    "TOKEN_USAGES: prompt_tokens=1", "{\"tokens\": {\"prompt_tokens\": 1}}", "",
  ])
  func whatOnlyLooksSimilarTellsNothing(_ line: String) {
    #expect(report(line).usage?.isUnknown != false)
  }

  @Test(arguments: [
    "TOKEN_USAGE: prompt_tokens=-1", "TOKEN_USAGE: prompt_tokens=1,000, completion_tokens=5",
    "TOKEN_USAGE: cost=1,50", "TOKEN_USAGE: promt_tokens=1", "TOKEN_USAGE: total_tokens=1 234",
    "TOKEN_USAGE: prompt_tokens=many",
    "{\"token_usage\": {\"prompt_tokens\": -4}}", "{\"token_usage\": {\"prompt_tokens\": \"4\"}}",
    "{\"token_usage\": {\"prompt_tokens\": 99999999999999999999}}", "{\"token_usage\": 12",
  ])
  func figuresThatCannotBeAreCountedAndSkipped(_ line: String) {
    let report = report("\(line)\n")
    #expect(report.usage?.isUnknown == true)
    #expect(report.usage?.isComplete == false)
    #expect(report.unreadableLines == 1)
  }
}

@Suite struct UsageFileTests {
  @Test func winsOverEverythingPrinted() {
    let printed = "TOKEN_USAGE: prompt_tokens=1, completion_tokens=1, cost=5\n"
    let file =
      "{\"input_tokens\": 100, \"cache_read_tokens\": 20, \"output_tokens\": 30, \"model\": \"m\"}"
    let report = report(printed, usageFile: file)
    #expect(report.usage?.source == .usageFile)
    #expect(report.usage?.promptTokens == 120)
    #expect(report.usage?.completionTokens == 30)
    #expect(report.usage?.totalTokens == 150)
    #expect(report.usage?.cacheCreationTokens == nil)
    #expect(
      report.usage?.cost == Cost(microdollars: 5_000_000), "the cost is told by the line alone")
    #expect(report.model == "m")
  }

  @Test func mayTellTheCostAlone() {
    let report = report("TOKEN_USAGE: total_tokens=7, cost=9\n", usageFile: "{\"cost\": 0.5}")
    #expect(report.usage?.cost == Cost(microdollars: 500_000))
    #expect(report.usage?.totalTokens == 7)
  }

  @Test func theLastOfSeveralLinesCounts() {
    let report = report(
      "", usageFile: "{\"output_tokens\": 1}\n{\"token_usage\": {\"total_tokens\": 2}}\n")
    #expect(report.usage?.totalTokens == 2)
  }

  @Test func isPassedOverWhereItCannotBeRead() {
    let report = report("TOKEN_USAGE: total_tokens=7\n", usageFile: "lots\n")
    #expect(report.usage?.totalTokens == 7)
    #expect(report.unreadableLines == 1)
  }
}

@Suite struct ChunkingTests {
  static let sample = """
    plain
    {"type":"result","is_error":false,"usage":{"input_tokens":3,"output_tokens":4}}
    TOKEN_USAGE: prompt_tokens=10, completion_tokens=5, total_tokens=15, cost=0.0123
    {"token_usage": {"prompt_tokens": 30, "completion_tokens": 9, "total_tokens": 39}}
    last line without end
    """

  @Test(arguments: ["tool", "claude", "codex"], Seeds.all)
  func theResultDoesNotDependOnWhereChunksEnd(agent: String, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var reader = makeReader(agent: agent)
    var rest = Array(Self.sample.utf8)[...]
    while !rest.isEmpty {
      let chunk = Array(rest.prefix(.random(in: 1...60, using: &random)))
      rest = rest.dropFirst(chunk.count)
      chunk.withUnsafeBytes { reader.consume($0, from: .standardOutput) }
    }
    #expect(reader.finish(usageFile: nil, wasKilled: false) == report(Self.sample, agent: agent))
  }

  @Test func truncationNeverTellsMoreThanTheWhole() {
    let whole = report(Self.sample).usage?.totalTokens ?? 0
    let bytes = Array(Self.sample.utf8)
    for count in bytes.indices {
      let text = String(decoding: bytes[..<count], as: UTF8.self)
      #expect(report(text).usage?.totalTokens ?? 0 <= whole)
    }
  }

  @Test func aLineBeyondAllBoundsIsSurvived() {
    var reader = makeReader(agent: "claude")
    let chunk = [UInt8](repeating: UInt8(ascii: "{"), count: 1 << 20)
    for _ in 0..<40 { chunk.withUnsafeBytes { reader.consume($0, from: .standardOutput) } }
    Array("\nTOKEN_USAGE: total_tokens=7\n".utf8).withUnsafeBytes {
      reader.consume($0, from: .standardOutput)
    }
    #expect(reader.finish(usageFile: nil, wasKilled: false).usage?.totalTokens == 7)
  }
}
