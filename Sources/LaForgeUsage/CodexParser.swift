import Foundation
import LaForgeCore

/// Codex's `exec --json`: the figures of its `turn.completed` events.
///
/// They are cumulative over the thread, so the last one counts, and after `resume` or `fork` none
/// does: the thread's earlier turns are in it and cannot be told apart. `input_tokens` includes the
/// cached ones, `output_tokens` the reasoning. Sub-agents are not in it.
struct CodexParser: UsageParser {
  static let markers: [StaticString] = [
    "\"turn.completed\"", "\"turn.failed\"", "\"collab_tool_call\"",
  ]

  private let resumes: Bool
  private var latest: TokenCounts?
  private var failed: Bool?
  private var hasSubagents = false

  init(arguments: [String]) {
    let afterExec = arguments.drop { $0 != "exec" && $0 != "e" }
    resumes = afterExec.contains { $0 == "resume" || $0 == "fork" }
  }

  mutating func read(_ line: UnsafeRawBufferPointer, from stream: AgentStream) throws {
    guard stream == .standardOutput else { return }
    let event = try JSONDecoder().decode(Event.self, from: Data(line))
    switch event.type {
    case "turn.completed":
      failed = false
      guard let usage = event.usage else { return }
      guard let counts = usage.counts else { throw UnreadableUsage() }
      latest = counts
    case "turn.failed": failed = true
    default: if event.item?.type == "collab_tool_call" { hasSubagents = true }
    }
  }

  var report: UsageReport {
    var report = UsageReport(agentReportedError: failed)
    guard let latest, !resumes else { return report }
    var usage = TokenUsage(latest, source: .stdout)
    if hasSubagents {
      usage.isComplete = false
      usage.incompleteReason = "sub-agents are not in it"
    } else if failed == true {
      usage.isComplete = false
      usage.incompleteReason = "the last turn reported none"
    }
    report.usage = usage
    return report
  }
}

private struct Event: Decodable {
  var type: String?
  var usage: ThreadUsage?
  var item: Item?

  struct Item: Decodable {
    var type: String?
  }
}

private struct ThreadUsage: Decodable {
  var inputTokens: Int64
  var cachedInputTokens: Int64?
  var cacheWriteInputTokens: Int64?
  var outputTokens: Int64
  var reasoningOutputTokens: Int64?

  enum CodingKeys: String, CodingKey {
    case inputTokens = "input_tokens"
    case cachedInputTokens = "cached_input_tokens"
    case cacheWriteInputTokens = "cache_write_input_tokens"
    case outputTokens = "output_tokens"
    case reasoningOutputTokens = "reasoning_output_tokens"
  }

  /// `nil` where the parts cannot be: a negative one, or caches larger than the input they are in.
  var counts: TokenCounts? {
    let cached = cachedInputTokens ?? 0
    let written = cacheWriteInputTokens ?? 0
    guard cached >= 0, written >= 0, outputTokens >= 0, cached <= inputTokens,
      written <= inputTokens - cached
    else {
      return nil
    }
    return TokenCounts(
      input: inputTokens - cached - written, cacheRead: cached, cacheCreation: written,
      output: outputTokens, reasoning: reasoningOutputTokens)
  }
}
