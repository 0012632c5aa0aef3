import LaForgeCore

/// Crush: of its figures only the price adds up; the tokens are those of the last call.
struct CrushReader: AgentReader {
  init(_ call: AgentCall) {}

  static func places(_ call: AgentCall) -> [SessionPlace] {
    let query = "SELECT id, parent_session_id AS parent, cost FROM sessions"
    let roots: [SessionPlace.Root] = [.directory(".crush"), .workingTree(".crush")]
    return roots.map { SessionPlace([$0], "crush.db", .database(queries: [query])) }
  }

  func makeTally(_ file: SessionFile) -> any SessionTally {
    CumulativeRowTally { row in
      guard let cost = row["cost"]?.knownPrice else { return nil }
      var figures = Figures()
      figures.cost = cost
      return figures
    }
  }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    [finding(sessions, ending, incomplete: "Crush does not add up its tokens")]
      .compactMap { $0 }
  }
}
