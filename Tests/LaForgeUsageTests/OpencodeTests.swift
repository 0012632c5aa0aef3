import LaForgeCore
import LaForgeUsage
import Testing

@Suite struct OpencodeTests {
  private static let tokens = """
    {"input":300,"output":40,"reasoning":30,"cache":{"read":200,"write":10}}
    """

  private static func event(_ id: String, cost: String = "0.0021") -> String {
    """
    {"type":"step_finish","timestamp":1795435205000,"sessionID":"o1","part":{"id":"\(id)",\
    "type":"step-finish","cost":\(cost),"tokens":\(tokens)}}
    """
  }

  private static let tables = [
    "CREATE TABLE session (id TEXT, parent_id TEXT, directory TEXT)",
    "CREATE TABLE message (id TEXT, session_id TEXT, data TEXT)",
    "CREATE TABLE part (id TEXT, message_id TEXT, data TEXT, time_created INTEGER)",
  ]

  private static func session(
    _ id: String, parent: String? = nil, at time: Int64 = AgentRun.begin + 5_000
  ) -> [String] {
    let parent = parent.map { "'\($0)'" } ?? "NULL"
    return [
      "INSERT INTO session VALUES ('\(id)', \(parent), '@TREE@')",
      "INSERT INTO message VALUES ('m\(id)', '\(id)', '{\"modelID\":\"m\"}')",
      """
      INSERT INTO part VALUES ('p\(id)', 'm\(id)',
        '{"type":"step-finish","cost":0.0021,"tokens":\(tokens)}', \(time))
      """,
    ]
  }

  private static let database = ".local/share/opencode/opencode.db"

  static let samples = [
    UsageSample(
      agent: "opencode", place: "output", arguments: ["run", "--format", "json", "x"],
      output: "\(event("a"))\n\(event("b"))",
      told: Told(
        [600, 400, 20, 140], reasoning: 60, microdollars: 4_200, isComplete: false, .stdout)),
    UsageSample(
      agent: "opencode", place: "database", arguments: ["run", "x"],
      databases: [database: tables + session("o1")],
      told: Told([300, 200, 10, 70], reasoning: 30, microdollars: 2_100, .sessionFile)),
  ]

  @Test func theSessionsOfSubagentsAreCounted() throws {
    let run = try AgentRun("opencode", "run", "--format", "json", "x")
    run.start()
    run.print(Self.event("po1"))
    try run.execute(
      in: Self.database, Self.tables + Self.session("o1") + Self.session("o2", parent: "o1"))
    #expect(run.end().counts == [600, 400, 20, 140])
  }

  @Test func stepsOfBeforeTheRunAreNotCounted() throws {
    let run = try AgentRun("opencode", "run", "-c", "x")
    run.start()
    try run.execute(
      in: Self.database,
      Self.tables + Self.session("o1", at: AgentRun.begin - 1) + Self.session("o2"))
    #expect(run.end().usage?.outputTokens == 70)
  }

  @Test func aPriceOfNothingIsNone() {
    #expect(report(Self.event("a", cost: "0"), agent: "opencode").usage?.cost == nil)
  }

  @Test func aStepThatIsPrintedTwiceCountsOnce() {
    let twice = "\(Self.event("a"))\n\(Self.event("a"))"
    #expect(report(twice, agent: "opencode").usage?.outputTokens == 70)
  }
}
