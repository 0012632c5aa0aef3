import LaForgeCore

/// Qwen Code: Claude Code's events with Gemini's figures: the input includes what came from caches,
/// the output leaves the thoughts out.
struct QwenReader: AgentReader {
  static let markers: LineMarkers = ["\"result\"", "\"init\""]

  private let call: AgentCall
  private var result = Figures()
  private(set) var reportedError: Bool?
  private(set) var sessionIDs: Set<String> = []
  private(set) var model: String?

  init(_ call: AgentCall) {
    self.call = call
  }

  static func places(_ call: AgentCall) -> [SessionPlace] {
    [SessionPlace([.variable("QWEN_HOME"), .home(".qwen")], "projects/*/chats/*.jsonl")]
  }

  static func printsDocument(_ call: AgentCall) -> Bool {
    call.value(of: "--output-format", "-o") == "json"
  }

  mutating func take(_ event: JSON, from stream: AgentStream) throws {
    guard stream == .standardOutput else { return }
    if let id = event["session_id"]?.string { sessionIDs.insert(id) }
    if event["subtype"]?.string == "init" { model = event["model"]?.string }
    guard event["type"]?.string == "result" else { return }
    reportedError = event["is_error"]?.flag
    if let counts = try event.counts(in: "usage", as: \.qwenCounts) {
      result = Figures()
      result.add(counts, model: model)
    }
  }

  func makeTally(_ file: SessionFile) -> any SessionTally { QwenTally(start: call.start) }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    [printed("result.usage", result, ending), finding(sessions, ending)].compactMap { $0 }
  }
}

struct QwenTally: SessionTally {
  static let markers: LineMarkers = ["\"usageMetadata\"", "\"user\""]
  let start: Int64
  private(set) var claim = SessionClaim()
  private var calls = CallLedger()
  private var unnamed = 0

  init(start: Int64) {
    self.start = start
  }

  mutating func take(_ record: JSON, isOld: Bool) throws {
    if let id = record["sessionId"]?.string { claim.id = id }
    claim.directory = claim.directory ?? record["cwd"]?.string
    guard !isOld, (record["timestamp"]?.time).map({ $0 >= start }) ?? true else { return }
    if record["type"]?.string == "user" {
      claim.prompts += (record["message", "parts"]?.array ?? []).compactMap { $0["text"]?.string }
    }
    guard let counts = try record.counts(in: "usageMetadata", as: \.googleCounts) else { return }
    unnamed += 1
    calls.add(record["uuid"]?.string ?? "\(unnamed)", counts, model: record["model"]?.string)
  }

  var figures: Figures { calls.figures }
}

extension JSON {
  /// Claude Code's field names with the meaning of Google's; thoughts are told by the total alone.
  fileprivate var qwenCounts: TokenCounts? {
    guard var counts = inclusiveCounts, let total = self["total_tokens"]?.count else {
      return inclusiveCounts
    }
    let thoughts = max(0, total - counts.prompt - counts.output)
    counts.output += thoughts
    counts.reasoning = thoughts
    return counts
  }

  /// Google's `usageMetadata`: the prompt includes what is cached, the candidates leave the thoughts
  /// out.
  var googleCounts: TokenCounts? {
    TokenCounts(
      prompt: self["promptTokenCount"]?.count, cacheRead: part("cachedContentTokenCount"),
      answer: part("candidatesTokenCount"), thoughts: part("thoughtsTokenCount"))
  }
}
