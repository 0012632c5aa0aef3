import ArgumentParser
import LaForgeAgent
import LaForgeCore
import LaForgeStore
import SystemPackage

/// `laforge output`: what the command of a step printed.
struct OutputCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "output", abstract: "Show what the command of a step printed.",
    usage: "laforge output [STEP] [options]",
    discussion: """
      Both streams come in the order in which they were printed. Credentials are masked. Of a large \
      output the beginning and the end are kept: see laforge.maxOutput and laforge.keepOutput in the \
      README.
      """)

  @Argument(
    help: ArgumentHelp(
      "The step: 7, S7, @ for the latest of this worktree, @-3.", valueName: "STEP"))
  var step = "@"

  @Flag(help: "Leave terminal sequences out: colours, titles, what was drawn over.")
  var plain = false

  @Flag(name: .customLong("stdout"), help: "Only what was printed on standard output.")
  var isOutputOnly = false

  @Flag(name: .customLong("stderr"), help: "Only what was printed on standard error.")
  var isErrorOnly = false

  @Flag(help: "Go on while the step runs.")
  var follow = false

  func validate() throws {
    if isOutputOnly, isErrorOnly {
      throw ValidationError("'--stdout' and '--stderr' exclude each other")
    }
  }

  func run(in context: CommandContext) async throws -> ExitStatus {
    let reference = try OperationOptions.reference(step)
    let session = try await ReadingSession(in: context)
    let found = try session.step(reference)
    let folder = StoreFolder(commonDirectory: session.repository.location.commonDirectory)
    let archive = OutputArchive(in: folder.outputs)
    if found.status != .running, !archive.holds(found.id) {
      guard let reason = absence(found) else { return .success }
      throw CommandFailure(reason)
    }
    let isFollowing = follow && found.status == .running
    let pager = isFollowing ? nil : await context.openPager()
    let printer = OutputPrinter(
      stream: isOutputOnly ? .standardOutput : isErrorOnly ? .standardError : nil,
      isPlain: plain, isForTerminal: context.output.isTerminal
    ) { bytes in
      if let pager { try pager.write(bytes) } else { try context.output.write(bytes) }
    }
    do {
      try show(archive.reading(found.id), isFollowing ? session : nil, found.id, printer, context)
    } catch is Pager.Closed {
      // Enough was read.
    }
    pager?.close()
    if printer.hasGap {
      context.error.say(
        UserMessage(
          code: "output_gap",
          summary: "The middle of the output of \(found.id) was not kept (laforge.maxOutput)."),
        as: "Note")
    }
    return .success
  }

  private func show(
    _ reading: OutputReading, _ followed: ReadingSession?, _ id: StepID, _ printer: OutputPrinter,
    _ context: CommandContext
  ) throws {
    while true {
      // Asked before the last look, or what comes between the two would be missed.
      let isOver = try followed.map { try $0.step(.id(id)).status != .running } ?? true
      try reading.read(printer.take)
      try printer.pass()
      if isOver { break }
      context.pause(milliseconds: 200)
    }
    try printer.finish()
  }

  /// Why nothing is there; `nil` where nothing was printed.
  private func absence(_ step: Step) -> UserMessage? {
    let isThere = "The output of \(step.id)"
    guard let output = step.end?.output else {
      return UserMessage(code: "no_output", summary: "\(isThere) was not kept.")
    }
    if output.route == .direct {
      return UserMessage(
        code: "no_output",
        summary: "\(isThere) was not seen: its command had the terminal itself.",
        hint: "`laforge run --capture pty` sends the output of the next one through LaForge.")
    }
    if output.printedBytes == 0 { return nil }
    if output.keptBytes > 0 {
      return UserMessage(
        code: "no_output", summary: "\(isThere) was removed to make room for later ones.",
        hint: "`git config laforge.maxOutputs 2g` makes more room.")
    }
    return UserMessage(
      code: "no_output", summary: "\(isThere) was not kept.",
      hint: "`git config --get-regexp 'laforge.(keepoutput|maxoutput)'` shows the settings.")
  }
}
