import ArgumentParser
import LaForgeCore

/// The subcommands by name, and what to say of a word that is none.
enum Subcommand {
  /// The names that help shows.
  static let names: [String] =
    LaForgeCommand.configuration.subcommands.compactMap { $0.configuration.commandName }
    + ["help"]

  /// Other names of theirs, which help does not show.
  private static let hiddenAliases = [
    "steps": "log", "list": "log", "info": "show", "rewind": "rollback",
  ]

  /// Returns the name that the first word stands for.
  ///
  /// - Throws: `CommandFailure` where it is no subcommand: with the nearest one, or with how to run
  ///   a program of that name.
  static func resolve(_ words: [String], path: String?) throws -> String {
    guard let word = words.first else { return "" }
    if names.contains(word) { return word }
    if let name = hiddenAliases[word] { return name }
    throw CommandFailure(
      UserMessage(
        code: "no_such_command", summary: "There is no command '\(word)'.",
        hint: hint(for: words, path: path)),
      status: .usage)
  }

  /// Returns the name of the command that help is wanted on.
  static func resolve(helpOn word: String) throws -> String {
    do {
      return try resolve([word], path: nil)
    } catch var failure as CommandFailure {
      if failure.message.hint?.hasPrefix("did you mean") != true {
        failure.message.hint = "`laforge help` lists the commands."
      }
      throw failure
    }
  }

  /// The hint for options that stand before their subcommand; `nil` where none does.
  static func misplaced(in words: [String]) -> String? {
    guard let first = words.first, first.hasPrefix("-"), first != "--",
      let index = words.firstIndex(where: { names.contains($0) })
    else { return nil }
    if first.hasPrefix("-C") {
      let folder = ShellWords.quote(String(first.dropFirst(2)))
      return "`laforge -C \(folder) \(ShellWords.join(Array(words.dropFirst())))`"
    }
    let rest = words[..<index] + words[(index + 1)...]
    return "`laforge \(words[index]) \(ShellWords.join(Array(rest)))`"
  }

  private static func hint(for words: [String], path: String?) -> String {
    let word = words[0]
    if word.isEmpty { return "`laforge help` lists the commands." }
    let recording = "`laforge run -- \(ShellWords.join(words))`"
    if ProgramSearch(path: path).find(word) != nil { return recording }
    if word == "version" { return "`laforge --version`" }
    let nearest = names.filter { $0 != HookCommand._commandName }.map {
      ($0, distance($0, word.lowercased()))
    }.min { $0.1 < $1.1 }
    // `claude` is near `blame`, and yet no misspelling.
    let isAgent = KnownAgent.all.contains { $0.name == word || $0.aliases.contains(word) }
    if let (name, distance) = nearest, !isAgent, distance <= max(1, word.count / 2) {
      return "did you mean `laforge \(name)`?"
    }
    return "\(recording), or `laforge help` for the commands."
  }

  /// How many letters must be added, left out, replaced or swapped with their neighbour: the
  /// "optimal string alignment" distance.
  private static func distance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left), Array(right))
    var rows = [Array(0...right.count)]
    for (index, character) in left.enumerated() {
      var row = [index + 1]
      for (column, other) in right.enumerated() {
        var best = min(rows[index][column + 1], row[column]) + 1
        best = min(best, rows[index][column] + (character == other ? 0 : 1))
        if index > 0, column > 0, character == right[column - 1], left[index - 1] == other {
          best = min(best, rows[index - 1][column - 1] + 1)
        }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[left.count][right.count]
  }
}
