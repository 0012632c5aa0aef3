import Glibc
import LaForgeCore
import SystemPackage

/// What `run` says when the run is over: all of it on standard error.
struct RunReport {
  let run: RecordedRun
  /// The command that was run; `nil` where none was.
  let command: AgentCommand?
  let storeID: String
  let limits: RunLimits

  /// Says what must be known before the command runs.
  static func say(_ notice: RunNotice, in context: CommandContext) {
    switch notice {
    case .leftOut(let step, let leftOut):
      let warning = LeftOutWarning(step: step, leftOut: leftOut)
      context.error.say(warning.text(columns: context.error.columns))
    case .overlaps(let step, let others):
      let names = Readable.list(others.map(\.description))
      let verb = others.count == 1 ? "runs" : "run"
      context.error.say(
        UserMessage(
          code: "overlaps",
          summary: "\(names) \(verb) in this worktree too; \(step) and \(names) are recorded as"
            + " overlapping.",
          hint: "`git worktree add` gives an agent a folder of its own."), as: "Warning")
    }
  }

  /// Says what the recording could not do.
  static func say(_ warnings: [RecordWarning], of step: StepID, in context: CommandContext) {
    for warning in warnings {
      let kind = if case .finished = warning { "Note" } else { "Warning" }
      context.error.say(UserMessage(warning, step: step), as: kind)
    }
  }

  /// Prints it, and writes the step's JSON into the file of `--record`.
  ///
  /// - Parameters:
  ///   - closing: Whether to print the closing line.
  ///   - recordFile: Where to write the step's JSON; `nil` for nowhere.
  ///   - context: Where to print.
  func say(closing: Bool, recordFile: String?, in context: CommandContext) {
    let document = StepDocument(step: run.step, storeID: storeID)
    if let recordFile { RecordFile.write(document, to: recordFile, in: context) }
    if let failure = run.launchFailure, let command {
      context.error.say(UserMessage(failure, command: command, step: run.step.id))
    }
    for warning in run.warnings {
      Self.say([warning], of: run.step.id, in: context)
      if case .notKept = warning { sayRecord(document, in: context) }
    }
    defer { sayLost(in: context) }
    if closing, run.launchFailure == nil {
      let style = context.style(for: context.error)
      let line = ClosingLine(step: run.step, limits: limits)
      // The terminal has left its cursor behind the `^C` that it echoed.
      if run.step.endedBy == .user, context.error.isTerminal { context.error.say("\n") }
      context.error.say(line.text(columns: context.error.columns, style: style))
    }
  }

  /// Says what uncommitted work is gone, whether or not anything else is to be said.
  private func sayLost(in context: CommandContext) {
    guard let lost = run.step.end?.lost, !lost.isEmpty else { return }
    let step = run.step.id
    func list(_ kind: LostWork.Kind) -> [String] {
      lost.filter { $0.kind == kind }.map { TerminalText.clean($0.path.text) }
    }
    let (deleted, reverted) = (list(.deleted), list(.reverted))
    var parts: [String] = []
    if !deleted.isEmpty {
      parts.append("\(Readable.list(deleted)) \(deleted.count == 1 ? "is" : "are") deleted")
    }
    if !reverted.isEmpty { parts.append("your changes in \(Readable.list(reverted)) are gone") }
    let count = lost.count == 1 ? "this file" : "these \(lost.count) files"
    let text =
      "Warning: uncommitted work you had before \(step) is no longer there: "
      + "\(parts.joined(separator: ", "))."
    let hint =
      "Hint: `laforge restore \(step.rawValue) --lost` brings back \(count) and nothing else."
    for line in [text, hint] {
      context.error.say(TerminalText.wrap(line, columns: context.error.columns) + "\n")
    }
  }

  /// The last resort: the record as one line that can be kept by hand.
  private func sayRecord(_ document: StepDocument, in context: CommandContext) {
    do {
      context.error.say(try JSONOutput.compact(document) + "\n")
    } catch {
      context.error.say("Caused by: \(error)\n")
    }
  }
}

/// The file of `--record`.
enum RecordFile {
  /// Which of descriptors 1 and 2 are the file, as with `/dev/stdout`.
  static func descriptors(of path: String) -> Set<Int32> {
    var file = stat()
    guard stat(path, &file) == 0 else { return [] }
    return Set(
      [Int32(1), 2].filter { descriptor in
        var other = stat()
        return fstat(descriptor, &other) == 0 && other.st_dev == file.st_dev
          && other.st_ino == file.st_ino
      })
  }

  /// Writes a document so that a reader finds it whole or not at all; a failure is a warning.
  static func write(_ document: some Encodable, to path: String, in context: CommandContext) {
    do {
      let text = try JSONOutput.document(document)
      try WholeFile.write(Array(text.utf8), to: path)
    } catch {
      context.error.say(
        UserMessage(
          code: "record_file", summary: "The record could not be written to '\(path)'.",
          causes: ["\(error)"]),
        as: "Warning")
    }
  }
}
