import LaForgeCore
import LaForgeUsage
import Testing

/// Agents whose session has one record that grows: Goose, Hermes and Crush in databases, Droid and
/// OpenHands in documents.
@Suite struct CumulativeSessionTests {
  /// An agent's record of a session that has used so many times one call.
  private struct Session: Sendable, CustomTestStringConvertible {
    var agent: String
    var path: String
    /// The statements, or for a document its text as the only one.
    var isDatabase: Bool
    var record: @Sendable (_ calls: Int) -> [String]
    /// What one call uses.
    var told: Told

    var testDescription: String { agent }

    func write(_ calls: Int, in run: AgentRun) throws {
      if isDatabase {
        try run.execute(in: path, record(calls))
      } else {
        try run.write(path, record(calls).joined())
      }
    }
  }

  private static let sessions = [
    Session(
      agent: "goose", path: ".local/share/goose/sessions/sessions.db", isDatabase: true,
      record: { calls in
        [
          """
          CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, working_dir TEXT,
            model_config_json TEXT, accumulated_input_tokens INT, accumulated_output_tokens INT)
          """,
          """
          REPLACE INTO sessions VALUES ('a', '@TREE@', '{"model_name":"m"}', \(500 * calls),
            \(70 * calls))
          """,
        ]
      }, told: Told([500, 0, 0, 70], .sessionFile)),
    Session(
      agent: "hermes", path: ".hermes/state.db", isDatabase: true,
      record: { calls in
        [
          """
          CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, cwd TEXT, model TEXT,
            input_tokens INT, cache_read_tokens INT, cache_write_tokens INT, output_tokens INT,
            reasoning_tokens INT, estimated_cost_usd REAL)
          """,
          """
          REPLACE INTO sessions VALUES ('a', '@TREE@', 'm', \(300 * calls), \(200 * calls), 0,
            \(70 * calls), \(30 * calls), \(0.002 * Double(calls)))
          """,
        ]
      },
      told: Told(
        [300, 200, 0, 70], reasoning: 30, microdollars: 2_000, isComplete: false, .sessionFile)),
    Session(
      agent: "crush", path: "web/.crush/crush.db", isDatabase: true,
      record: { calls in
        [
          """
          CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, parent_session_id TEXT,
            prompt_tokens INT, cost REAL)
          """,
          "REPLACE INTO sessions VALUES ('a', NULL, 77, \(0.002 * Double(calls)))",
        ]
      },
      told: Told([nil, nil, nil, nil], microdollars: 2_000, isComplete: false, nil)),
    Session(
      agent: "droid", path: ".factory/sessions/web/a.settings.json", isDatabase: false,
      record: { calls in
        [
          """
          {"model":"m","tokenUsage":{"inputTokens":\(300 * calls),"cacheReadTokens":\(200 * calls),
          "cacheCreationTokens":\(10 * calls),"outputTokens":\(70 * calls),
          "thinkingTokens":\(30 * calls)}}
          """
        ]
      }, told: Told([300, 200, 10, 70], reasoning: 30, .sessionFile)),
    Session(
      agent: "openhands", path: ".openhands/conversations/a/base_state.json", isDatabase: false,
      record: { calls in
        [
          """
          {"workspace":{"working_dir":"@TREE@"},"execution_status":"finished","stats":{
          "usage_to_metrics":{"agent":{"model_name":"m","accumulated_cost":\(0.002 * Double(calls)),
          "accumulated_token_usage":{"prompt_tokens":\(510 * calls),
          "cache_read_tokens":\(200 * calls),"cache_write_tokens":\(10 * calls),
          "completion_tokens":\(70 * calls),"reasoning_tokens":\(30 * calls)}}}}}
          """
        ]
      }, told: Told([300, 200, 10, 70], reasoning: 30, microdollars: 2_000, .sessionFile)),
  ]

  static let samples = sessions.map { session in
    UsageSample(
      agent: session.agent, place: "session",
      files: session.isDatabase ? [:] : [session.path: session.record(1).joined()],
      databases: session.isDatabase ? [session.path: session.record(1)] : [:],
      told: session.told)
  }

  @Test(arguments: sessions)
  private func aSessionThatGoesOnCountsWhatWasAdded(_ session: Session) throws {
    let run = try AgentRun(session.agent)
    try session.write(3, in: run)
    run.start()
    try session.write(4, in: run)
    #expect(Told(run.end()) == session.told)
  }

  @Test(arguments: sessions)
  private func aSessionThatRestedTellsNothing(_ session: Session) throws {
    let run = try AgentRun(session.agent)
    try session.write(3, in: run)
    run.start()
    #expect(run.end().usage == nil)
  }

  @Test func whatBrokeOffIsIncomplete() throws {
    let session = try #require(Self.sessions.last)
    let run = try AgentRun("openhands")
    run.start()
    try run.write(
      session.path, session.record(1).joined().replacing("\"finished\"", with: "\"error\""))
    #expect(run.end().usage?.isComplete == false)
  }
}
