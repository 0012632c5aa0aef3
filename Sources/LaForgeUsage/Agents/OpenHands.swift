import Foundation
import LaForgeCore

/// OpenHands: `base_state.json` of the conversation, cumulative over it.
struct OpenHandsReader: AgentReader {
  static let textMarkers: LineMarkers = ["Conversation ID:"]

  private(set) var sessionIDs: Set<String> = []

  init(_ call: AgentCall) {}

  static func places(_ call: AgentCall) -> [SessionPlace] {
    [SessionPlace([.home(".openhands")], "conversations/*/base_state.json", .document)]
  }

  mutating func take(_ line: String, from stream: AgentStream) {
    guard let range = line.range(of: "Conversation ID:") else { return }
    let id = line[range.upperBound...].filter { $0.isHexDigit }
    if !id.isEmpty { sessionIDs.insert(id) }
  }

  func makeTally(_ file: SessionFile) -> any SessionTally {
    OpenHandsTally(id: file.folder)
  }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    [finding(sessions, ending)].compactMap { $0 }
  }
}

struct OpenHandsTally: SessionTally {
  private(set) var claim = SessionClaim()
  private(set) var figures = Figures()
  private var isCutOff = false

  init(id: String?) {
    claim.id = id
  }

  mutating func take(document: JSON, before: JSON?) throws {
    claim.directory = document["workspace", "working_dir"]?.string
    // What fails or is interrupted leaves out the request that it was at.
    isCutOff = ["running", "error"].contains(document["execution_status"]?.string)
    figures = try Figures(metrics: document["stats", "usage_to_metrics"])
      .since(before.map { try Figures(metrics: $0["stats", "usage_to_metrics"]) })
  }

  var incompleteReason: String? {
    isCutOff ? "the request at which the conversation broke off is not in it" : nil
  }
}

extension Figures {
  /// OpenHands' metrics by their purpose: the agent's and the condenser's.
  fileprivate init(metrics: JSON?) throws {
    self.init()
    for (_, metric) in metrics?.members ?? [] {
      let counts = try metric.counts(in: "accumulated_token_usage") { usage in
        TokenCounts(
          prompt: usage["prompt_tokens"]?.count, cacheRead: usage.part("cache_read_tokens"),
          cacheCreation: usage.part("cache_write_tokens"),
          output: usage["completion_tokens"]?.count, reasoning: usage["reasoning_tokens"]?.count)
      }
      guard let counts else { continue }
      add(
        counts, model: metric["model_name"]?.string, cost: metric["accumulated_cost"]?.dollars)
    }
  }
}
