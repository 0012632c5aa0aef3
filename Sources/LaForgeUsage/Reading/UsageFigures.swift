import Foundation
import LaForgeCore

/// The figures of a `token_usage` object or of the file named by `LAFORGE_USAGE_FILE`: any of them
/// may be missing.
struct UsageFigures: Equatable {
  var promptTokens: Int64?
  var completionTokens: Int64?
  var totalTokens: Int64?
  var inputTokens: Int64?
  var cacheReadTokens: Int64?
  var cacheCreationTokens: Int64?
  var outputTokens: Int64?
  var reasoningTokens: Int64?
  var cost: Cost?
  var model: String?

  /// The usage that these figures tell; `nil` where they hold no token count.
  func usage(from source: UsageSource) -> TokenUsage? {
    let counts = [
      promptTokens, completionTokens, totalTokens, inputTokens, cacheReadTokens,
      cacheCreationTokens, outputTokens, reasoningTokens,
    ]
    guard counts.contains(where: { $0 != nil }) else { return nil }
    var usage = TokenUsage()
    usage.inputTokens = inputTokens
    usage.cacheReadTokens = cacheReadTokens
    usage.cacheCreationTokens = cacheCreationTokens
    usage.outputTokens = outputTokens ?? completionTokens
    usage.reasoningTokens = reasoningTokens
    usage.completionTokens = completionTokens ?? outputTokens
    usage.promptTokens = promptTokens ?? prompt
    usage.totalTokens = totalTokens ?? total(usage.promptTokens, usage.completionTokens)
    usage.cost = cost
    usage.costSource = cost == nil ? nil : .agent
    usage.source = source
    usage.isComplete = true
    return usage
  }

  /// What the parts of the prompt add up to; caches that are not mentioned were not used.
  private var prompt: Int64? {
    guard inputTokens != nil || cacheReadTokens != nil || cacheCreationTokens != nil else {
      return nil
    }
    return TokenCounts(
      input: inputTokens ?? 0, cacheRead: cacheReadTokens ?? 0,
      cacheCreation: cacheCreationTokens ?? 0
    ).prompt
  }

  private func total(_ prompt: Int64?, _ completion: Int64?) -> Int64? {
    guard let prompt, let completion else { return nil }
    return prompt.addingReportingOverflow(completion).overflow ? .max : prompt + completion
  }
}

extension UsageFigures: Decodable {
  private enum CodingKeys: String, CodingKey {
    case promptTokens = "prompt_tokens"
    case completionTokens = "completion_tokens"
    case totalTokens = "total_tokens"
    case inputTokens = "input_tokens"
    case cacheReadTokens = "cache_read_tokens"
    case cacheCreationTokens = "cache_creation_tokens"
    case outputTokens = "output_tokens"
    case reasoningTokens = "reasoning_tokens"
    case cost, model
  }

  /// - Throws: `UnreadableUsage` for a negative count.
  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func count(_ key: CodingKeys) throws -> Int64? {
      let value = try container.decodeIfPresent(Int64.self, forKey: key)
      if let value, value < 0 { throw UnreadableUsage() }
      return value
    }
    promptTokens = try count(.promptTokens)
    completionTokens = try count(.completionTokens)
    totalTokens = try count(.totalTokens)
    inputTokens = try count(.inputTokens)
    cacheReadTokens = try count(.cacheReadTokens)
    cacheCreationTokens = try count(.cacheCreationTokens)
    outputTokens = try count(.outputTokens)
    reasoningTokens = try count(.reasoningTokens)
    cost = try container.decodeIfPresent(Cost.self, forKey: .cost)
    model = try container.decodeIfPresent(String.self, forKey: .model)
  }

  /// Reads the file named by `LAFORGE_USAGE_FILE`: one object, or one in each line, the last of
  /// which counts.
  ///
  /// The object may also lie in a member `token_usage`.
  init?(usageFile bytes: [UInt8]) {
    let lines = bytes.split(separator: 0x0A).reversed().map(Array.init)
    for candidate in [bytes] + lines {
      let data = Data(candidate)
      let decoder = JSONDecoder()
      if let wrapped = try? decoder.decode(TokenUsageObject.self, from: data) {
        self = wrapped.figures
        return
      }
      if let figures = try? decoder.decode(UsageFigures.self, from: data),
        figures != UsageFigures()
      {
        self = figures
        return
      }
    }
    return nil
  }
}

/// A JSON object with a member `token_usage`.
struct TokenUsageObject: Decodable {
  var figures: UsageFigures

  private enum CodingKeys: String, CodingKey {
    case figures = "token_usage"
  }
}
