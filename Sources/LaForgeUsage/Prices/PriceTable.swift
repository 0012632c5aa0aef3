import Foundation
package import LaForgeCore

/// What models cost: the list that ships with LaForge, and the user's own prices, which win.
package struct PriceTable: Sendable {
  private struct File: Decodable {
    var date: String
    var models: [String: ModelPrice]
  }

  /// Decoded only once something has no price: most runs never ask.
  private static let list: File = {
    do {
      return try JSONDecoder().decode(File.self, from: Data(PackageResources.prices_json))
    } catch {
      preconditionFailure("the price list that ships with LaForge cannot be read: \(error)")
    }
  }()

  private let own: [String: ModelPrice]

  /// - Parameter own: The user's prices, by model.
  package init(own: [String: ModelPrice] = [:]) {
    self.own = own
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
    var costs: [String: Cost] = [:]
    var (isOwn, isListed) = (false, false)
    for (name, counts) in parts {
      let found = price(of: name)
      // What was not used costs nothing at any price.
      guard let price = found?.price ?? (counts.isZero ? ModelPrice(input: 0, output: 0) : nil),
        let cost = price.cost(of: counts)
      else { return }
      costs[name] = cost
      isOwn = isOwn || found?.isOwn == true
      isListed = isListed || found?.isOwn == false
    }
    usage.cost = costs.values.reduce(Cost(microdollars: 0), +)
    usage.costSource = isOwn ? .user : .computed
    usage.priceDate = isListed ? Self.list.date : nil
    for name in usage.models.keys { usage.models[name]?.cost = costs[name] }
  }

  private func price(of model: String) -> (price: ModelPrice, isOwn: Bool)? {
    let names = Self.names(of: model)
    for name in names { if let price = own[name] { return (price, true) } }
    for name in names { if let price = Self.list.models[name] { return (price, false) } }
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
