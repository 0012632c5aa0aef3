import Foundation
import LaForgeCore
import LaForgeUsage
import Testing

@Suite struct PriceTableTests {
  private static let counts = TokenCounts(
    input: 1_000_000, cacheRead: 1_000_000, cacheCreation: 1_000_000, output: 1_000_000,
    reasoning: 400_000)

  private static func usage(_ models: [String: TokenCounts]) -> TokenUsage {
    let whole = models.values.reduce(TokenCounts(reasoning: 0)) { $0 + $1 }
    var usage = TokenUsage(whole, source: .stdout)
    usage.models = models.mapValues { ModelUsage(counts: $0, cost: nil) }
    return usage
  }

  private static func priced(
    _ models: [String: TokenCounts], own: [String: ModelPrice] = [:], model: String? = nil
  ) -> TokenUsage {
    var usage = usage(models)
    PriceTable(own: own).complete(&usage, model: model)
    return usage
  }

  @Test func theListHasItsDate() {
    let usage = Self.priced(["claude-sonnet-4-5": Self.counts])
    // 3 for input, 0.30 and 3.75 for caches, 15 for output.
    #expect(usage.cost == Cost(microdollars: 22_050_000))
    #expect(usage.costSource == .computed)
    #expect(usage.priceDate?.count == 10)
    #expect(usage.models["claude-sonnet-4-5"]?.cost == usage.cost)
  }

  @Test(arguments: [
    "claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4-5", "claude-sonnet-4-5@20250929",
  ])
  func aVersionOrProviderIsTheSameModel(_ name: String) {
    #expect(Self.priced([name: Self.counts]).cost == Cost(microdollars: 22_050_000))
  }

  @Test func whatIsUsersWins() {
    var price = ModelPrice(input: 1, output: 2)
    let plain = Self.priced(["claude-sonnet-4-5": Self.counts], own: ["claude-sonnet-4-5": price])
    #expect(plain.cost == Cost(microdollars: 5_000_000))
    #expect(plain.costSource == .user)
    #expect(plain.priceDate == nil)
    (price.cacheRead, price.cacheWrite, price.reasoning) = (0, 5, 10)
    let full = Self.priced(["m": Self.counts], own: ["m": price])
    #expect(full.cost == Cost(microdollars: 11_200_000))
  }

  @Test func aModelWithoutAPriceLeavesAllWithoutOne() {
    let usage = Self.priced(["claude-sonnet-4-5": Self.counts, "unheard-of": Self.counts])
    #expect(usage.cost == nil)
    #expect(usage.models.values.allSatisfy { $0.cost == nil })
  }

  @Test func aModelThatUsedNothingNeedsNoPrice() {
    let usage = Self.priced([
      "claude-sonnet-4-5": Self.counts, "unheard-of": TokenCounts(input: 0, output: 0),
    ])
    #expect(usage.cost == Cost(microdollars: 22_050_000))
  }

  @Test func aCostThatTheAgentReportsStays() {
    var usage = Self.usage(["claude-sonnet-4-5": Self.counts])
    (usage.cost, usage.costSource) = (Cost(microdollars: 1), .agent)
    PriceTable(own: ["claude-sonnet-4-5": ModelPrice(input: 9, output: 9)])
      .complete(&usage, model: nil)
    #expect(usage.cost == Cost(microdollars: 1))
    #expect(usage.costSource == .agent)
  }

  @Test func theModelOfTheCallServesFiguresThatNameNone() {
    #expect(Self.priced([:], model: "claude-sonnet-4-5").cost == Cost(microdollars: 0))
    var usage = TokenUsage(Self.counts, source: .stdout)
    PriceTable().complete(&usage, model: "claude-sonnet-4-5")
    #expect(usage.cost == Cost(microdollars: 22_050_000))
  }
}
