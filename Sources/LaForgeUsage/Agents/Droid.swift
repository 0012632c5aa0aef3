import LaForgeCore

/// Droid: the totals of a session in its settings file, cumulative.
struct DroidReader: AgentReader {
  init(_ call: AgentCall) {}

  static func places(_ call: AgentCall) -> [SessionPlace] {
    [SessionPlace([.home(".factory")], "sessions/**/*.settings.json", .document)]
  }

  func makeTally(_ file: SessionFile) -> any SessionTally { DroidTally(id: file.stem) }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    [finding(sessions, ending)].compactMap { $0 }
  }
}

struct DroidTally: SessionTally {
  private(set) var claim = SessionClaim()
  private(set) var figures = Figures()

  init(id: String) {
    claim.id = id.hasSuffix(".settings") ? String(id.dropLast(9)) : id
  }

  mutating func take(document: JSON, before: JSON?) throws {
    figures = try Figures(settings: document).since(before.map { try Figures(settings: $0) })
  }
}

extension Figures {
  /// Droid's `tokenUsage`.
  fileprivate init(settings: JSON) throws {
    self.init()
    let counts = try settings.counts(in: "tokenUsage") { usage in
      TokenCounts(
        uncached: usage["inputTokens"]?.count, cacheRead: usage.part("cacheReadTokens"),
        cacheCreation: usage.part("cacheCreationTokens"), output: usage["outputTokens"]?.count,
        reasoning: usage["thinkingTokens"]?.count)
    }
    if let counts { add(counts, model: settings["model"]?.string) }
  }
}
