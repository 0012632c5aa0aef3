import Foundation
import LaForgeCore

/// Hermes: a row for each session, its input without what is cached.
struct HermesReader: AgentReader {
  static let textMarkers: LineMarkers = ["Session: ", "session_id:"]

  private(set) var sessionIDs: Set<String> = []

  init(_ call: AgentCall) {}

  static func places(_ call: AgentCall) -> [SessionPlace] {
    let query = """
      SELECT id, cwd AS directory, model, input_tokens AS input, cache_read_tokens AS cache_read,
        cache_write_tokens AS cache_write, output_tokens AS output, reasoning_tokens AS reasoning,
        estimated_cost_usd AS cost
      FROM sessions
      """
    return [
      SessionPlace(
        [.variable("HERMES_HOME"), .home(".hermes")], "state.db", .database(queries: [query]))
    ]
  }

  mutating func take(_ line: String, from stream: AgentStream) {
    for marker in ["Session: ", "session_id:"] {
      guard let range = line.range(of: marker) else { continue }
      let id = line[range.upperBound...].drop { $0 == " " }.prefix { !$0.isWhitespace }
      if !id.isEmpty { sessionIDs.insert(String(id)) }
    }
  }

  func makeTally(_ file: SessionFile) -> any SessionTally {
    CumulativeRowTally { row in
      guard
        let counts = TokenCounts(
          uncached: row["input"]?.count, cacheRead: row.part("cache_read"),
          cacheCreation: row.part("cache_write"), output: row["output"]?.count,
          reasoning: row["reasoning"]?.count)
      else { throw UnreadableUsage() }
      var figures = Figures()
      figures.add(counts, model: row["model"]?.string, cost: row["cost"]?.knownPrice)
      return figures
    }
  }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    [finding(sessions, ending, incomplete: "the request for a title is in no figure")]
      .compactMap { $0 }
  }
}
