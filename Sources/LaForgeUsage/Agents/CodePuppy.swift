import LaForgeCore

/// code-puppy: nothing is printed; `--usage-file`, which its own session files repeat for each call.
struct CodePuppyReader: AgentReader {
  private let call: AgentCall

  init(_ call: AgentCall) {
    self.call = call
  }

  static func places(_ call: AgentCall) -> [SessionPlace] {
    var places = [SessionPlace([.home(".code_puppy")], "autosaves/auto_session_*.json", .document)]
    if let path = call.value(of: "--usage-file") { places.append(.document(path)) }
    return places
  }

  func makeTally(_ file: SessionFile) -> any SessionTally {
    CodePuppyTally(file)
  }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    [finding(sessions, ending)].compactMap { $0 }
  }
}

struct CodePuppyTally: SessionTally {
  private(set) var claim: SessionClaim
  private(set) var figures = Figures()

  init(_ file: SessionFile) {
    let isSession = file.folder == "autosaves"
    claim = SessionClaim(id: isSession ? file.stem : nil, isNamedByCall: !isSession)
  }

  mutating func take(document: JSON, before: JSON?) throws {
    if claim.isNamedByCall {
      guard let counts = document.codePuppyCounts else { throw UnreadableUsage() }
      figures.add(counts, model: nil, cost: document["cost_usd"]?.dollars)
      return
    }
    let old = before?.messageCount ?? 0
    for message in (document["messages"]?.array ?? document.array).dropFirst(old) {
      if let counts = try message.counts(in: "usage", as: \.codePuppyCounts) {
        figures.add(counts, model: message["model_name"]?.string)
      }
    }
  }
}

extension JSON {
  fileprivate var messageCount: Int { (self["messages"]?.array ?? array).count }

  fileprivate var codePuppyCounts: TokenCounts? {
    TokenCounts(
      prompt: self["input_tokens"]?.count, cacheRead: part("cache_read_tokens"),
      cacheCreation: part("cache_write_tokens"), output: self["output_tokens"]?.count)
  }
}
