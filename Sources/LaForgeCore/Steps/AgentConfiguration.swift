public import Foundation

/// What is known of the agent of a step: the `agent_config` of the JSON schema.
///
/// `nil` means unknown. Values that look like credentials are redacted before this is stored.
public struct AgentConfiguration: Hashable, Sendable {
  /// The agent's name: given, or the base name of the command.
  public var agent: String?
  /// The model: given, or as the agent reports it.
  public var model: String?
  /// The limit on output tokens of one model call.
  public var maxTokens: Int64?
  /// The sampling temperature.
  public var temperature: Decimal?
  /// The system prompt.
  public var systemPrompt: String?
  /// The tools that the agent was given, in whatever form it names them.
  public var tools: JSONValue?
  /// Anything else that the caller wants to keep with the step.
  public var metadata: [String: JSONValue]

  /// Creates a value of these parts.
  public init(
    agent: String? = nil, model: String? = nil, maxTokens: Int64? = nil,
    temperature: Decimal? = nil, systemPrompt: String? = nil, tools: JSONValue? = nil,
    metadata: [String: JSONValue] = [:]
  ) {
    self.agent = agent
    self.model = model
    self.maxTokens = maxTokens
    self.temperature = temperature
    self.systemPrompt = systemPrompt
    self.tools = tools
    self.metadata = metadata
  }
}

extension AgentConfiguration: Codable {
  /// The keys of the JSON form.
  package enum CodingKeys: String, CodingKey, CaseIterable {
    case agent, model
    case maxTokens = "max_tokens"
    case temperature
    case systemPrompt = "system_prompt"
    case tools, metadata
  }

  /// Decodes the JSON form.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    agent = try container.decodeIfPresent(String.self, forKey: .agent)
    model = try container.decodeIfPresent(String.self, forKey: .model)
    maxTokens = try container.decodeIfPresent(Int64.self, forKey: .maxTokens)
    temperature = try container.decodeIfPresent(Decimal.self, forKey: .temperature)
    systemPrompt = try container.decodeIfPresent(String.self, forKey: .systemPrompt)
    tools = try container.decodeIfPresent(JSONValue.self, forKey: .tools)
    metadata = try container.decodeIfPresent([String: JSONValue].self, forKey: .metadata) ?? [:]
  }

  /// Writes every key, `null` for what is unknown.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(agent, forKey: .agent)
    try container.encode(model, forKey: .model)
    try container.encode(maxTokens, forKey: .maxTokens)
    try container.encode(temperature, forKey: .temperature)
    try container.encode(systemPrompt, forKey: .systemPrompt)
    try container.encode(tools, forKey: .tools)
    try container.encode(metadata, forKey: .metadata)
  }
}
