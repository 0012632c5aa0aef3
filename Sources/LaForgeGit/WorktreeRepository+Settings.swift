import Foundation
package import LaForgeCore

/// What the configuration says about running a command.
package struct RunSettings {
  /// How it is connected, and how much of its output is kept.
  package var options: AgentOptions
  /// The user's prices, `laforge.price.MODEL.input` and its like, by model.
  package var prices: [String: ModelPrice]
}

extension WorktreeRepository {
  /// Reads the settings of a run, all at once.
  ///
  /// - Throws: `GitError` of code `badConfiguration`.
  package func runSettings() async throws(GitError) -> RunSettings {
    let entries = try await reader.configurationEntries()
    return RunSettings(options: try Self.options(entries), prices: try Self.prices(entries))
  }

  /// How a command is connected, and how much of its output is kept.
  private static func options(_ entries: [String: [String]]) throws(GitError) -> AgentOptions {
    func last(_ name: String) -> String? { entries[name]?.last }
    var options = AgentOptions()
    if let value = last("laforge.capture") {
      guard let mode = CaptureMode(rawValue: value) else {
        throw ConfigurationValue.bad(value, "way to capture", "laforge.capture")
      }
      options.capture = mode
    }
    if let value = last("laforge.keepoutput"),
      try !ConfigurationValue.flag(value, "laforge.keepOutput")
    {
      return options
    }
    var limits = OutputLimits()
    if let value = last("laforge.maxoutput") {
      limits.ofStep = try ConfigurationValue.size(value, "laforge.maxOutput")
    }
    if let value = last("laforge.maxoutputs") {
      limits.ofAll = try ConfigurationValue.size(value, "laforge.maxOutputs")
    }
    if limits.ofStep > 0, limits.ofAll > 0 { options.output = limits }
    return options
  }

  private static func prices(
    _ entries: [String: [String]]
  ) throws(GitError) -> [String: ModelPrice] {
    let prefix = "laforge.price."
    var models: Set<String> = []
    for name in entries.keys where name.hasPrefix(prefix) {
      let rest = name.dropFirst(prefix.count)
      if let point = rest.lastIndex(of: ".") { models.insert(String(rest[..<point])) }
    }
    var prices: [String: ModelPrice] = [:]
    for model in models { prices[model] = try price("\(prefix)\(model)", entries) }
    return prices
  }

  private static func price(
    _ name: String, _ entries: [String: [String]]
  ) throws(GitError) -> ModelPrice {
    func part(_ key: String) throws(GitError) -> Decimal? {
      guard let value = entries["\(name).\(key.lowercased())"]?.last else { return nil }
      return try ConfigurationValue.price(value, "\(name).\(key)")
    }
    func needed(_ key: String) throws(GitError) -> Decimal {
      if let value = try part(key) { return value }
      throw GitError(
        code: .badConfiguration,
        message: "there is no price for its \(key) (git config \(name).\(key))",
        function: "git config")
    }
    var price = ModelPrice(input: try needed("input"), output: try needed("output"))
    price.cacheRead = try part("cacheRead")
    price.cacheWrite = try part("cacheWrite")
    price.reasoning = try part("reasoning")
    return price
  }
}
