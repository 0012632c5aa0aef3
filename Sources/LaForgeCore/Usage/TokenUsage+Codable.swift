extension TokenUsage: Codable {
  /// The keys of the JSON form; those of the first row are the Go program's.
  private enum CodingKeys: String, CodingKey {
    case promptTokens = "prompt_tokens"
    case completionTokens = "completion_tokens"
    case totalTokens = "total_tokens"
    case cost
    case costSource = "cost_source"
    case priceDate = "price_date"
    case inputTokens = "input_tokens"
    case cacheReadTokens = "cache_read_tokens"
    case cacheCreationTokens = "cache_creation_tokens"
    case outputTokens = "output_tokens"
    case reasoningTokens = "reasoning_tokens"
    case source
    case isComplete = "complete"
    case incompleteReason = "incomplete_reason"
    case models
  }

  /// Decodes the JSON form.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    promptTokens = try container.decodeIfPresent(Int64.self, forKey: .promptTokens)
    completionTokens = try container.decodeIfPresent(Int64.self, forKey: .completionTokens)
    totalTokens = try container.decodeIfPresent(Int64.self, forKey: .totalTokens)
    cost = try container.decodeIfPresent(Cost.self, forKey: .cost)
    costSource = try container.decodeIfPresent(CostSource.self, forKey: .costSource)
    priceDate = try container.decodeIfPresent(String.self, forKey: .priceDate)
    inputTokens = try container.decodeIfPresent(Int64.self, forKey: .inputTokens)
    cacheReadTokens = try container.decodeIfPresent(Int64.self, forKey: .cacheReadTokens)
    cacheCreationTokens = try container.decodeIfPresent(Int64.self, forKey: .cacheCreationTokens)
    outputTokens = try container.decodeIfPresent(Int64.self, forKey: .outputTokens)
    reasoningTokens = try container.decodeIfPresent(Int64.self, forKey: .reasoningTokens)
    source = try container.decodeIfPresent(UsageSource.self, forKey: .source)
    isComplete = try container.decodeIfPresent(Bool.self, forKey: .isComplete)
    incompleteReason = try container.decodeIfPresent(String.self, forKey: .incompleteReason)
    models = try container.decodeIfPresent([String: ModelUsage].self, forKey: .models) ?? [:]
  }

  /// Writes every key, `null` for what is unknown.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(promptTokens, forKey: .promptTokens)
    try container.encode(completionTokens, forKey: .completionTokens)
    try container.encode(totalTokens, forKey: .totalTokens)
    try container.encode(cost, forKey: .cost)
    try container.encode(costSource, forKey: .costSource)
    try container.encode(priceDate, forKey: .priceDate)
    try container.encode(inputTokens, forKey: .inputTokens)
    try container.encode(cacheReadTokens, forKey: .cacheReadTokens)
    try container.encode(cacheCreationTokens, forKey: .cacheCreationTokens)
    try container.encode(outputTokens, forKey: .outputTokens)
    try container.encode(reasoningTokens, forKey: .reasoningTokens)
    try container.encode(source, forKey: .source)
    try container.encode(isComplete, forKey: .isComplete)
    try container.encode(incompleteReason, forKey: .incompleteReason)
    try container.encode(models, forKey: .models)
  }
}

extension ModelUsage: Codable {
  private enum CodingKeys: String, CodingKey {
    case input = "input_tokens"
    case cacheRead = "cache_read_tokens"
    case cacheCreation = "cache_creation_tokens"
    case output = "output_tokens"
    case reasoning = "reasoning_tokens"
    case cost
  }

  /// Decodes the JSON form.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    counts = TokenCounts(
      input: try container.decode(Int64.self, forKey: .input),
      cacheRead: try container.decode(Int64.self, forKey: .cacheRead),
      cacheCreation: try container.decode(Int64.self, forKey: .cacheCreation),
      output: try container.decode(Int64.self, forKey: .output),
      reasoning: try container.decodeIfPresent(Int64.self, forKey: .reasoning))
    cost = try container.decodeIfPresent(Cost.self, forKey: .cost)
  }

  /// Writes every key, `null` for what is unknown.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(counts.input, forKey: .input)
    try container.encode(counts.cacheRead, forKey: .cacheRead)
    try container.encode(counts.cacheCreation, forKey: .cacheCreation)
    try container.encode(counts.output, forKey: .output)
    try container.encode(counts.reasoning, forKey: .reasoning)
    try container.encode(cost, forKey: .cost)
  }
}
