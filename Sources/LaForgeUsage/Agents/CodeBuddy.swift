import LaForgeCore

/// CodeBuddy: Claude Code's field names, but `input_tokens` includes what came from caches.
///
/// The session file has `providerData.usage` for each call.
struct CodeBuddyReader: AgentReader {
  static let markers: LineMarkers = ["\"result\"", "\"init\""]

  private var result = Figures()
  private(set) var reportedError: Bool?
  private(set) var sessionIDs: Set<String> = []

  init(_ call: AgentCall) {}

  static func places(_ call: AgentCall) -> [SessionPlace] {
    [
      SessionPlace(
        [.variable("CODEBUDDY_CONFIG_DIR"), .home(".codebuddy")], "projects/**/*.jsonl")
    ]
  }

  static func printsDocument(_ call: AgentCall) -> Bool {
    call.value(of: "--output-format") == "json"
  }

  mutating func take(_ event: JSON, from stream: AgentStream) throws {
    guard stream == .standardOutput else { return }
    if let id = event["session_id"]?.string { sessionIDs.insert(id) }
    guard event["type"]?.string == "result" else { return }
    reportedError = event["is_error"]?.flag
    guard let counts = try event.counts(in: "usage", as: \.inclusiveCounts) else { return }
    result = Figures()
    let models = event["modelUsage"]?.members.map(\.key) ?? []
    result.add(
      counts, model: models.count == 1 ? models[0] : nil, cost: event["total_cost_usd"]?.knownPrice)
  }

  func makeTally(_ file: SessionFile) -> any SessionTally { CodeBuddyTally() }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    // After a failure it prints figures of nothing.
    let isFailure = result.counts?.isZero == true && reportedError == true
    return [
      isFailure ? nil : printed("result.usage", result, ending), finding(sessions, ending),
    ].compactMap { $0 }
  }
}

struct CodeBuddyTally: SessionTally {
  static let markers: LineMarkers = ["\"providerData\"", "\"user\""]
  private(set) var claim = SessionClaim()
  private var calls = CallLedger()

  mutating func take(_ record: JSON, isOld: Bool) throws {
    if let id = record["sessionId"]?.string { claim.id = id }
    claim.directory = claim.directory ?? record["cwd"]?.string
    guard !isOld else { return }
    if record["role"]?.string == "user" {
      claim.prompts += (record["content"]?.array ?? []).compactMap { $0["text"]?.string }
    }
    guard let data = record["providerData"],
      let counts = try data.counts(in: "usage", as: \.codeBuddyCounts)
    else { return }
    calls.add(
      data["messageId"]?.string ?? record["id"]?.string ?? "", counts,
      model: data["requestModelId"]?.string ?? data["model"]?.string)
  }

  var figures: Figures { calls.figures }
}

extension JSON {
  /// The session file's `usage`.
  fileprivate var codeBuddyCounts: TokenCounts? {
    let (input, output) = (self["inputTokensDetails"]?.array, self["outputTokensDetails"]?.array)
    return TokenCounts(
      prompt: self["inputTokens"]?.count,
      cacheRead: input?.first.map { $0.part("cached_tokens") } ?? 0,
      output: self["outputTokens"]?.count,
      reasoning: output?.first?["reasoning_tokens"]?.count)
  }

  /// Claude Code's field names with the meaning of OpenAI's.
  var inclusiveCounts: TokenCounts? {
    TokenCounts(
      prompt: self["input_tokens"]?.count, cacheRead: part("cache_read_input_tokens"),
      cacheCreation: part("cache_creation_input_tokens"), output: self["output_tokens"]?.count)
  }
}
