import Foundation
import LaForgeCore

/// `llm`: with `-u` a line on standard error, `Token usage: 1,335 input, 41 output, {…}`.
struct LLMReader: AgentReader {
  static let textMarkers: LineMarkers = ["Token usage: "]

  private let call: AgentCall
  private var usage = Figures()

  init(_ call: AgentCall) {
    self.call = call
  }

  mutating func take(_ line: String, from stream: AgentStream) {
    guard let range = line.range(of: "Token usage: ") else { return }
    let text = String(line[range.upperBound...])
    var details: JSON?
    if let beginning = text.firstIndex(of: "{") {
      // Without what came from caches the figures would be others.
      guard let parsed = try? JSON(parsing: text[beginning...].utf8) else { return }
      details = parsed
    }
    let counts = TokenCounts(
      prompt: Numbers.count(before: " input", in: text),
      cacheRead: details?.part("prompt_tokens_details", "cached_tokens") ?? 0,
      output: Numbers.count(before: " output", in: text),
      reasoning: details?["completion_tokens_details", "reasoning_tokens"]?.count)
    if let counts { usage.add(counts, model: call.value(of: Self.modelOptions)) }
  }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    [printed("'Token usage:' line", usage, ending, on: .stderr)].compactMap { $0 }
  }
}
