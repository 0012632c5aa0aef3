import Foundation
import LaForgeCore
import Testing

@Suite struct CostTests {
  @Test(arguments: [
    ("0.03411675", 34_117), ("0.0000005", 1), ("0.0000004", 0), ("12", 12_000_000),
    ("0.1", 100_000), ("0", 0),
  ])
  func roundsDollarsToTheNearestMicrodollar(_ dollars: String, _ microdollars: Int64) throws {
    let amount = try #require(Decimal(string: dollars))
    #expect(Cost(dollars: amount)?.microdollars == microdollars)
  }

  @Test func refusesWhatIsNoAmount() {
    #expect(Cost(dollars: -1) == nil)
    #expect(Cost(dollars: .nan) == nil)
    #expect(Cost(dollars: Decimal(sign: .plus, exponent: 40, significand: 1)) == nil)
  }

  @Test func isWrittenInDollarsWithoutBinaryNoise() throws {
    let json = try JSONEncoder().encode([Cost(microdollars: 33_865), Cost(microdollars: 100_000)])
    #expect(String(decoding: json, as: UTF8.self) == "[0.033865,0.1]")
    #expect(
      try JSONDecoder().decode([Cost].self, from: json)
        == [Cost(microdollars: 33_865), Cost(microdollars: 100_000)])
  }
}

@Suite struct TokenCountsTests {
  @Test func reasoningIsKnownOnlyIfItIsKnownOnBothSides() {
    let known = TokenCounts(input: 1, output: 2, reasoning: 1)
    let unknown = TokenCounts(input: 1, output: 2)
    #expect((known + known).reasoning == 2)
    #expect((known + unknown).reasoning == nil)
  }

  @Test func absurdFiguresDoNotTrap() {
    let huge = TokenCounts(input: .max, cacheRead: .max, output: .max)
    #expect((huge + huge).prompt == .max)
    #expect(TokenUsage(huge, source: .stdout).totalTokens == .max)
  }
}
