import LaForgeCore

/// Cursor's agent: `usage` of the result, in builds since about 2026.
///
/// It keeps no log that tells it.
struct CursorReader: AgentReader {
  static let markers: LineMarkers = ["\"result\"", "\"init\""]

  private var result = Figures()
  private(set) var reportedError: Bool?
  private(set) var model: String?

  init(_ call: AgentCall) {}

  mutating func take(_ event: JSON, from stream: AgentStream) throws {
    guard stream == .standardOutput else { return }
    if event["subtype"]?.string == "init" { model = event["model"]?.string }
    guard event["type"]?.string == "result" else { return }
    reportedError = event["is_error"]?.flag
    let counts = try event.counts(in: "usage") { usage in
      TokenCounts(
        uncached: usage["inputTokens"]?.count, cacheRead: usage.part("cacheReadTokens"),
        cacheCreation: usage.part("cacheWriteTokens"), output: usage["outputTokens"]?.count)
    }
    if let counts { result.add(counts, model: model) }
  }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    [printed("result.usage", result, ending)].compactMap { $0 }
  }
}
