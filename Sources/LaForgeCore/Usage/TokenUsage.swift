/// The tokens and the money of one step.
///
/// `nil` means unknown, never zero.
public struct TokenUsage: Hashable, Sendable {
  /// Everything sent to the model: uncached input, cache reads and cache writes.
  public var promptTokens: Int64?
  /// Everything the model wrote; equals `outputTokens`.
  public var completionTokens: Int64?
  /// Prompt and completion together.
  public var totalTokens: Int64?
  /// What the step cost.
  public var cost: Cost?
  /// Where `cost` comes from.
  public var costSource: CostSource?
  /// The day of the price list that `cost` was computed with, such as `2026-11-01`.
  public var priceDate: String?
  /// Input that came from no cache and went into none.
  public var inputTokens: Int64?
  /// Input read from the provider's cache.
  public var cacheReadTokens: Int64?
  /// Input written to the provider's cache.
  public var cacheCreationTokens: Int64?
  /// Output, reasoning included.
  public var outputTokens: Int64?
  /// The part of the output that was reasoning.
  public var reasoningTokens: Int64?
  /// Where the token counts come from.
  public var source: UsageSource?
  /// Whether the counts are exact and whole; false where they are partial or an estimate.
  public var isComplete: Bool?
  /// Why they are not complete, for people.
  public var incompleteReason: String?
  /// The figures of each model, by its name; empty where the agent tells only totals.
  public var models: [String: ModelUsage]

  /// Usage of which nothing is known.
  public init() {
    models = [:]
  }

  /// Usage with every part of the prompt known; prompt, completion and total follow from them.
  public init(_ counts: TokenCounts, source: UsageSource) {
    self.init()
    inputTokens = counts.input
    cacheReadTokens = counts.cacheRead
    cacheCreationTokens = counts.cacheCreation
    outputTokens = counts.output
    reasoningTokens = counts.reasoning
    promptTokens = counts.prompt
    completionTokens = counts.output
    totalTokens = TokenCounts.sum(counts.prompt, counts.output)
    self.source = source
    isComplete = true
  }

  /// Whether neither tokens nor money are known.
  public var isUnknown: Bool {
    promptTokens == nil && completionTokens == nil && totalTokens == nil && cost == nil
      && outputTokens == nil && inputTokens == nil
  }
}

/// Where a step's cost comes from.
public enum CostSource: String, Codable, Sendable {
  /// The agent said it.
  case agent
  /// Computed from the tokens and a price list.
  case computed
  /// Given by the user.
  case user
}

/// Where a step's token counts come from.
public enum UsageSource: String, Codable, Sendable {
  /// The file named by `LAFORGE_USAGE_FILE`.
  case usageFile = "usage_file"
  case stdout
  case stderr
  /// A file that the agent keeps about its session.
  case sessionFile = "session_file"
}

/// The token counts of one or more model calls, every part known.
public struct TokenCounts: Hashable, Sendable {
  /// Uncached input.
  public var input: Int64
  /// Input read from the provider's cache.
  public var cacheRead: Int64
  /// Input written to the provider's cache.
  public var cacheCreation: Int64
  /// Output, reasoning included.
  public var output: Int64
  /// The part of the output that was reasoning; `nil` where the agent does not tell.
  public var reasoning: Int64?

  /// Creates a value of these parts.
  public init(
    input: Int64 = 0, cacheRead: Int64 = 0, cacheCreation: Int64 = 0, output: Int64 = 0,
    reasoning: Int64? = nil
  ) {
    self.input = input
    self.cacheRead = cacheRead
    self.cacheCreation = cacheCreation
    self.output = output
    self.reasoning = reasoning
  }

  /// Uncached input, cache reads and cache writes together.
  public var prompt: Int64 { Self.sum(Self.sum(input, cacheRead), cacheCreation) }

  /// Adds part by part.
  ///
  /// Reasoning is known if it is known on both sides.
  public static func + (left: TokenCounts, right: TokenCounts) -> TokenCounts {
    TokenCounts(
      input: sum(left.input, right.input),
      cacheRead: sum(left.cacheRead, right.cacheRead),
      cacheCreation: sum(left.cacheCreation, right.cacheCreation),
      output: sum(left.output, right.output),
      reasoning: left.reasoning.flatMap { reasoning in
        right.reasoning.map { sum(reasoning, $0) }
      })
  }

  /// Adds two counts; an agent that prints absurd figures must not trap the recorder.
  package static func sum(_ left: Int64, _ right: Int64) -> Int64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }
}

/// The usage of one model within a step.
public struct ModelUsage: Hashable, Sendable {
  /// The tokens.
  public var counts: TokenCounts
  /// `nil` where the agent tells no cost per model.
  public var cost: Cost?

  /// Creates a value of these parts.
  public init(counts: TokenCounts, cost: Cost?) {
    self.counts = counts
    self.cost = cost
  }
}
