import Foundation
import LaForgeCore

/// Kimi CLI: `StatusUpdate` in `wire.jsonl`, one for each call; with `--print` also printed, over
/// several lines.
struct KimiReader: AgentReader {
  static let textMarkers: LineMarkers = ["TokenUsage", "kimi -r "]

  private var updates = Figures()
  /// Figures that go on in the next line of the same stream.
  private var open: (text: String, stream: AgentStream)?
  private(set) var sessionIDs: Set<String> = []

  init(_ call: AgentCall) {}

  static func places(_ call: AgentCall) -> [SessionPlace] {
    [SessionPlace([.variable("KIMI_SHARE_DIR"), .home(".kimi")], "sessions/*/*/wire.jsonl")]
  }

  mutating func take(_ line: String, from stream: AgentStream) {
    if let range = line.range(of: "kimi -r ") {
      sessionIDs.insert(String(line[range.upperBound...].prefix { !$0.isWhitespace }))
    }
    if let range = line.range(of: "TokenUsage(") {
      open = (String(line[range.upperBound...]), stream)
    } else if open?.stream == stream {
      open?.text.append(" " + line)
    }
    guard let text = open?.text else { return }
    if let end = text.firstIndex(of: ")") {
      open = nil
      takeUsage(String(text[..<end]))
    } else if text.count > 1000 {
      open = nil
    }
  }

  var wantsNextLine: Bool { open != nil }

  private mutating func takeUsage(_ text: String) {
    // The names of some begin as those of others end.
    let text = " " + text.replacing(",", with: " ")
    let counts = TokenCounts(
      uncached: Numbers.digits(after: " input_other=", in: text),
      cacheRead: Numbers.digits(after: " input_cache_read=", in: text) ?? 0,
      cacheCreation: Numbers.digits(after: " input_cache_creation=", in: text) ?? 0,
      output: Numbers.digits(after: " output=", in: text))
    if let counts { updates.add(counts, model: nil) }
  }

  func makeTally(_ file: SessionFile) -> any SessionTally {
    KimiTally(id: file.folder)
  }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    [finding(sessions, ending), printed("StatusUpdate", updates, ending)].compactMap { $0 }
  }
}

struct KimiTally: SessionTally {
  static let markers: LineMarkers = ["\"StatusUpdate\"", "\"TurnBegin\"", "\"StepInterrupted\""]
  private(set) var claim = SessionClaim()
  private(set) var figures = Figures()
  private var isInterrupted = false

  init(id: String?) {
    claim.id = id
  }

  mutating func take(_ record: JSON, isOld: Bool) throws {
    guard !isOld, let message = record["message"] else { return }
    switch message["type"]?.string {
    case "TurnBegin":
      if let text = message["payload", "user_input"]?.string { claim.prompts.append(text) }
    case "StepInterrupted": isInterrupted = true
    case "StatusUpdate":
      let counts = try message["payload"]?.counts(in: "token_usage") { usage in
        TokenCounts(
          uncached: usage["input_other"]?.count, cacheRead: usage.part("input_cache_read"),
          cacheCreation: usage.part("input_cache_creation"), output: usage["output"]?.count)
      }
      if let counts { figures.add(counts, model: nil) }
    default: break
    }
  }

  var incompleteReason: String? {
    isInterrupted ? "the request that was interrupted is not in it" : nil
  }
}
