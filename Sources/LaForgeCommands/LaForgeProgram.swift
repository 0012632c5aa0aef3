import ArgumentParser
import CLaForgeSupport
import Glibc
import LaForgeCore
import LaForgeGit
import LaForgeStore

/// The program: from the words that were typed to an exit status.
public enum LaForgeProgram {
  /// Runs this process's command line and ends the process.
  public static func main() -> Never {
    MainThreadExecutor.run { await runProcess() }
  }

  private static func runProcess() async -> Never {
    let context = CommandContext.makeLive()
    // `CommandLine` replaces bytes that are not UTF-8, and is empty if `/proc` is not mounted.
    let typed = (1..<max(1, laforge_argument_count())).compactMap { index in
      laforge_argument(index).map {
        Array(UnsafeRawBufferPointer(start: $0, count: strlen($0)))
      }
    }
    exit(await run(typed, in: context).rawValue)
  }

  /// Runs a command line and reports its failure, if it fails.
  package static func run(_ typed: [[UInt8]], in context: CommandContext) async -> ExitStatus {
    let texts = typed.map { String(decoding: $0, as: UTF8.self) }
    let isRun = GlobalOptions.subcommand(of: texts) == "run"
    var form: JSONForm?
    // What follows `--` are paths.
    let options = texts.prefix { $0 != "--" }
    if !isRun, options.contains("--json") { form = .document }
    if !isRun, options.contains("--jsonl") { form = .lines }
    do {
      return try await dispatch(typed, in: context)
    } catch {
      return report(failure(error), asJSON: form, in: context)
    }
  }

  /// How a command was asked for JSON.
  private enum JSONForm {
    case document
    case lines
  }

  private static func dispatch(
    _ typed: [[UInt8]], in context: CommandContext
  ) async throws -> ExitStatus {
    let words = try GlobalOptions.apply(typed)
    var texts = words.map { String(decoding: $0, as: UTF8.self) }
    // With a default subcommand the parser would show the help of that.
    if texts.first == "--help" || texts.first == "-h" { texts[0] = "help" }
    if texts == ["help", "limits"] {
      try context.output.write(HelpTopics.limits(columns: context.output.columns ?? 80))
      return .success
    }
    if texts.first == "help", texts.count > 1 {
      texts = ["help", try Subcommand.resolve(helpOn: texts[1])]
    }
    if let first = texts.first, !first.hasPrefix("-") {
      if first == "run" {
        return try await RunInvocation(Array(words.dropFirst())).run(in: context)
      }
      texts[0] = try Subcommand.resolve(texts, path: context.variable("PATH"))
    }
    // As in `git log`, the number may be joined to its option.
    texts = texts.flatMap { word in
      let number = word.dropFirst(2)
      let isLimit = word.hasPrefix("-n") && !number.isEmpty && number.allSatisfy(\.isNumber)
      return isLimit ? ["-n", String(number)] : [word]
    }
    if texts.first == "blame" { texts = BlameCommand.takingRangesApart(texts) }
    if let first = texts.first, !first.hasPrefix("-") { try OptionWords.check(texts) }
    if texts.first == "--version" { return try await printVersion(in: context) }
    do {
      let command = try LaForgeCommand.parseAsRoot(texts)
      if let command = command as? any ContextCommand {
        return try await command.run(in: context)
      }
      // The parser's own commands, `help` among them, work by throwing.
      var own = command
      try own.run()
      return .success
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      return try answer(error, to: texts, in: context)
    }
  }

  /// What the parser throws is a help text or a complaint.
  private static func answer(
    _ error: any Error, to texts: [String], in context: CommandContext
  ) throws -> ExitStatus {
    switch LaForgeCommand.exitCode(for: error) {
    case .success:
      try context.output.write(LaForgeCommand.fullMessage(for: error) + "\n")
      return .success
    case .validationFailure:
      let known = texts.first.flatMap { Subcommand.names.contains($0) ? $0 : nil }
      throw CommandFailure(
        UserMessage(
          code: "usage", summary: Sentence.make(LaForgeCommand.message(for: error)),
          hint: Subcommand.misplaced(in: texts)
            ?? "`laforge help\(known.map { " \($0)" } ?? "")` shows what there is."),
        status: .usage)
    default: throw error
    }
  }

  private static func printVersion(in context: CommandContext) async throws -> ExitStatus {
    let git = try await context.git.version()
    try context.output.write(
      """
      laforge \(Version.current)
      git \(git ?? "not found")
      libgit2 \(LibGit2Reader.libraryVersion)
      SQLite \(try SQLiteStepStore.libraryVersion())

      """)
    return .success
  }

  // MARK: - Failures

  private static func failure(_ error: any Error) -> CommandFailure {
    if let failure = error as? CommandFailure { return failure }
    return CommandFailure(
      UserMessage(
        code: "failed", summary: "The command could not be carried out.", causes: ["\(error)"]))
  }

  private static func report(
    _ failure: CommandFailure, asJSON: JSONForm?, in context: CommandContext
  ) -> ExitStatus {
    do {
      if let asJSON {
        let document = ErrorDocument(failure.message)
        try context.output.write(
          asJSON == .lines
            ? try JSONOutput.compact(document) + "\n" : try JSONOutput.document(document))
      } else {
        context.error.say(failure.message)
      }
    } catch {
      // The one place where the failure could be told is gone; the status still tells it.
    }
    return failure.status
  }
}

/// Texts of others as sentences.
enum Sentence {
  /// Ends a text with a full stop unless it ends with a mark of its own.
  static func make(_ raw: String) -> String {
    let text = raw.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    guard let last = text.last, !".?!:".contains(last) else { return text }
    return text + "."
  }
}
