package import Foundation

/// What a model costs, in US dollars by the million tokens.
package struct ModelPrice: Equatable, Sendable, Decodable {
  package var input: Decimal
  /// What the model writes.
  package var output: Decimal
  /// What is read from a cache; `nil` where it costs what any input does.
  package var cacheRead: Decimal?
  /// What is written to a cache; `nil` where it costs what any input does.
  package var cacheWrite: Decimal?
  /// What is reasoned; `nil` where it costs what any output does.
  package var reasoning: Decimal?

  private enum CodingKeys: String, CodingKey {
    case input, output, reasoning
    case cacheRead = "cache_read"
    case cacheWrite = "cache_write"
  }

  /// Creates a value of the two prices that every model has.
  package init(input: Decimal, output: Decimal) {
    self.input = input
    self.output = output
  }

  /// What tokens cost; `nil` where it is beyond all money.
  package func cost(of counts: TokenCounts) -> Cost? {
    let reasoned = counts.reasoning ?? 0
    let parts: [(Int64, Decimal)] = [
      (counts.input, input), (counts.cacheRead, cacheRead ?? input),
      (counts.cacheCreation, cacheWrite ?? input), (counts.output - reasoned, output),
      (reasoned, reasoning ?? output),
    ]
    return Cost(dollars: parts.reduce(Decimal(0)) { $0 + Decimal($1.0) * $1.1 } / 1_000_000)
  }
}
