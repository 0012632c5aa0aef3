import LaForgeCore

/// Amp: Claude Code's events; where the result has no usage, the messages are added up, each once.
///
/// Threads are kept in files of their own, or on Amp's servers.
struct AmpReader: AgentReader {
  static let markers: LineMarkers = ["\"result\"", "\"usage\"", "\"init\""]

  private var result = Figures()
  private var calls = CallLedger()
  private(set) var reportedError: Bool?
  private(set) var sessionIDs: Set<String> = []

  // `-m` is its mode.
  static let modelOptions = ["--model"]

  init(_ call: AgentCall) {}

  static func places(_ call: AgentCall) -> [SessionPlace] {
    [
      SessionPlace(
        [
          .below(variable: "AMP_DATA_DIR", ""), .below(variable: "XDG_DATA_HOME", "amp"),
          .home(".local/share/amp"),
        ], "threads/T-*.json", .document)
    ]
  }

  mutating func take(_ event: JSON, from stream: AgentStream) throws {
    guard stream == .standardOutput else { return }
    if let id = event["session_id"]?.string { sessionIDs.insert(id) }
    switch event["type"]?.string {
    case "result":
      reportedError = event["is_error"]?.flag
      if let counts = try event.counts(in: "usage", as: \.claudeCounts) {
        result.add(counts, model: nil)
      }
    case "assistant":
      guard let message = event["message"], let id = message["id"]?.string,
        let counts = try message.counts(in: "usage", as: \.claudeCounts)
      else { return }
      calls.add(id, counts, model: message["model"]?.string)
    default: break
    }
  }

  func makeTally(_ file: SessionFile) -> any SessionTally { AmpTally(id: file.stem) }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    [
      printed("result.usage", result, ending), finding(sessions, ending),
      printed("usage of messages", calls.figures, ending),
    ].compactMap { $0 }
  }
}

struct AmpTally: SessionTally {
  private(set) var claim = SessionClaim()
  private(set) var figures = Figures()

  init(id: String) {
    claim.id = id
  }

  mutating func take(document: JSON, before: JSON?) throws {
    claim.directory = document["env", "initial", "trees"]?.array.first?["uri"]?.string
      .map { $0.hasPrefix("file://") ? String($0.dropFirst(7)) : $0 }
    let messages = document["messages"]?.array ?? []
    let events = document["usageLedger", "events"]?.array ?? []
    guard events.isEmpty else {
      let usages = messages.compactMap { message in message.messageID.map { ($0, message["usage"]) }
      }
      let usage = Dictionary(usages, uniquingKeysWith: { _, last in last })
      for event in events.dropFirst(before?["usageLedger", "events"]?.array.count ?? 0) {
        try add(event, usage: event["toMessageId"]?.name.flatMap { usage[$0] } ?? nil)
      }
      return
    }
    let old = Set((before?["messages"]?.array ?? []).compactMap(\.messageID))
    for message in messages where message.messageID.map(old.contains) != true {
      let counts = try message.counts(in: "usage") { usage in
        TokenCounts(
          uncached: usage["inputTokens"]?.count, cacheRead: usage.part("cacheReadInputTokens"),
          cacheCreation: usage.part("cacheCreationInputTokens"),
          output: usage["outputTokens"]?.count)
      }
      if let counts { figures.add(counts, model: message["usage", "model"]?.string) }
    }
  }

  /// An event of the ledger; what came from caches stands at the message that it paid for.
  private mutating func add(_ event: JSON, usage: JSON?) throws {
    let counts = try event.counts(in: "tokens") { tokens in
      TokenCounts(
        uncached: tokens["input"]?.count, cacheRead: usage?.part("cacheReadInputTokens") ?? 0,
        cacheCreation: usage?.part("cacheCreationInputTokens") ?? 0,
        output: tokens["output"]?.count)
    }
    if let counts { figures.add(counts, model: event["model"]?.string) }
  }
}

extension JSON {
  fileprivate var messageID: String? { self["messageId"]?.name }

  /// An id, whether text or a number.
  fileprivate var name: String? { string ?? count.map(String.init) }
}
