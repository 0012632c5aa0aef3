import LaForgeCore

/// opencode: `step_finish` events of `run --format json`, and its database, in which the sessions of
/// sub-agents are as well.
///
/// The input leaves out what is cached, the output what was reasoned. A price of nothing is that of
/// a subscription or of a model whose price is not known.
struct OpencodeReader: AgentReader {
  static let markers: LineMarkers = ["\"step_finish\"", "\"step_start\""]

  private var steps = CallLedger()
  private(set) var sessionIDs: Set<String> = []

  init(_ call: AgentCall) {}

  static func places(_ call: AgentCall) -> [SessionPlace] {
    let roots: [SessionPlace.Root] = [
      .below(variable: "XDG_DATA_HOME", "opencode"), .home(".local/share/opencode"),
    ]
    // What was there before the run is told by its time.
    let query = """
      SELECT part.id AS id, part.data AS data, part.time_created AS time, session.id AS session,
        session.parent_id AS parent, session.directory AS directory, message.data AS message
      FROM part JOIN message ON message.id = part.message_id
        JOIN session ON session.id = message.session_id
      WHERE part.time_created >= \(call.start) AND part.data LIKE '%step-finish%'
      """
    return [
      SessionPlace(roots, "opencode.db", .database(queries: [query])),
      SessionPlace(roots, "storage/message/*/msg_*.json", .document),
    ]
  }

  mutating func take(_ event: JSON, from stream: AgentStream) throws {
    guard stream == .standardOutput else { return }
    if let id = event["sessionID"]?.string { sessionIDs.insert(id) }
    guard event["type"]?.string == "step_finish", let part = event["part"],
      let counts = try part.counts(in: "tokens", as: \.opencodeCounts)
    else { return }
    steps.add(
      part["id"]?.string ?? "\(event["timestamp"]?.count ?? 0)", counts, model: nil,
      cost: part["cost"]?.knownPrice)
  }

  func makeTally(_ file: SessionFile) -> any SessionTally { OpencodeTally() }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    [
      finding(sessions, ending),
      printed(
        "step_finish events", steps.figures, ending, incomplete: "sub-agents are not in it"),
    ].compactMap { $0 }
  }
}

extension JSON {
  fileprivate var opencodeCounts: TokenCounts? {
    guard let reasoning = part("reasoning"), let answer = self["output"]?.count else { return nil }
    return TokenCounts(
      uncached: self["input"]?.count, cacheRead: part("cache", "read"),
      cacheCreation: part("cache", "write"), output: TokenCounts.sum(answer, reasoning),
      reasoning: reasoning)
  }
}

/// The steps of one session in the database, or a message of the older storage.
struct OpencodeTally: SessionTally {
  private(set) var claim = SessionClaim()
  private(set) var figures = Figures()
  private var isMessage = false

  mutating func take(row: JSON, before: JSON?) throws {
    claim.id = row["session"]?.string
    claim.root = row["parent"]?.string
    claim.directory = row["directory"]?.string
    guard let step = row["data"]?.string else { return }
    let part = try JSON(parsing: step.utf8)
    guard let counts = try part.counts(in: "tokens", as: \.opencodeCounts) else { return }
    let message = try row["message"]?.string.map { try JSON(parsing: $0.utf8) }
    figures.add(counts, model: message?["modelID"]?.string, cost: part["cost"]?.knownPrice)
  }

  mutating func take(document: JSON, before: JSON?) throws {
    claim.id = document["sessionID"]?.string
    claim.directory = document["path", "cwd"]?.string
    guard document["role"]?.string == "assistant",
      let counts = try document.counts(in: "tokens", as: \.opencodeCounts)
    else { return }
    isMessage = true
    figures.add(counts, model: document["modelID"]?.string, cost: document["cost"]?.knownPrice)
  }

  var incompleteReason: String? {
    isMessage ? "a message of the older storage tells its last step alone" : nil
  }
}
