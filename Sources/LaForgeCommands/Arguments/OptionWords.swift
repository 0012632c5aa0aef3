/// Words that look like options, before the parser sees them.
///
/// The parser looks for the letters of short options in any word of one dash: it would answer
/// `-dash` with the help of `-h`.
enum OptionWords {
  /// - Throws: `CommandFailure` for joined short options, of which no command but `run` has any.
  static func check(_ words: [String]) throws {
    let options = words.prefix { $0 != "--" }
    for (index, word) in options.enumerated().dropFirst() {
      guard word.hasPrefix("-"), !word.hasPrefix("--"),
        word.count > 2 || word.last?.isNumber == true,
        options[index - 1] != "-n"
      else { continue }
      throw CommandFailure(
        UserMessage(
          code: "usage", summary: "Unknown option '\(word)'.", hint: hint(for: word, of: words[0])),
        status: .usage)
    }
  }

  private static func hint(for word: String, of command: String) -> String {
    let number = word.dropFirst()
    switch command {
    case "restore":
      return "Behind `--` it is a path: `laforge restore STEP -- \(ShellWords.quote(word))`"
    case "log" where number.allSatisfy(\.isNumber), "ops" where number.allSatisfy(\.isNumber):
      return "`laforge \(command) -n \(number)`"
    case _ where number.allSatisfy(\.isNumber) && Subcommand.names.contains(command):
      return "`laforge \(command) @-\(number)` counts back from the latest step."
    default: return "`laforge help \(command)` shows what there is."
    }
  }
}
