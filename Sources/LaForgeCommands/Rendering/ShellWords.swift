/// Words as one would type them to a shell.
enum ShellWords {
  /// Quotes a word where a POSIX shell would otherwise take it apart or change it.
  static func quote(_ word: String) -> String {
    let isPlain =
      !word.isEmpty
      && word.unicodeScalars.allSatisfy { scalar in
        scalar.value > 127 || scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
          || "_-+=./:,@%^".unicodeScalars.contains(scalar)
      }
    if isPlain { return word }
    return "'"
      + word.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "'\\''") + "'"
  }

  static func join(_ words: [String]) -> String {
    words.map(quote).joined(separator: " ")
  }
}
