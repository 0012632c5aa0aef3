import LaForgeCore

/// What one place tells of a run's usage: tokens by model, and money.
struct Figures: Equatable {
  private(set) var models: [String: ModelUsage] = [:]
  /// All models together, those without a name included; `nil` where no tokens are told.
  private(set) var counts: TokenCounts?
  var cost: Cost?

  /// Whether nothing is told.
  var isEmpty: Bool { counts == nil && cost == nil }

  /// Adds the tokens of a call or of a model.
  ///
  /// - Parameters:
  ///   - added: The tokens.
  ///   - model: `nil` where the place names none.
  ///   - cost: What they cost; added to the whole where it is known.
  mutating func add(_ added: TokenCounts, model: String?, cost: Cost? = nil) {
    counts = counts.map { $0 + added } ?? added
    if let cost { self.cost = (self.cost ?? Cost(microdollars: 0)) + cost }
    guard let model else { return }
    var usage =
      models[model]
      ?? ModelUsage(counts: TokenCounts(reasoning: added.reasoning.map { _ in 0 }), cost: nil)
    usage.counts = usage.counts + added
    if let cost { usage.cost = (usage.cost ?? Cost(microdollars: 0)) + cost }
    models[model] = usage
  }

  /// Adds all that another place tells.
  mutating func add(_ other: Figures) {
    for (model, usage) in other.models {
      add(usage.counts, model: model)
      guard let cost = usage.cost, var sum = models[model] else { continue }
      sum.cost = (sum.cost ?? Cost(microdollars: 0)) + cost
      models[model] = sum
    }
    if let rest = other.unnamed { add(rest, model: nil) }
    if let cost = other.cost { self.cost = (self.cost ?? Cost(microdollars: 0)) + cost }
  }

  /// What was added to cumulative figures since before a run.
  ///
  /// - Throws: `UnreadableUsage` where the earlier figures are no part of these.
  func since(_ before: Figures?) throws -> Figures {
    guard let before else { return self }
    guard let rest = minus(before) else { throw UnreadableUsage() }
    return rest
  }

  /// What is left of cumulative figures without those of before; `nil` where they are no part of it.
  func minus(_ before: Figures) -> Figures? {
    guard (before.counts.map { counts?.holds($0) == true } ?? true),
      (before.cost?.microdollars ?? 0) <= (cost?.microdollars ?? .max)
    else { return nil }
    var rest = Figures()
    if let counts { rest.counts = before.counts.map { counts.minus($0) } ?? counts }
    if let cost { rest.cost = cost.minus(before.cost) }
    // Where a model is not told any more, what is left cannot be divided.
    let isDivisible = before.models.allSatisfy {
      models[$0.key]?.counts.holds($0.value.counts) == true
    }
    guard isDivisible else { return rest }
    for (model, usage) in models {
      let earlier = before.models[model]
      let counts = earlier.map { usage.counts.minus($0.counts) } ?? usage.counts
      if counts.isZero && earlier != nil { continue }
      rest.models[model] = ModelUsage(counts: counts, cost: usage.cost?.minus(earlier?.cost))
    }
    return rest
  }

  /// The tokens that no model's name stands at.
  private var unnamed: TokenCounts? {
    guard let counts else { return nil }
    let named = models.values.reduce(TokenCounts(reasoning: 0)) { $0 + $1.counts }
    let rest = counts.minus(named)
    return models.isEmpty ? counts : rest.prompt == 0 && rest.output == 0 ? nil : rest
  }

  mutating func replaceReasoning(_ reasoning: Int64?) { counts?.reasoning = reasoning }

  /// The model that wrote most.
  var mainModel: String? {
    models.max { ($0.value.counts.output, $1.key) < ($1.value.counts.output, $0.key) }?.key
  }
}

extension Cost {
  /// What is left; never below nothing.
  fileprivate func minus(_ other: Cost?) -> Cost {
    Cost(microdollars: max(0, microdollars - (other?.microdollars ?? 0)))
  }
}
