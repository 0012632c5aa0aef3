import LaForgeCore

/// Claude Code: `result` events of `--output-format json` and `stream-json`, and the files in
/// `projects/`.
///
/// - `usage` of a result holds the main loop of one turn: no sub-agents, no side requests to a small
///   model.
/// - `modelUsage` and `total_cost_usd` hold everything, cumulative over the process; since 2.1.330
///   also over the session that a run resumes or forks, whose figures by then are the last
///   `cost-state` line of its file.
/// - `assistant` events in the output carry placeholders and are repeated for each block, so they are
///   never added up; with partial messages, `message_delta` events carry the true output.
struct ClaudeCodeReader: AgentReader {
  static let markers: LineMarkers = [
    "\"result\"", "\"init\"", "\"message_start\"", "\"message_delta\"",
  ]

  private let call: AgentCall
  private var turns: TokenCounts?
  private var result: Result?
  private var announcedModel: String?
  private var streamed = CallLedger()
  private var streaming: (id: String, counts: TokenCounts, model: String?)?
  private(set) var sessionIDs: Set<String> = []

  init(_ call: AgentCall) {
    self.call = call
  }

  static let datesRecords = true

  static func places(_ call: AgentCall) -> [SessionPlace] {
    let folders: [[SessionPlace.Root]] =
      call.environment["CLAUDE_CONFIG_DIR"]?.isEmpty == false
      ? [[.variable("CLAUDE_CONFIG_DIR")]] : [[.home(".claude")], [.home(".config/claude")]]
    return folders.map { SessionPlace($0, "projects/**/*.jsonl") }
  }

  // MARK: - Output

  mutating func take(_ event: JSON, from stream: AgentStream) throws {
    guard stream == .standardOutput else { return }
    // `--output-format json --verbose` prints all events as one array.
    for event in event.array { try take(event) }
    try take(event)
  }

  private mutating func take(_ event: JSON) throws {
    if let id = event["session_id"]?.string { sessionIDs.insert(id) }
    switch event["type"]?.string {
    case "system" where event["subtype"]?.string == "init":
      announcedModel = event["model"]?.string ?? announcedModel
    case "result":
      let turn = try event.counts(in: "usage", as: \.claudeCounts)
      result = try Result(event)
      if let turn { turns = turns.map { $0 + turn } ?? turn }
    case "stream_event": if let part = event["event"] { takePart(part) }
    default: break
    }
  }

  private mutating func takePart(_ event: JSON) {
    switch event["type"]?.string {
    case "message_start":
      guard let id = event["message", "id"]?.string,
        let counts = event["message", "usage"]?.claudeCounts
      else { return }
      streaming = (id, counts, event["message", "model"]?.string)
    case "message_delta":
      guard var call = streaming, let output = event["usage", "output_tokens"]?.count else {
        return
      }
      call.counts.output = output
      streamed.add(call.id, call.counts, model: call.model)
    default: break
    }
  }

  var model: String? { announcedModel ?? result?.figures.mainModel }
  var reportedError: Bool? { result?.isError }

  /// What a `result` event tells.
  private struct Result {
    var isInterrupted: Bool
    var isError: Bool?
    /// All models of the process, or of the session.
    var figures = Figures()

    init(_ event: JSON) throws {
      isInterrupted = event["subtype"]?.string == "error_during_execution"
      isError = event["is_error"]?.flag
      try figures.add(models: event["modelUsage"])
      figures.cost = event["total_cost_usd"]?.dollars
    }
  }

  // MARK: - Findings

  func makeTally(_ file: SessionFile) -> any SessionTally {
    ClaudeCodeTally(start: call.start, isSubagent: file.path.contains("/subagents/"))
  }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    let tallies = sessions.used.compactMap { $0.tally as? ClaudeCodeTally }
    var findings: [UsageFinding] = []
    if let result { findings += self.findings(result, tallies, ending) }
    if var session = finding(sessions, ending) {
      if result != nil { session.objection = "the result event tells it" }
      findings.append(session)
    }
    if !streamed.isEmpty {
      findings.append(
        UsageFinding(
          .stdout, "message_delta events", streamed.figures,
          incomplete: ending.reason ?? "no result event was printed"))
    }
    return findings
  }

  private func findings(
    _ result: Result, _ tallies: [ClaudeCodeTally], _ ending: RunEnding
  ) -> [UsageFinding] {
    var models = UsageFinding(.stdout, "result.modelUsage", result.figures)
    // Of several turns the last result holds all.
    models.figures.setReasoning(turns?.reasoning, whereAllIs: turns)
    guard let turns else { return result.figures.counts == nil ? [] : [models] }
    var loop = Figures()
    loop.add(turns, model: result.figures.models.count == 1 ? result.figures.mainModel : nil)
    var main = UsageFinding(.stdout, "result.usage", loop)
    if result.isInterrupted {
      main.incompleteReason = "the request that was interrupted is not in it"
      models.objection = "it guesses at the answer that was interrupted"
      return [main, models]
    }
    let isWhole = result.figures.counts.map { $0.isSame(as: turns) }
    if !resumes || isWhole == true {
      guard isWhole != nil else {
        main.figures.cost = result.figures.cost
        return [main]
      }
      main.objection = "it is the main loop alone"
      return [models, main]
    }
    if let before = tallies.compactMap(\.costStateBefore).last,
      let rest = result.figures.minus(before)
    {
      models.figures = rest
      models.place = "result.modelUsage without what the session had used before"
      main.objection = "it is the main loop alone"
      return [models, main]
    }
    models.objection = "it may count the session that was resumed"
    for tally in tallies where tally.isSubagent { main.figures.add(tally.figures) }
    main.figures.cost = nil
    main.incompleteReason = "side requests of a resumed session are not in it"
    return [main, models]
  }

  // MARK: - Options

  private var resumes: Bool {
    call.has("--continue", "--resume", "--fork-session")
      || call.arguments.contains(where: Self.joins)
  }

  /// Whether a word such as `-pc` joins `-c` or `-r` with other short options.
  private static func joins(_ word: String) -> Bool {
    let letters = word.dropFirst()
    return word.hasPrefix("-") && !letters.isEmpty && letters.count < 5
      && letters.allSatisfy { $0.isASCII && $0.isLowercase }
      && (letters.contains("c") || letters.contains("r"))
  }
}
