/// The option `-t` of `git commit`, which git tells its hooks nothing of; see `man 1 git-commit`.
enum TemplateOption {
  /// Options of one letter that take no value and may stand before it in one word.
  private static let flags: Set<Character> = ["a", "e", "i", "n", "o", "p", "q", "s", "v", "z"]

  /// Returns the file that the words of a `git commit` name; `nil` where they name none.
  static func file(in words: [String]) -> String? {
    guard let command = words.firstIndex(of: "commit") else { return nil }
    var file: String?
    let arguments = words[words.index(after: command)...].prefix { $0 != "--" }
    for index in arguments.indices {
      guard let value = value(in: arguments[index]) else { continue }
      // The last one counts.
      file = value.isEmpty ? arguments.dropFirst(index + 1 - arguments.startIndex).first : value
    }
    return file
  }

  /// What a word gives as its value; empty where the next word is it, `nil` for any other option.
  private static func value(in word: String) -> String? {
    if word.hasPrefix("--") {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      // As for every long option, a beginning that is no other's will do.
      guard parts[0].count >= 4, "--template".hasPrefix(parts[0]) else { return nil }
      return parts.count > 1 ? String(parts[1]) : ""
    }
    guard word.hasPrefix("-") else { return nil }
    let rest = word.dropFirst().drop { flags.contains($0) }
    return rest.first == "t" ? String(rest.dropFirst()) : nil
  }
}
