import LaForgeCore

/// What a wrapper reports, in lines of the general form and in the file of `LAFORGE_USAGE_FILE`.
extension UsageReader {
  func merge(
    _ general: UsageReport, into report: inout UsageReport, _ explanation: inout UsageExplanation
  ) {
    guard let usage = general.usage else { return }
    let isOverruled = report.usage != nil
    explanation.items.append(
      UsageExplanation.Item(
        source: usage.source ?? .stdout, place: "token_usage lines", usage: usage,
        objection: isOverruled ? "the agent's own format tells it" : nil))
    if !isOverruled { report.usage = usage }
  }

  mutating func merge(
    _ usageFile: [UInt8], into report: inout UsageReport, _ explanation: inout UsageExplanation
  ) {
    guard let figures = UsageFigures(usageFile: usageFile) else {
      unreadableLines += 1
      return
    }
    report.model = figures.model ?? report.model
    var told: TokenUsage?
    if let usage = figures.usage(from: .usageFile) {
      let printedCost = report.usage?.cost
      report.usage = usage
      if usage.cost == nil, let printedCost {
        report.usage?.cost = printedCost
        report.usage?.costSource = .agent
      }
      told = usage
      for index in explanation.items.indices where explanation.items[index].objection == nil {
        explanation.items[index].objection = "LAFORGE_USAGE_FILE wins"
      }
    } else if let cost = figures.cost {
      var usage = report.usage ?? TokenUsage()
      usage.cost = cost
      usage.costSource = .agent
      report.usage = usage
      told = TokenUsage()
      told?.cost = cost
    }
    explanation.items.insert(
      UsageExplanation.Item(
        source: .usageFile, place: "LAFORGE_USAGE_FILE", usage: told, objection: nil), at: 0)
  }
}
