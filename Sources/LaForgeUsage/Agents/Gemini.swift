import LaForgeCore

/// Gemini CLI: `stats` of `--output-format json` and `stream-json`, and the chats it records.
///
/// The prompt includes what is cached; candidates and thoughts are told apart. A message of a chat
/// is written again when its figures come, so the last line of an id counts.
struct GeminiReader: AgentReader {
  static let markers: LineMarkers = ["\"stats\"", "\"init\""]

  private let call: AgentCall
  private var statistics = Figures()
  private(set) var reportedError: Bool?
  private(set) var sessionIDs: Set<String> = []
  private(set) var model: String?

  init(_ call: AgentCall) {
    self.call = call
  }

  static let datesRecords = true

  static func places(_ call: AgentCall) -> [SessionPlace] {
    let roots: [SessionPlace.Root] = [
      .below(variable: "GEMINI_CLI_HOME", ".gemini"), .home(".gemini"),
    ]
    return [
      SessionPlace(roots, "tmp/*/chats/**/*.jsonl"),
      SessionPlace(roots, "tmp/*/chats/session-*.json", .document),
    ]
  }

  static func printsDocument(_ call: AgentCall) -> Bool {
    call.value(of: "--output-format", "-o") == "json"
  }

  mutating func take(_ event: JSON, from stream: AgentStream) throws {
    guard stream == .standardOutput else { return }
    if let id = event["session_id"]?.string { sessionIDs.insert(id) }
    if event["type"]?.string == "init" { model = event["model"]?.string ?? model }
    if event["error"] != nil || event["status"]?.string == "error" { reportedError = true }
    if event["status"]?.string == "success" { reportedError = false }
    guard let stats = event["stats"] else { return }
    var all = Figures()
    for (name, figures) in stats["models"]?.members ?? [] {
      guard let counts = (figures["tokens"] ?? figures).geminiStats else { throw UnreadableUsage() }
      all.add(counts, model: name)
    }
    if all.isEmpty, let counts = stats.geminiStats { all.add(counts, model: model) }
    statistics = all
  }

  func makeTally(_ file: SessionFile) -> any SessionTally { GeminiTally(file, start: call.start) }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    [printed("stats", statistics, ending), finding(sessions, ending)].compactMap { $0 }
  }
}

extension JSON {
  /// The figures of one model: those of `json` name the parts, those of `stream-json` leave the
  /// thoughts to the total.
  fileprivate var geminiStats: TokenCounts? {
    guard self["candidates"] == nil else {
      return TokenCounts(
        prompt: self["prompt"]?.count, cacheRead: part("cached"),
        answer: self["candidates"]?.count, thoughts: part("thoughts"))
    }
    guard let prompt = self["input_tokens"]?.count, let output = self["output_tokens"]?.count else {
      return nil
    }
    let rest = self["total_tokens"]?.count.map { max(0, $0 - TokenCounts.sum(prompt, output)) }
    return TokenCounts(
      prompt: prompt, cacheRead: part("cached"), answer: output, thoughts: rest ?? 0)
  }
}

extension JSON {
  /// The `tokens` of a message.
  fileprivate var geminiCall: TokenCounts? {
    TokenCounts(
      prompt: self["input"]?.count, cacheRead: part("cached"), answer: part("output"),
      thoughts: part("thoughts"))
  }
}

/// One chat, or that of a sub-agent, whose folder is named after the chat that it is a part of.
struct GeminiTally: SessionTally {
  static let markers: LineMarkers = ["\"tokens\"", "\"sessionId\"", "\"user\""]
  let start: Int64
  private(set) var claim = SessionClaim()
  private var calls: [String: (TokenCounts, String?)] = [:]
  private(set) var showsEndOfTurn = false

  init(_ file: SessionFile, start: Int64) {
    self.start = start
    if let folder = file.folder, folder != "chats" { claim.root = folder }
  }

  mutating func take(_ record: JSON, isOld: Bool) throws {
    if claim.id == nil, let id = record["sessionId"]?.string { claim.id = id }
    guard !isOld else { return }
    try add(record)
  }

  mutating func take(document: JSON, before: JSON?) throws {
    claim.id = document["sessionId"]?.string
    let old = Set((before?["messages"]?.array ?? []).compactMap { $0["id"]?.string })
    for message in document["messages"]?.array ?? []
    where message["id"]?.string.map(old.contains) != true { try add(message) }
  }

  private mutating func add(_ message: JSON) throws {
    guard (message["timestamp"]?.time).map({ $0 >= start }) ?? true else { return }
    switch message["type"]?.string {
    case "user":
      showsEndOfTurn = false
      if let text = message["content"]?.string { claim.prompts.append(text) }
    case "gemini":
      // After a tool was called, another answer follows.
      showsEndOfTurn = message["tokens"] != nil && message["toolCalls"]?.array.isEmpty ?? true
    default: break
    }
    guard let id = message["id"]?.string,
      let counts = try message.counts(in: "tokens", as: \.geminiCall)
    else { return }
    calls[id] = (counts, message["model"]?.string)
  }

  var figures: Figures {
    calls.sorted { $0.key < $1.key }.reduce(into: Figures()) { figures, call in
      figures.add(call.value.0, model: call.value.1)
    }
  }
}
