import LaForgeCore

/// What `laforge usage --json` writes: the usage of a step, and what told it.
struct UsageDocument: Encodable {
  var step: Step
  var storeID: String

  private enum CodingKeys: String, CodingKey {
    case schema, id, explanation
    case storeID = "store_id"
    case tokenUsage = "token_usage"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(StepDocument.schema, forKey: .schema)
    try container.encode(step.id, forKey: .id)
    try container.encode(storeID, forKey: .storeID)
    try container.encode(step.end?.tokenUsage ?? TokenUsage(), forKey: .tokenUsage)
    try container.encode(
      step.end?.usageExplanation.map(ExplanationDocument.init), forKey: .explanation)
  }
}

private struct ExplanationDocument: Encodable {
  var explanation: UsageExplanation

  private enum CodingKeys: String, CodingKey {
    case agent, verified, places, notes, sessions
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(explanation.agent, forKey: .agent)
    try container.encode(explanation.isVerified, forKey: .verified)
    try container.encode(explanation.items.map(PlaceDocument.init), forKey: .places)
    try container.encode(explanation.notes, forKey: .notes)
    try container.encode(explanation.sessions.map(\.path), forKey: .sessions)
  }
}

private struct PlaceDocument: Encodable {
  var item: UsageExplanation.Item

  private enum CodingKeys: String, CodingKey {
    case source, place
    case tokenUsage = "token_usage"
    case ignored = "ignored_because"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(item.source, forKey: .source)
    try container.encode(item.place, forKey: .place)
    try container.encode(item.usage ?? TokenUsage(), forKey: .tokenUsage)
    try container.encode(item.objection, forKey: .ignored)
  }
}

/// What `laforge usage --recompute --json` writes.
struct RecomputationDocument: Encodable {
  var results: [UsageRecomputation.Result]

  private enum CodingKeys: String, CodingKey {
    case schema, steps
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(StepDocument.schema, forKey: .schema)
    try container.encode(results.map(ResultDocument.init), forKey: .steps)
  }
}

private struct ResultDocument: Encodable {
  var result: UsageRecomputation.Result

  private enum CodingKeys: String, CodingKey {
    case id, changed, before
    case left = "left_because"
    case tokenUsage = "token_usage"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(result.step.id, forKey: .id)
    try container.encode(result.isChanged, forKey: .changed)
    try container.encode(result.leftBecause, forKey: .left)
    try container.encode(result.step.end?.tokenUsage ?? TokenUsage(), forKey: .before)
    try container.encode(result.usage ?? TokenUsage(), forKey: .tokenUsage)
  }
}

extension UsageRecomputation.Result {
  /// One line of text.
  var text: String {
    if let leftBecause { return "\(step.id)  left as it was: \(leftBecause)" }
    guard isChanged else { return "\(step.id)  the same: \(Self.text(usage))" }
    return "\(step.id)  \(Self.text(step.end?.tokenUsage)) -> \(Self.text(usage))"
  }

  private static func text(_ usage: TokenUsage?) -> String {
    guard let usage, !usage.isUnknown else { return "not reported" }
    let atLeast = usage.isPartial ? "at least " : ""
    return "\(atLeast)\(usage.summary)"
  }
}
