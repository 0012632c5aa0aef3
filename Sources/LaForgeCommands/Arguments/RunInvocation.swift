import ArgumentParser
import LaForgeCore

/// The words after `laforge run`, taken apart into its own options and the command.
///
/// ArgumentParser's `.captureForPassthrough` keeps a leading `--` as the first word and takes an
/// unknown option before the command for the command, so the border is found before it parses.
package struct RunInvocation: Equatable, Sendable {
  /// What `run` itself has to understand.
  package private(set) var options: [String] = []
  /// The command and its arguments, untouched.
  package private(set) var command: [[UInt8]] = []

  /// Options of `run` whose value is the next word.
  ///
  /// A test holds this list to the command.
  package static let optionsWithValue: Set<String> = [
    "--agent", "--model", "--label", "-m", "--meta", "--agent-config", "--record", "--capture",
    "--timeout", "--idle-timeout", "--grace", "--max-cost",
  ]

  package init(_ words: [[UInt8]]) {
    var rest = words[...]
    while let word = rest.first {
      let text = String(decoding: word, as: UTF8.self)
      if text == "--" {
        rest.removeFirst()
        break
      }
      guard text.hasPrefix("-"), text != "-" else { break }
      rest.removeFirst()
      options += Self.apart(text)
      // A value may look like anything but the end of the options.
      if Self.optionsWithValue.contains(text), let value = rest.first,
        value != Array("--".utf8)
      {
        rest.removeFirst()
        options.append(String(decoding: value, as: UTF8.self))
      }
    }
    command = Array(rest)
  }

  /// Takes joined short options apart as git does: `-mtext` is `-m text`, `-qv` is `-q -v`.
  ///
  /// The parser would find the `h` of help in any of them.
  private static func apart(_ word: String) -> [String] {
    guard word.hasPrefix("-"), !word.hasPrefix("--"), word.count > 2, !word.contains("=") else {
      return [word]
    }
    if word.hasPrefix("-m") { return ["-m", String(word.dropFirst(2))] }
    let letters = word.dropFirst()
    return letters.allSatisfy { "qv".contains($0) } ? letters.map { "-\($0)" } : [word]
  }

  /// Parses the options and runs the command.
  ///
  /// - Throws: `CommandFailure` with status 125 for everything that is wrong before it starts.
  func run(in context: CommandContext) async throws -> ExitStatus {
    do {
      return try await parseAndRun(in: context)
    } catch let failure as CommandFailure {
      // The file must not keep what an earlier run wrote.
      if let file = recordFile {
        RecordFile.write(ErrorDocument(failure.message), to: file, in: context)
      }
      throw failure
    }
  }

  /// The file of `--record`, found even where the options do not parse.
  private var recordFile: String? {
    if let index = options.lastIndex(of: "--record"), index + 1 < options.count {
      return options[index + 1]
    }
    let joined = "--record="
    return options.last { $0.hasPrefix(joined) }.map { String($0.dropFirst(joined.count)) }
  }

  /// A word of joined short options that `run` does not know.
  ///
  /// The parser must not see it: it would take a letter of it for an option.
  private var unknownWord: String? {
    var isValue = false
    for option in options {
      let isJoined =
        option.hasPrefix("-") && !option.hasPrefix("--") && option.count > 2
        && !option.contains("=")
      if isJoined, !isValue { return option }
      isValue = !isValue && Self.optionsWithValue.contains(option)
    }
    return nil
  }

  private func parseAndRun(in context: CommandContext) async throws -> ExitStatus {
    if let unknownWord { throw usageFailure("Unknown option '\(unknownWord)'.") }
    var parsed = RunOptions()
    // Most runs have no options, and then the parser's start-up is not paid for.
    if !options.isEmpty {
      do {
        parsed = try RunCommand.parse(options).options
      } catch {
        return try answer(error, in: context)
      }
    }
    guard !command.isEmpty, !command[0].isEmpty else {
      throw CommandFailure(
        UserMessage(
          code: "no_command", summary: "There is no command to run.",
          hint: "`laforge run -- claude -p \"fix the parser\"`"),
        status: .runFailure)
    }
    return try await RunExecution(options: parsed).run(
      AgentCommand(words: command), in: context)
  }

  private func answer(_ error: any Error, in context: CommandContext) throws -> ExitStatus {
    if RunCommand.exitCode(for: error).isSuccess {
      try context.output.write(RunCommand.fullMessage(for: error) + "\n")
      return .success
    }
    throw usageFailure(Sentence.make(RunCommand.message(for: error)))
  }

  private func usageFailure(_ summary: String) -> CommandFailure {
    let first = command.first.map { String(decoding: $0, as: UTF8.self) }
    return CommandFailure(
      UserMessage(
        code: "usage", summary: summary,
        consequence: first.map { "'\($0)' was not started." },
        hint: "`laforge help run` lists the options; what follows `--` belongs to the command."),
      status: .runFailure)
  }
}
