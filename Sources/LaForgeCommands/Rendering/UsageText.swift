import LaForgeCore

/// The text of `laforge usage`.
struct UsageText {
  let step: Step
  /// Whether each place that told something is named.
  let explains: Bool

  private static let unknown = "?"

  /// The lines, ended by a newline each.
  func text(width: Int?, style: Style) -> String {
    let title = "\(step.id)  \(step.commandText)"
    var text = style.heading(width.map { TerminalText.truncate(title, to: $0) } ?? title) + "\n"
    if let usage, usage.hasTokens { text += table(usage).text(width: width, style: style) }
    text += FactRows.lines(facts, indent: 12, width: width).map { $0 + "\n" }.joined()
    return text
  }

  private var usage: TokenUsage? { step.end?.tokenUsage }

  // MARK: - Figures

  private func table(_ usage: TokenUsage) -> Table {
    let headings = ["INPUT", "CACHE READ", "CACHE WRITE", "OUTPUT", "REASONING", "TOTAL", "COST"]
    // What can be worked out from others goes first.
    let priorities = [3, 2, 1, 4, 0, nil, nil]
    var table = Table(
      [Table.Column(heading: "MODEL", isFlexible: true)]
        + zip(headings, priorities).map {
          Table.Column(heading: $0, isAlignedRight: true, priority: $1)
        })
    var rows = usage.models.sorted { $0.key < $1.key }.map { name, model in
      let counts = model.counts
      return cells(
        TerminalText.clean(name),
        [
          counts.input, counts.cacheRead, counts.cacheCreation, counts.output, counts.reasoning,
          TokenCounts.sum(counts.prompt, counts.output),
        ], model.cost)
    }
    let all = cells(
      "all",
      [
        usage.inputTokens, usage.cacheReadTokens, usage.cacheCreationTokens, usage.outputTokens,
        usage.reasoningTokens, usage.totalTokens,
      ], usage.cost)
    // One model alone says it all, unless the agent told more of the whole than of it.
    if rows.count != 1 || rows.first?.dropFirst() != all.dropFirst() { rows.append(all) }
    for cells in rows { table.append(.cells(cells, style: { $0 })) }
    return table
  }

  private func cells(_ name: String, _ counts: [Int64?], _ cost: Cost?) -> [String] {
    let figures = counts.map { $0.map(Readable.exact) ?? Self.unknown }
    return [name] + figures + [cost.map(Readable.exact) ?? Self.unknown]
  }

  // MARK: - Where they come from

  private var facts: [(name: String, text: String)] {
    guard let end = step.end else {
      let text = step.status == .running ? "not known while it runs" : "not known: it was cut off"
      return [("tokens", text)]
    }
    let usage = end.tokenUsage
    var facts: [(name: String, text: String)] = []
    if usage?.hasTokens != true { facts.append(("tokens", "not reported")) }
    if let source = usage?.source {
      let place = end.usageExplanation?.counting.map { ": \($0.place)" } ?? ""
      facts.append(("source", source.text + (source == .usageFile ? "" : place)))
    }
    if let usage, usage.hasTokens || usage.incompleteReason != nil {
      let reason = usage.incompleteReason.map { ": \($0)" } ?? ""
      facts.append(("complete", usage.isPartial ? "no\(reason)" : "yes"))
    }
    facts.append(("cost", usage?.costText(exact: true) ?? "not reported"))
    return facts + (explains ? explanation(end.usageExplanation) : [])
  }

  private func explanation(_ explanation: UsageExplanation?) -> [(name: String, text: String)] {
    guard let explanation else {
      return [
        ("", "what told it was not recorded: `laforge usage --recompute \(step.id.rawValue)`")
      ]
    }
    var facts = [("agent", agent(explanation))]
    for item in explanation.items {
      let told = item.usage.map { ": \($0.summary)" } ?? ""
      let reason = item.objection.map { "; \($0)" } ?? ""
      facts.append(
        (item.objection == nil ? "counts" : "ignored", "\(item.place)\(told)\(reason)"))
    }
    return facts + explanation.notes.map { ("note", $0) }
  }

  private func agent(_ explanation: UsageExplanation) -> String {
    guard let agent = explanation.agent else {
      return "\(step.agentText), whose format is not known; `laforge help run` says how any program"
        + " can report its usage"
    }
    guard !explanation.isVerified else { return agent }
    return "\(agent), unverified: read after its documents and sources, not yet tried on its runs"
  }
}

extension UsageExplanation {
  /// The place that counts; `nil` where none does.
  fileprivate var counting: Item? { items.first { $0.objection == nil } }
}

extension UsageSource {
  /// What it is, for people.
  var text: String {
    switch self {
    case .usageFile: "the file named by LAFORGE_USAGE_FILE"
    case .stdout: "standard output"
    case .stderr: "standard error"
    case .sessionFile: "the agent's session file"
    }
  }
}

extension TokenUsage {
  /// Whether any tokens are known.
  fileprivate var hasTokens: Bool { (totalTokens ?? outputTokens ?? promptTokens) != nil }

  /// What was counted, in a word: `17,596 tokens, $0.033865`.
  var summary: String {
    let tokens = (totalTokens ?? completionTokens ?? promptTokens)
      .map { "\(Readable.exact($0)) tokens" }
    let parts = [tokens, cost.map(Readable.exact)].compactMap { $0 }
    return parts.isEmpty ? "nothing" : parts.joined(separator: ", ")
  }

  /// What it cost and how that is known; `nil` where it is not.
  func costText(exact: Bool) -> String? {
    guard let cost else { return nil }
    let amount =
      (isPartial ? "at least " : "") + (exact ? Readable.exact(cost) : Readable.cost(cost))
    switch costSource {
    case .agent: return "\(amount), as the agent reports"
    case .computed:
      return "\(amount), computed" + (priceDate.map { " at list prices of \($0)" } ?? "")
    case .user: return "\(amount), at your prices"
    case nil: return amount
    }
  }
}
