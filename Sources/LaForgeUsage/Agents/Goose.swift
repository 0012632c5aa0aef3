import LaForgeCore

/// Goose: the accumulated figures of a session in its database.
///
/// What it prints is the size of the last call alone.
struct GooseReader: AgentReader {
  init(_ call: AgentCall) {}

  static func places(_ call: AgentCall) -> [SessionPlace] {
    func query(_ columns: String) -> String {
      """
      SELECT id, working_dir AS directory, model_config_json AS model,
        accumulated_input_tokens AS input, accumulated_output_tokens AS output\(columns)
      FROM sessions
      """
    }
    let later = """
      , accumulated_cache_read_tokens AS cache_read, accumulated_cache_write_tokens AS cache_write, \
      accumulated_cost AS cost
      """
    return [
      SessionPlace(
        [
          .below(variable: "GOOSE_PATH_ROOT", "data/sessions"),
          .below(variable: "XDG_DATA_HOME", "goose/sessions"),
          .home(".local/share/goose/sessions"),
        ], "sessions.db", .database(queries: [query(later), query("")]))
    ]
  }

  func makeTally(_ file: SessionFile) -> any SessionTally {
    CumulativeRowTally { row in
      guard row["input"] != nil else { return nil }
      guard
        let counts = TokenCounts(
          prompt: row["input"]?.count, cacheRead: row.part("cache_read"),
          cacheCreation: row.part("cache_write"), output: row["output"]?.count)
      else { throw UnreadableUsage() }
      let model = try row["model"]?.string.map { try JSON(parsing: $0.utf8) }
      var figures = Figures()
      figures.add(counts, model: model?["model_name"]?.string, cost: row["cost"]?.knownPrice)
      return figures
    }
  }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    [finding(sessions, ending)].compactMap { $0 }
  }
}
