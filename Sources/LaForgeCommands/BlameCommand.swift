import ArgumentParser
import LaForgeCore
import LaForgeGit
import SystemPackage

/// `laforge blame`: which step wrote which line.
struct BlameCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "blame", abstract: "Show which step wrote which line of a file.",
    usage: "laforge blame PATH [-L a,b]... [options]",
    discussion: """
      The file is taken as it lies in the working tree now. Recorded states count, not commits: a line \
      that was there before a step is not the step's, although the step may have committed it. What \
      changed between two steps, or since the latest, is 'you'; what was there before the first is \
      'before S1'. 'S4 or S5' is said where steps overlapped, 'S4 or you' where a state of S4 was not \
      recorded. Rolled-back steps, and steps of other worktrees, wrote nothing here.

      '-L' takes what it takes in `git blame`: 10,20 or 10,+5 or /regex/ or :function.
      """)

  @Argument(help: ArgumentHelp("The file.", valueName: "PATH"))
  var path: String

  @Option(
    name: .customShort("L"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Only these lines; may be repeated.", valueName: "a,b"))
  var ranges: [String] = []

  @OptionGroup var listing: ListingOptions

  func validate() throws {
    for range in ranges where !LineRange.isValid(range) {
      throw ValidationError(
        "'-L' takes lines such as 10,20 or 10,+5 or /regex/ or :function, not '\(range)'")
    }
  }

  func run(in context: CommandContext) async throws -> ExitStatus {
    let session = try await ReadingSession(in: context)
    let location = session.repository.location
    let typed = try TypedPath(
      path, in: RecordingSession.relative(context.directory, to: location.workingTree),
      top: location.workingTree)
    let steps = try steps(session)
    let timeline = StepTimeline(steps)
    guard !timeline.moments.isEmpty else { throw CommandFailure(.noKnownState) }
    let lines: [BlamedLine]
    do {
      lines = try await session.worktree.blame(
        typed.path, through: timeline, ranges: ranges,
        in: FilePath(context.variable("TMPDIR") ?? "/tmp"))
    } catch {
      throw CommandFailure(UserMessage(error, path: path, ranges: ranges))
    }
    let report = BlameReport(lines: lines, timeline: timeline, steps: steps)
    if listing.json {
      try context.output.write(try JSONOutput.document(report.documents))
    } else {
      try await show(report, in: context)
    }
    return .success
  }

  /// The active steps of this worktree, of which there is at least one.
  private func steps(_ session: ReadingSession) throws -> [Step] {
    _ = try session.step(.latest(back: 0))
    return try session.find { () throws(StepLookupError) in
      try session.history?.steps(includesAll: false, limit: nil) ?? []
    }
  }

  private func show(_ report: BlameReport, in context: CommandContext) async throws {
    let text = BlameText(
      report: report, now: context.clock.now(), isUTC: listing.isUTC,
      isForTerminal: context.output.isTerminal)
    let bytes = text.bytes(width: context.output.columns, style: listing.style(in: context))
    guard let pager = await context.openPager() else {
      try context.output.write(bytes)
      return
    }
    defer { pager.close() }
    do {
      try pager.write(bytes)
    } catch is Pager.Closed {
      // Enough was read.
    }
  }
}
