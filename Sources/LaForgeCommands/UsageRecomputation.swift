import LaForgeAgent
import LaForgeCore
import LaForgeStore
import LaForgeUsage
import SystemPackage

/// Works out the usage of steps again, from their kept output and the session files that counted.
struct UsageRecomputation {
  /// What became of one step.
  struct Result {
    var step: Step
    /// The usage from now on.
    var usage: TokenUsage?
    /// Why it was left as it was; `nil` where it was worked out again.
    var leftBecause: String?

    /// Whether the figures are others now.
    var isChanged: Bool { usage != step.end?.tokenUsage }
  }

  private let commonDirectory: FilePath
  private let store: SQLiteStepStore
  private let archive: OutputArchive
  private let prices: [String: ModelPrice]
  private let context: CommandContext

  /// - Throws: `CommandFailure`.
  init(in session: ReadingSession, _ context: CommandContext) async throws {
    self.context = context
    prices = try await session.prices()
    commonDirectory = session.repository.location.commonDirectory
    archive = OutputArchive(in: StoreFolder(commonDirectory: commonDirectory).outputs)
    do throws(StoreError) {
      store = try await StoreOpening.open(session.worktree, in: context)
    } catch {
      throw Self.failure(error, commonDirectory)
    }
  }

  private static func failure(_ error: StoreError, _ folder: FilePath) -> CommandFailure {
    CommandFailure(UserMessage(error, newestCopy: ReadingSession.newestCopy(folder)))
  }

  /// Works out the usage of a step again and records it, unless what told it is not there any more.
  ///
  /// - Throws: `CommandFailure`, `Errno`.
  func recompute(_ step: Step) throws -> Result {
    var result = Result(step: step, usage: step.end?.tokenUsage)
    result.leftBecause = obstacle(step)
    guard result.leftBecause == nil, let end = step.end else { return result }
    guard let report = try read(step, end) else {
      result.leftBecause = "its session files are not as they were"
      return result
    }
    result.usage = Self.keepingCost(of: end.tokenUsage, in: report.usage)
    var configuration = step.agentConfiguration
    configuration.model = configuration.model ?? report.model
    // Each write waits for the disk, and '--all' may name thousands of steps.
    guard
      result.isChanged || report.explanation != end.usageExplanation
        || configuration != step.agentConfiguration
    else { return result }
    do throws(StoreError) {
      try store.replaceUsage(of: step.id, with: result.usage, report.explanation, configuration)
    } catch {
      throw Self.failure(error, commonDirectory)
    }
    return result
  }

  /// Why a step cannot be worked out again.
  private func obstacle(_ step: Step) -> String? {
    guard step.status != .running else { return "it still runs" }
    guard let end = step.end, step.status != .interrupted else {
      return "its end was not recorded"
    }
    let hasFile = end.usageExplanation?.items.contains { $0.source == .usageFile } ?? false
    if hasFile || end.tokenUsage?.source == .usageFile {
      return "LAFORGE_USAGE_FILE told it, which is not kept"
    }
    let wasSeen = end.output.map { $0.route != .direct && $0.printedBytes > 0 } ?? true
    return wasSeen && !archive.holds(step.id) ? "its output was not kept" : nil
  }

  private func read(_ step: Step, _ end: StepCompletion) throws -> UsageReport? {
    let recognition = AgentRecognition(step.start.command)
    var reader = context.makeMeter(
      agent: step.agentConfiguration.agent ?? recognition.program,
      call: context.agentCall(
        recognition.arguments,
        directory: FilePath(step.start.worktreePath).appending(step.start.directory),
        workingTree: FilePath(step.start.worktreePath), start: step.start.startTime,
        model: step.agentConfiguration.model),
      prices: prices, isOver: true)
    var hasGap = false
    try archive.reading(step.id).read { piece in
      switch piece {
      case .bytes(let stream, let bytes):
        bytes.withUnsafeBytes { reader.consume($0, from: stream) }
      case .gap:
        hasGap = true
        // What stands before it and what stands behind it are not one line.
        for stream in [AgentStream.standardOutput, .standardError] {
          [UInt8(ascii: "\n")].withUnsafeBytes { reader.consume($0, from: stream) }
        }
      }
    }
    return reader.finish(
      again: end.usageExplanation?.sessions ?? [],
      wasKilled: end.termination.isKilled(by: end.endedBy), hasGap: hasGap)
  }

  /// What was priced by the list stays as it was while the tokens do: later prices are not those of
  /// then.
  ///
  /// The user's own prices always apply.
  private static func keepingCost(of old: TokenUsage?, in new: TokenUsage?) -> TokenUsage? {
    guard let old, var same = new, old.costSource == .computed, same.costSource == .computed
    else { return new }
    (same.cost, same.priceDate) = (old.cost, old.priceDate)
    for name in same.models.keys { same.models[name]?.cost = old.models[name]?.cost }
    return same == old ? old : new
  }
}
