import Foundation
import LaForgeCore
import LaForgeUsage
import Testing

@testable import enum LaForgeUsage.AgentFormats

/// A small run of an agent in the documented shape, and what it tells.
struct UsageSample: Sendable, CustomTestStringConvertible {
  var agent: String
  /// Which of the agent's places tells it.
  var place: String
  var arguments: [String] = []
  var output = ""
  var error = ""
  /// What the agent writes meanwhile, by paths in the home folder.
  var files: [String: String] = [:]
  /// What it executes in databases meanwhile, by paths in the home folder.
  var databases: [String: [String]] = [:]
  var told: Told

  var testDescription: String { "\(agent), \(place)" }

  /// A run that has written and printed this.
  func makeRun() throws -> AgentRun {
    let run = try AgentRun(agent, arguments: arguments)
    run.start()
    run.print(output)
    run.print(error, to: .standardError)
    try leaveFiles(in: run)
    return run
  }

  /// Writes what the agent leaves behind.
  func leaveFiles(in run: AgentRun) throws {
    for (path, text) in files { try run.write(path, text) }
    for (path, statements) in databases { try run.execute(in: path, statements) }
  }

  /// Every place of every agent.
  static let all: [UsageSample] = [
    AiderTests.samples, ClaudeCodeTests.samples, CodexTests.samples, CopilotTests.samples,
    CumulativeSessionTests.samples, GeminiTests.samples, GptmeTests.samples, KimiTests.samples,
    MiniSWEAgentTests.samples, OpencodeTests.samples, QwenTests.samples,
    ResultEventTests.samples, SmallAgentTests.samples, VibeTests.samples,
  ].flatMap { $0 }
}

/// What a report tells, as far as agents differ in it.
struct Told: Equatable, Sendable {
  /// Input, cache read, cache write, output; `nil` where unknown.
  var counts: [Int64?]
  var reasoning: Int64?
  var microdollars: Int64?
  var isComplete: Bool?
  var source: UsageSource?

  init(
    _ counts: [Int64?], reasoning: Int64? = nil, microdollars: Int64? = nil,
    isComplete: Bool? = true, _ source: UsageSource?
  ) {
    self.counts = counts
    self.reasoning = reasoning
    self.microdollars = microdollars
    self.isComplete = isComplete
    self.source = source
  }

  init(_ report: UsageReport) {
    counts = report.counts
    reasoning = report.usage?.reasoningTokens
    microdollars = report.usage?.cost?.microdollars
    isComplete = report.usage?.isComplete
    source = report.usage?.source
  }

  /// Whether no figure of this is larger than in another.
  func isWithin(_ other: Told) -> Bool {
    zip(figures, other.figures).allSatisfy { ($0 ?? 0) <= ($1 ?? 0) }
  }

  private var figures: [Int64?] { counts + [reasoning, microdollars] }
}

@Suite struct UsageSampleTests {
  @Test(arguments: UsageSample.all)
  func eachPlaceTellsWhatTheRunUsed(_ sample: UsageSample) throws {
    #expect(try Told(sample.makeRun().end()) == sample.told)
  }

  @Test func everyAgentHasASample() {
    #expect(Set(UsageSample.all.map(\.agent)) == Set(AgentFormats.entries.keys))
  }

  @Test(arguments: UsageSample.all.filter { !$0.files.isEmpty })
  func whatWasThereBeforeTheRunIsNotCounted(_ sample: UsageSample) throws {
    let run = try AgentRun(sample.agent, arguments: sample.arguments)
    try sample.leaveFiles(in: run)
    run.start()
    #expect(run.end().usage == nil)
  }

  @Test(arguments: UsageSample.all)
  func aRunThatWasKilledTellsNoMore(_ sample: UsageSample) throws {
    #expect(try Told(sample.makeRun().end(wasKilled: true)).isWithin(sample.told))
  }
}
