import Foundation
package import LaForgeCore

/// What models cost by the million tokens: the list that ships with LaForge, and the user's own
/// prices, which win.
package struct PriceTable: Sendable {
  /// US dollars by the million tokens.
  struct Price: Equatable, Decodable, Sendable {
    var input: Decimal
    var output: Decimal
    /// What is read from a cache; as any input where it is not told.
    var cacheRead: Decimal?
    /// What is written to a cache; as any input where it is not told.
    var cacheWrite: Decimal?

    private enum CodingKeys: String, CodingKey {
      case input, output
      case cacheRead = "cache_read"
      case cacheWrite = "cache_write"
    }

    /// The cost of tokens; output includes what was reasoned.
    func cost(of counts: TokenCounts) -> Cost? {
      let parts: [(Int64, Decimal)] = [
        (counts.input, input), (counts.cacheRead, cacheRead ?? input),
        (counts.cacheCreation, cacheWrite ?? input), (counts.output, output),
      ]
      let dollars = parts.reduce(Decimal(0)) { $0 + Decimal($1.0) * $1.1 } / 1_000_000
      return Cost(dollars: dollars)
    }
  }

  private struct File: Decodable {
    var date: String
    var models: [String: Price]
  }

  private let date: String
  private let listed: [String: Price]
  private let own: [String: Price]

  /// - Parameter settings: The user's prices: for each model the values of `input`, `output`,
  ///   `cacheRead` and `cacheWrite`, in US dollars by the million tokens.
  package init(settings: [String: [String: String]] = [:]) {
    let bytes = PackageResources.prices_json
    let file = try? JSONDecoder().decode(File.self, from: Data(bytes))
    date = file?.date ?? ""
    listed = file?.models ?? [:]
    own = settings.compactMapValues { values in
      func price(_ name: String) -> Decimal? { values[name].flatMap { Decimal(string: $0) } }
      guard let input = price("input"), let output = price("output") else { return nil }
      return Price(
        input: input, output: output, cacheRead: price("cacheread"),
        cacheWrite: price("cachewrite"))
    }
  }

  /// Computes the cost of usage whose agent reports none.
  ///
  /// Where the price of one of several models is not known, neither is that of all.
  ///
  /// - Parameters:
  ///   - usage: Gets its cost.
  ///   - model: The model of usage that names none.
  package func complete(_ usage: inout TokenUsage, model: String?) {
    guard usage.cost == nil, let whole = usage.counts else { return }
    var parts = usage.models.map { ($0.key, $0.value.counts) }
    if parts.isEmpty, let model { parts = [(model, whole)] }
    // Tokens that no model's name stands at have no price.
    let named = parts.reduce(TokenCounts(reasoning: 0)) { $0 + $1.1 }
    guard !parts.isEmpty, named.isSame(as: whole) else { return }
    var sum: Int64 = 0
    var isOwn = false
    for (name, counts) in parts where !counts.isZero {
      guard let found = price(of: name), let cost = found.price.cost(of: counts) else { return }
      sum += cost.microdollars
      isOwn = isOwn || found.isOwn
    }
    usage.cost = Cost(microdollars: sum)
    usage.costSource = isOwn ? .user : .computed
    usage.priceDate = isOwn ? nil : date
  }

  private func price(of model: String) -> (price: Price, isOwn: Bool)? {
    let names = Self.names(of: model)
    for name in names { if let price = own[name] { return (price, true) } }
    for name in names { if let price = listed[name] { return (price, false) } }
    return nil
  }

  /// A model's name as given, without its provider, and without the day of its version.
  static func names(of model: String) -> [String] {
    var names = [model]
    let bare =
      model.split(whereSeparator: { $0 == "/" || $0 == ":" }).last.map(String.init) ?? model
    names.append(bare)
    let words = bare.split(separator: "@").first.map(String.init) ?? bare
    let parts = words.split(separator: "-")
    if let last = parts.last, last.count == 8, last.allSatisfy(\.isNumber) {
      names.append(parts.dropLast().joined(separator: "-"))
    } else if parts.count > 3, parts.suffix(3).map(\.count) == [4, 2, 2],
      parts.suffix(3).allSatisfy({ $0.allSatisfy(\.isNumber) })
    {
      names.append(parts.dropLast(3).joined(separator: "-"))
    } else {
      names.append(words)
    }
    if let name = names.last, name.hasSuffix("-latest") { names.append(String(name.dropLast(7))) }
    return names
  }
}

extension TokenUsage {
  /// The counts, where every part of the prompt is known.
  fileprivate var counts: TokenCounts? {
    guard let inputTokens, let outputTokens else { return nil }
    return TokenCounts(
      input: inputTokens, cacheRead: cacheReadTokens ?? 0, cacheCreation: cacheCreationTokens ?? 0,
      output: outputTokens, reasoning: reasoningTokens)
  }
}
