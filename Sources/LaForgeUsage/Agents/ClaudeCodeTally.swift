import LaForgeCore

/// One file of a Claude Code session, or of one of its sub-agents.
///
/// A call has a line for each block of its answer. A forked session begins with copies of the lines
/// of the one before, known by their times.
struct ClaudeCodeTally: SessionTally {
  static let markers = LineMarkers(
    ["\"usage\"", "\"cost-state\""], or: "\"user\"", unless: "\"tool_use_id\"")

  let start: Int64
  let isSubagent: Bool
  private(set) var claim = SessionClaim()
  /// The figures of the whole session when the run began; `nil` where no line tells them.
  private(set) var costStateBefore: Figures?
  private var costState: Figures?
  private var calls = CallLedger()
  private var old: Set<String> = []
  private var finished: Set<String> = []
  private var seen: Set<String> = []
  private var hasNew = false
  private var lastStopReason: String?

  init(start: Int64, isSubagent: Bool) {
    self.start = start
    self.isSubagent = isSubagent
  }

  mutating func take(_ record: JSON, isOld: Bool) throws {
    let isOld = isOld || (record["timestamp"]?.time).map { $0 < start } ?? false
    if let id = record["sessionId"]?.string { claim.id = id }
    claim.directory = claim.directory ?? record["cwd"]?.string
    switch record["type"]?.string {
    case "cost-state":
      // It has no time of its own.
      let state = try Figures(costState: record)
      if isOld || !hasNew { costStateBefore = state }
      costState = state
    case "user":
      guard !isOld else { return }
      hasNew = true
      if let prompt = record["message", "content"]?.string { claim.prompts.append(prompt) }
    case "assistant": try takeCall(record, isOld: isOld)
    default: break
    }
  }

  private mutating func takeCall(_ record: JSON, isOld: Bool) throws {
    guard let message = record["message"], let id = message["id"]?.string,
      message["model"]?.string != "<synthetic>",
      let counts = try message.counts(in: "usage", as: \.claudeCounts)
    else { return }
    guard !isOld else {
      old.insert(id)
      return
    }
    hasNew = true
    lastStopReason = message["stop_reason"]?.string
    guard !old.contains(id) else { return }
    seen.insert(id)
    if message["stop_reason"]?.string != nil { finished.insert(id) }
    calls.add(id, counts, model: message["model"]?.string)
  }

  /// Whether the file is of a version that writes each line before the answer is complete.
  private var hasPlaceholders: Bool { !seen.isEmpty && finished.isEmpty }

  var figures: Figures {
    var counted = calls
    // Of an answer that was aborted only the beginning was told.
    if !hasPlaceholders { for id in seen.subtracting(finished) { counted.remove(id) } }
    var figures = counted.figures
    if let cost = costState?.cost, hasNew || costStateBefore != nil {
      let before = costStateBefore?.cost?.microdollars ?? 0
      if cost.microdollars > before {
        figures.cost = Cost(microdollars: cost.microdollars - before)
      }
    }
    return figures
  }

  /// A sub-agent may end before or after.
  var showsEndOfTurn: Bool {
    isSubagent || hasPlaceholders || lastStopReason.map { $0 != "tool_use" } == true
  }

  var incompleteReason: String? {
    hasPlaceholders
      ? "this version of Claude Code does not write down how much it answered" : nil
  }
}

extension JSON {
  /// Anthropic's figures: `input_tokens` is what came from no cache and went into none.
  var claudeCounts: TokenCounts? {
    TokenCounts(
      uncached: self["input_tokens"]?.count, cacheRead: part("cache_read_input_tokens"),
      cacheCreation: part("cache_creation_input_tokens"), output: self["output_tokens"]?.count,
      reasoning: self["output_tokens_details", "thinking_tokens"]?.count)
  }
}

extension Figures {
  /// Claude Code's `modelUsage`.
  ///
  /// - Throws: `UnreadableUsage` where a figure is no count.
  mutating func add(models: JSON?) throws {
    for (name, figures) in models?.members ?? [] {
      let counts = TokenCounts(
        uncached: figures.part("inputTokens"), cacheRead: figures.part("cacheReadInputTokens"),
        cacheCreation: figures.part("cacheCreationInputTokens"),
        output: figures.part("outputTokens"), reasoning: figures["thinkingTokens"]?.count)
      guard let counts else { throw UnreadableUsage() }
      add(counts, model: name, cost: figures["costUSD"]?.dollars)
    }
  }

  /// A `cost-state` line: what a session has used in all.
  ///
  /// - Throws: `UnreadableUsage` where a figure is no count.
  init(costState record: JSON) throws {
    self.init()
    try add(models: record["modelUsage"])
    cost = record["totalCostUSD"]?.dollars
  }

  /// Takes over what only another place tells of reasoning, where both tell the same otherwise.
  mutating func setReasoning(_ reasoning: Int64?, whereAllIs other: TokenCounts?) {
    guard let counts, counts.reasoning == nil, let other, counts.isSame(as: other) else { return }
    replaceReasoning(reasoning)
  }
}
