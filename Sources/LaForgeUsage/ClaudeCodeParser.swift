import Foundation
import LaForgeCore

/// Claude Code's `--output-format json` and `stream-json`: the figures of its `result` events.
///
/// - `usage` holds the main loop of one turn: no sub-agents, no side requests to a small model.
/// - `modelUsage` and `total_cost_usd` hold everything, cumulative over the process; since 2.1.330
///   also over the session that a run resumes or forks.
/// - The `assistant` events carry placeholders for the output and are repeated for each block, so
///   they are never added up.
struct ClaudeCodeParser: UsageParser {
  static let markers: [StaticString] = ["\"result\"", "\"init\""]

  private let resumes: Bool
  private var sumOfTurns: TokenCounts?
  private var lastResult: ResultEvent?
  private var announcedModel: String?

  /// Only the words after the agent's own name are its options: a shell before it has a `-c` too.
  init(arguments: [String]) {
    let name = arguments.firstIndex { $0.split(separator: "/").last == "claude" }
    let options = name.map { arguments[($0 + 1)...] } ?? []
    resumes = options.contains { option in
      Self.resumeOptions.contains(option) || option.hasPrefix("--resume=")
        || Self.joinsResumeOption(option)
    }
  }

  private static let resumeOptions: Set<String> = ["--continue", "--resume", "--fork-session"]

  /// Whether a word such as `-pc` joins `-c` or `-r` with other short options.
  private static func joinsResumeOption(_ word: String) -> Bool {
    let letters = word.dropFirst()
    return word.hasPrefix("-") && !letters.isEmpty && letters.count < 5
      && letters.allSatisfy { $0.isASCII && $0.isLowercase }
      && (letters.contains("c") || letters.contains("r"))
  }

  mutating func read(_ line: UnsafeRawBufferPointer, from stream: AgentStream) throws {
    guard stream == .standardOutput else { return }
    let decoder = JSONDecoder()
    let data = Data(line)
    // `--output-format json --verbose` prints all events as one array.
    if line.first(where: { !$0.isSpace }) == UInt8(ascii: "[") {
      for event in try decoder.decode([Event].self, from: data) { take(event) }
    } else {
      take(try decoder.decode(Event.self, from: data))
    }
  }

  private mutating func take(_ event: Event) {
    switch event {
    case .start(let model): announcedModel = model ?? announcedModel
    case .result(let result):
      if let turn = result.usage?.counts { sumOfTurns = sumOfTurns.map { $0 + turn } ?? turn }
      lastResult = result
    case .other: break
    }
  }

  var report: UsageReport {
    guard let lastResult else { return UsageReport(model: announcedModel) }
    return UsageReport(
      usage: usage(lastResult), model: announcedModel ?? lastResult.mainModel,
      agentReportedError: lastResult.isError)
  }

  private func usage(_ result: ResultEvent) -> TokenUsage? {
    let wholeProcess = result.sumOfModels
    let isInterrupted = result.subtype == "error_during_execution"
    let isThisRunAlone = !resumes || wholeProcess == sumOfTurns?.withoutReasoning
    guard let wholeProcess, isThisRunAlone, !isInterrupted else {
      return mainLoopUsage(result, isInterrupted: isInterrupted)
    }
    var counts = wholeProcess
    counts.reasoning = reasoning(result, wholeProcess)
    var usage = TokenUsage(counts, source: .stdout)
    usage.cost = result.totalCost
    usage.costSource = result.totalCost == nil ? nil : .agent
    usage.models = result.models
    return usage
  }

  /// The main loop alone, where the figures of the whole process count something else as well: the
  /// resumed session, or a guess at the answer that was interrupted.
  private func mainLoopUsage(_ result: ResultEvent, isInterrupted: Bool) -> TokenUsage? {
    guard let sumOfTurns else { return nil }
    var usage = TokenUsage(sumOfTurns, source: .stdout)
    if isInterrupted {
      usage.isComplete = false
      usage.incompleteReason = "the request that was interrupted is not in it"
    } else if resumes {
      usage.isComplete = false
      usage.incompleteReason = "sub-agents of a resumed session are not in it"
    } else {
      // A version that tells no figures by model.
      usage.cost = result.totalCost
      usage.costSource = result.totalCost == nil ? nil : .agent
    }
    return usage
  }

