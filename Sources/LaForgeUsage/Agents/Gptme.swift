import LaForgeCore

/// gptme: assistant messages with `metadata.usage`, printed with `--output-format json` and kept in
/// `conversation.jsonl`; `events.jsonl` beside it holds them once more.
///
/// Its input leaves out what is cached. The request for a title is in no figure.
struct GptmeReader: AgentReader {
  static let markers: LineMarkers = ["\"usage\""]

  private var messages = Figures()

  init(_ call: AgentCall) {}

  static func places(_ call: AgentCall) -> [SessionPlace] {
    [
      SessionPlace(
        [
          .variable("GPTME_LOGS_HOME"), .below(variable: "XDG_DATA_HOME", "gptme/logs"),
          .home(".local/share/gptme/logs"),
        ], "*/conversation.jsonl")
    ]
  }

  mutating func take(_ event: JSON, from stream: AgentStream) throws {
    if stream == .standardOutput { try messages.add(message: event) }
  }

  func makeTally(_ file: SessionFile) -> any SessionTally {
    GptmeTally(id: file.folder)
  }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    let reason = "the request for a title is in no figure"
    return [
      finding(sessions, ending, incomplete: reason),
      printed("metadata.usage of messages", messages, ending, incomplete: reason),
    ].compactMap { $0 }
  }
}

struct GptmeTally: SessionTally {
  static let markers: LineMarkers = ["\"usage\"", "\"user\""]
  private(set) var claim = SessionClaim()
  private(set) var figures = Figures()

  init(id: String?) {
    claim.id = id
  }

  mutating func take(_ record: JSON, isOld: Bool) throws {
    guard !isOld else { return }
    try figures.add(message: record)
    if record["role"]?.string == "user", let text = record["content"]?.string {
      claim.prompts.append(text)
    }
  }
}

extension Figures {
  /// A message of gptme's.
  fileprivate mutating func add(message: JSON) throws {
    guard message["role"]?.string == "assistant", let metadata = message["metadata"] else { return }
    let counts = try metadata.counts(in: "usage") { usage in
      TokenCounts(
        uncached: usage.part("input_tokens"), cacheRead: usage.part("cache_read_tokens"),
        cacheCreation: usage.part("cache_creation_tokens"), output: usage["output_tokens"]?.count,
        reasoning: usage["reasoning_tokens"]?.count)
    }
    guard let counts else { return }
    add(counts, model: metadata["model"]?.string, cost: metadata["cost"]?.dollars)
  }
}
