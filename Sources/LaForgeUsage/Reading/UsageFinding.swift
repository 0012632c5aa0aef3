import LaForgeCore

/// What one place told, and what an agent's reader makes of it.
struct UsageFinding: Equatable {
  var source: UsageSource
  /// Where: `result.modelUsage`, the path of a session file.
  var place: String
  var figures: Figures
  /// Why the figures are partial or an estimate; `nil` where they are exact and whole.
  var incompleteReason: String?
  /// Why it is passed over though it tells something; `nil` where it may be used.
  var objection: String?

  init(
    _ source: UsageSource, _ place: String, _ figures: Figures, incomplete reason: String? = nil,
    objection: String? = nil
  ) {
    self.source = source
    self.place = place
    self.figures = figures
    incompleteReason = reason
    self.objection = objection
  }

  /// The usage of the step where this is what counts.
  var usage: TokenUsage {
    var usage = figures.counts.map { TokenUsage($0, source: source) } ?? TokenUsage()
    usage.source = figures.counts == nil ? nil : source
    usage.models = figures.models
    usage.cost = figures.cost
    usage.costSource = figures.cost == nil ? nil : .agent
    usage.isComplete = incompleteReason == nil
    usage.incompleteReason = incompleteReason
    return usage
  }
}

/// How the run ended, as far as it matters for what the agent could still report.
struct RunEnding: Equatable, Sendable {
  /// A signal ended the agent, or LaForge told it to end.
  var wasKilled = false
  /// A part of the output was not kept, so that it is not there to be read again.
  var hasGap = false
}