  /// The thinking tokens of all models; 2.1.19 does not tell them.
  private func reasoning(_ result: ResultEvent, _ wholeProcess: TokenCounts) -> Int64? {
    let thinking = result.modelUsage?.values.map(\.thinkingTokens) ?? []
    if !thinking.isEmpty, !thinking.contains(nil) {
      return thinking.compactMap { $0 }.reduce(0) { $0.addingReportingOverflow($1).partialValue }
    }
    return wholeProcess == sumOfTurns?.withoutReasoning ? sumOfTurns?.reasoning : nil
  }
}

extension TokenCounts {
  /// The same counts with nothing said of reasoning, to compare what two places tell.
  fileprivate var withoutReasoning: TokenCounts {
    var counts = self
    counts.reasoning = nil
    return counts
  }
}

// MARK: - Events

private enum Event: Decodable {
  case start(model: String?)
  case result(ResultEvent)
  case other

  private enum CodingKeys: String, CodingKey {
    case type, subtype, model
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    switch try container.decodeIfPresent(String.self, forKey: .type) {
    case "result": self = .result(try ResultEvent(from: decoder))
    case "system" where try container.decodeIfPresent(String.self, forKey: .subtype) == "init":
      self = .start(model: try container.decodeIfPresent(String.self, forKey: .model))
    default: self = .other
    }
  }
}

private struct ResultEvent: Decodable {
  var subtype: String?
  var isError: Bool?
  var usage: TurnUsage?
  var modelUsage: [String: ModelFigures]?
  var totalCost: Cost?

  enum CodingKeys: String, CodingKey {
    case subtype
    case isError = "is_error"
    case usage, modelUsage
    case totalCost = "total_cost_usd"
  }

  /// All models together, without reasoning; `nil` where the event names none.
  var sumOfModels: TokenCounts? {
    guard let modelUsage, !modelUsage.isEmpty else { return nil }
    return modelUsage.values.map(\.counts.withoutReasoning).reduce(into: TokenCounts()) {
      $0 = $0 + $1
    }.withoutReasoning
  }

  var models: [String: ModelUsage] {
    (modelUsage ?? [:]).mapValues { ModelUsage(counts: $0.counts, cost: $0.cost) }
  }

  /// The model that wrote most; the side requests go to a small one.
  var mainModel: String? {
    modelUsage?.max { left, right in
      (left.value.counts.output, right.key) < (right.value.counts.output, left.key)
    }?.key
  }
}

private struct TurnUsage: Decodable {
  var inputTokens: Int64?
  var cacheCreationTokens: Int64?
  var cacheReadTokens: Int64?
  var outputTokens: Int64?
  var details: Details?

  struct Details: Decodable {
    var thinkingTokens: Int64?

    enum CodingKeys: String, CodingKey {
      case thinkingTokens = "thinking_tokens"
    }
  }

  enum CodingKeys: String, CodingKey {
    case inputTokens = "input_tokens"
    case cacheCreationTokens = "cache_creation_input_tokens"
    case cacheReadTokens = "cache_read_input_tokens"
    case outputTokens = "output_tokens"
    case details = "output_tokens_details"
  }

  var counts: TokenCounts? {
    guard let inputTokens, let outputTokens, inputTokens >= 0, outputTokens >= 0 else {
      return nil
    }
    return TokenCounts(
      input: inputTokens, cacheRead: max(0, cacheReadTokens ?? 0),
      cacheCreation: max(0, cacheCreationTokens ?? 0), output: outputTokens,
      reasoning: details?.thinkingTokens)
  }
}

private struct ModelFigures: Decodable {
  var inputTokens: Int64
  var outputTokens: Int64
  var cacheReadInputTokens: Int64
  var cacheCreationInputTokens: Int64
  var thinkingTokens: Int64?
  var cost: Cost?

  enum CodingKeys: String, CodingKey {
    case inputTokens, outputTokens, cacheReadInputTokens, cacheCreationInputTokens
    case thinkingTokens
    case cost = "costUSD"
  }

  var counts: TokenCounts {
    TokenCounts(
      input: max(0, inputTokens), cacheRead: max(0, cacheReadInputTokens),
      cacheCreation: max(0, cacheCreationInputTokens), output: max(0, outputTokens),
      reasoning: thinkingTokens)
  }
}
