import LaForgeCore

extension UsageExplanation {
  /// Adds what an agent's reader found, what counts first.
  mutating func add(_ findings: [UsageFinding], best: UsageFinding?) {
    for finding in findings where !finding.figures.isEmpty {
      let isBest = finding == best
      items.append(
        Item(
          source: finding.source, place: finding.place, usage: finding.usage,
          objection: isBest ? nil : finding.objection ?? best.map { "\($0.place) counts" }))
    }
    items.sort { ($0.objection == nil ? 0 : 1) < ($1.objection == nil ? 0 : 1) }
  }

  /// Adds what is to be known of the session files that changed.
  mutating func note(_ sessions: SessionReading) {
    if sessions.isAmbiguous {
      notes.append(
        "several sessions went on at the same time, and which is this run's cannot be told: "
          + sessions.others.joined(separator: ", "))
    } else if !sessions.others.isEmpty {
      notes.append("not of this run: \(sessions.others.joined(separator: ", "))")
    }
    if !sessions.incomparable.isEmpty {
      notes.append(
        "what this run added to these files cannot be told: "
          + sessions.incomparable.joined(separator: ", "))
    }
  }
}
