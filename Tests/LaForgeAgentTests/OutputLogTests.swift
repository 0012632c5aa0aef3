import Foundation
import LaForgeCore
import LaForgeTestSupport
import SystemPackage
import Testing

@testable import LaForgeAgent

/// What is kept of an output, and read again.
@Suite struct OutputLogTests {
  private let step = StepID(rawValue: 7)

  private func limits(_ bytes: Int64) -> OutputLimits {
    var limits = OutputLimits()
    limits.ofStep = bytes
    return limits
  }

  private func append(
    _ text: String, to log: OutputLog, from stream: AgentStream = .standardOutput, at now: Int64 = 0
  ) {
    Array(text.utf8).withUnsafeBytes { log.append($0, from: stream, at: now) }
  }

  /// What is read, a gap as `[gap]`.
  private func contents(in folder: FilePath, of stream: AgentStream? = nil) throws -> String {
    var bytes: [UInt8] = []
    try OutputArchive(in: folder).reading(step).read { piece in
      switch piece {
      case .bytes(let source, let part): if stream == nil || stream == source { bytes += part }
      case .gap: bytes += Array("[gap]".utf8)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func bothStreamsAreReadInTheirOrder() async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    let folder = environment.root.appending("output")
    let log = OutputLog(of: step, in: folder, limits: OutputLimits())
    append("out 1\n", to: log)
    append("err 1\n", to: log, from: .standardError)
    append("out 2", to: log)
    let kept = log.finish()
    #expect(try contents(in: folder) == "out 1\nerr 1\nout 2")
    #expect(try contents(in: folder, of: .standardError) == "err 1\n")
    #expect(kept.kept == 17 && kept.disk > 0)
    let mode = try FileManager.default.attributesOfItem(atPath: "\(folder)/7.0")[.posixPermissions]
    #expect((mode as? NSNumber)?.intValue == 0o600)
  }

  @Test func ofAFloodTheBeginningAndTheEndAreKeptAndNoMore() async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    let folder = environment.root.appending("output")
    let log = OutputLog(of: step, in: folder, limits: limits(1 << 16))
    for number in 0..<100_000 { append("line \(number)\n", to: log) }
    let kept = log.finish()
    let text = try contents(in: folder)
    #expect(text.hasPrefix("line 0\nline 1\n") && text.hasSuffix("line 99998\nline 99999\n"))
    #expect(text.split(separator: "[gap]").count == 2)
    #expect(text.utf8.count <= 1 << 16 && text.utf8.count > (1 << 16) * 3 / 4)
    #expect(kept.kept == Int64(text.utf8.count - 5))
  }

  @Test func whatWasWrittenMeanwhileIsPartOfTheWhole() async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    let folder = environment.root.appending("output")
    let log = OutputLog(of: step, in: folder, limits: limits(1 << 16))
    var expected = ""
    for number in 0..<3000 {
      append("line \(number)\n", to: log, at: Int64(number) * 20)
      expected += "line \(number)\n"
      log.work(at: Int64(number) * 20)
    }
    // What one can follow is nearly all of it.
    #expect(try contents(in: folder).utf8.count > expected.utf8.count * 9 / 10)
    _ = log.finish()
    #expect(try contents(in: folder) == expected)
  }

  @Test func workIsDueWhenItIsQuietOrHasWaitedLong() async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    let log = OutputLog(
      of: step, in: environment.root.appending("output"), limits: OutputLimits())
    #expect(log.due == nil)
    append("x\n", to: log, at: 100)
    #expect(log.due == 150)
    append("y\n", to: log, at: 1090)
    #expect(log.due == 1100)
    log.work(at: 1100)
    #expect(log.due == nil)
  }

  @Test func aReaderFollowsWhatGrows() async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    let folder = environment.root.appending("output")
    let log = OutputLog(of: step, in: folder, limits: limits(1 << 16))
    let reading = OutputArchive(in: folder).reading(step)
    var (seen, expected) = ([UInt8](), "")
    for number in 0..<2000 {
      append("line \(number)\n", to: log, at: Int64(number) * 100)
      expected += "line \(number)\n"
      log.work(at: Int64(number) * 100 + 50)
      if number % 7 == 0 { try reading.read { if case .bytes(_, let part) = $0 { seen += part } } }
    }
    _ = log.finish()
    try reading.read { if case .bytes(_, let part) = $0 { seen += part } }
    #expect(String(decoding: seen, as: UTF8.self) == expected)
  }

  @Test func whatWasCutOffIsReadAsFarAsItGoes() async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    let folder = environment.root.appending("output")
    let log = OutputLog(of: step, in: folder, limits: OutputLimits())
    append(String(repeating: "some text \(UUID())\n", count: 200), to: log)
    _ = log.finish()
    let path = "\(folder)/7.0"
    let whole = try contents(in: folder)
    let bytes = try Data(contentsOf: URL(filePath: path))
    for length in 0..<bytes.count {
      try bytes.prefix(length).write(to: URL(filePath: path))
      #expect(whole.hasPrefix(try contents(in: folder)))
    }
  }

  @Test func whatCannotBeWrittenStopsTheKeepingOnly() async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    let log = OutputLog(of: step, in: "/dev/null/output", limits: OutputLimits())
    append("x\n", to: log)
    #expect(log.finish().kept == 0)
    #expect(log.failure == .notDirectory)
    withExtendedLifetime(environment) {}
  }

  @Test func removingTakesAllOfAStepAndNothingElse() async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    let folder = environment.root.appending("output")
    for id in [Int64(7), 70] {
      let log = OutputLog(of: StepID(rawValue: id), in: folder, limits: limits(1 << 16))
      for number in 0..<5000 { append("line \(number)\n", to: log) }
      _ = log.finish()
    }
    let archive = OutputArchive(in: folder)
    archive.remove(step)
    #expect(!archive.holds(step) && archive.holds(StepID(rawValue: 70)))
  }
}
