import LaForgeCore

/// mini-swe-agent: the trajectory, which each run writes anew, with the provider's figures of every
/// call.
struct MiniSWEAgentReader: AgentReader {
  init(_ call: AgentCall) {}

  static func places(_ call: AgentCall) -> [SessionPlace] {
    if let path = call.value(of: "-o", "--output") { return [.document(path)] }
    return [
      SessionPlace(
        [.variable("MSWEA_GLOBAL_CONFIG_DIR"), .home(".config/mini-swe-agent")],
        "last_mini_run.traj.json", .document)
    ]
  }

  func makeTally(_ file: SessionFile) -> any SessionTally { MiniSWEAgentTally() }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    [finding(sessions, ending)].compactMap { $0 }
  }
}

struct MiniSWEAgentTally: SessionTally {
  let claim = SessionClaim()
  private(set) var figures = Figures()

  mutating func take(document: JSON, before: JSON?) throws {
    guard document["info", "model_stats"] != nil else { return }
    figures = Figures()
    let model = document["info", "config", "model", "model_name"]?.string
    for message in document["messages"]?.array ?? [] {
      guard let response = message["extra", "response"],
        let counts = try response.counts(in: "usage", as: \.chatCounts)
      else { continue }
      figures.add(counts, model: response["model"]?.string ?? model)
    }
    if figures.counts == nil { figures.add(TokenCounts(), model: nil) }
    figures.cost = document["info", "model_stats", "instance_cost"]?.dollars
  }
}

extension JSON {
  /// The `usage` of a chat completion: prompt and completion with their details.
  ///
  /// What went into a cache is in the prompt as well.
  fileprivate var chatCounts: TokenCounts? {
    TokenCounts(
      prompt: self["prompt_tokens"]?.count,
      cacheRead: self["prompt_tokens_details", "cached_tokens"]?.count
        ?? part("cache_read_input_tokens"),
      cacheCreation: self["cache_creation_input_tokens"]?.count
        ?? part("prompt_tokens_details", "cache_creation_tokens"),
      output: self["completion_tokens"]?.count,
      reasoning: self["completion_tokens_details", "reasoning_tokens"]?.count)
  }
}
