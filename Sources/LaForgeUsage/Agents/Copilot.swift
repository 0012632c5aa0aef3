import LaForgeCore

/// GitHub Copilot CLI: a table at the end of its text, or `session.shutdown` of its events file, one
/// for each part of a session.
///
/// What it prints as JSON has no tokens.
struct CopilotReader: AgentReader {
  static let textMarkers: LineMarkers = [" in, "]

  private var table = Figures()

  init(_ call: AgentCall) {}

  static func places(_ call: AgentCall) -> [SessionPlace] {
    [
      SessionPlace(
        [.variable("COPILOT_HOME"), .home(".copilot")], "session-state/*/events.jsonl")
    ]
  }

  /// Takes a row of the table of models.
  ///
  /// It reads `claude-sonnet-4.5   453.0k in, 13.1k out, 405.7k cached (Est. 7 Premium requests)`.
  mutating func take(_ line: String, from stream: AgentStream) {
    guard let model = line.split(separator: " ").first,
      let input = Numbers.count(before: " in, ", in: line)
    else { return }
    // Both are rounded, so that the cache may seem larger than what it is a part of.
    let cached = Numbers.count(before: " cached", in: line) ?? 0
    let counts = TokenCounts(
      prompt: input, cacheRead: min(input, cached),
      output: Numbers.count(before: " out", in: line))
    if let counts { table.add(counts, model: String(model)) }
  }

  func makeTally(_ file: SessionFile) -> any SessionTally {
    CopilotTally(id: file.folder)
  }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    [
      finding(sessions, ending),
      printed("the table by model", table, ending, incomplete: "the printed figures are rounded"),
    ].compactMap { $0 }
  }
}

struct CopilotTally: SessionTally {
  static let markers: LineMarkers = [
    "\"session.start\"", "\"session.shutdown\"", "\"user.message\"",
  ]
  private(set) var claim = SessionClaim()
  private(set) var figures = Figures()

  init(id: String?) {
    claim.id = id
  }

  mutating func take(_ record: JSON, isOld: Bool) throws {
    let data = record["data"]
    if record["type"]?.string == "session.start" {
      claim.id = data?["sessionId"]?.string ?? claim.id
      claim.directory = data?["context", "cwd"]?.string ?? data?["cwd"]?.string
    }
    guard !isOld else { return }
    if record["type"]?.string == "user.message", let text = data?["content"]?.string {
      claim.prompts.append(text)
    }
    guard record["type"]?.string == "session.shutdown" else { return }
    for (model, metrics) in data?["modelMetrics"]?.members ?? [] {
      let counts = try metrics.counts(in: "usage") { usage in
        TokenCounts(
          prompt: usage["inputTokens"]?.count, cacheRead: usage.part("cacheReadTokens"),
          cacheCreation: usage.part("cacheWriteTokens"), output: usage["outputTokens"]?.count,
          reasoning: usage["reasoningTokens"]?.count)
      }
      if let counts { figures.add(counts, model: model) }
    }
  }
}
