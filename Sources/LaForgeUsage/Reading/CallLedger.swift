import LaForgeCore

/// Calls by their ids: a call that is told several times counts once, with the most output.
struct CallLedger {
  private var calls: [String: (counts: TokenCounts, model: String?, cost: Cost?)] = [:]
  private var order: [String] = []

  mutating func add(_ id: String, _ counts: TokenCounts, model: String?, cost: Cost? = nil) {
    if let known = calls[id] {
      guard counts.output >= known.counts.output else { return }
    } else {
      order.append(id)
    }
    calls[id] = (counts, model, cost)
  }

  /// Takes a call back that turns out not to count.
  mutating func remove(_ id: String) { calls[id] = nil }

  var isEmpty: Bool { calls.isEmpty }

  /// All calls together; empty where there is none.
  var figures: Figures {
    var figures = Figures()
    for id in order {
      if let call = calls[id] { figures.add(call.counts, model: call.model, cost: call.cost) }
    }
    return figures
  }

  /// Calls of another ledger that this one has not.
  mutating func merge(_ other: CallLedger) {
    for id in other.order {
      if let call = other.calls[id] { add(id, call.counts, model: call.model, cost: call.cost) }
    }
  }
}
