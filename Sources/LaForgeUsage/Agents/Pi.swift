import LaForgeCore

/// pi: assistant messages of its session files, with their prices.
struct PiReader: AgentReader {
  init(_ call: AgentCall) {}

  static func places(_ call: AgentCall) -> [SessionPlace] {
    [
      SessionPlace(
        [.variable("PI_CODING_AGENT_DIR"), .home(".pi/agent")], "sessions/**/*.jsonl")
    ]
  }

  func makeTally(_ file: SessionFile) -> any SessionTally { PiTally(id: file.stem) }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    [finding(sessions, ending)].compactMap { $0 }
  }
}

struct PiTally: SessionTally {
  static let markers: LineMarkers = ["\"usage\"", "\"session\"", "\"user\""]
  private(set) var claim = SessionClaim()
  private(set) var figures = Figures()

  init(id: String) {
    claim.id = id
  }

  mutating func take(_ record: JSON, isOld: Bool) throws {
    if record["type"]?.string == "session" {
      claim.id = record["id"]?.string ?? claim.id
      claim.directory = record["cwd"]?.string
    }
    guard !isOld, let message = record["message"] else { return }
    if message["role"]?.string == "user" {
      claim.prompts += [message["content"]?.string].compactMap { $0 }
      claim.prompts += (message["content"]?.array ?? []).compactMap { $0["text"]?.string }
    }
    guard message["role"]?.string == "assistant" else { return }
    let counts = try message.counts(in: "usage") { usage in
      TokenCounts(
        uncached: usage["input"]?.count, cacheRead: usage.part("cacheRead"),
        cacheCreation: usage.part("cacheWrite"), output: usage["output"]?.count)
    }
    guard let counts else { return }
    figures.add(
      counts, model: message["model"]?.string, cost: message["usage", "cost", "total"]?.dollars)
  }
}
