/// The values of `-L`; see "SPECIFYING RANGES" in `man 1 git-blame`.
enum LineRange {
  /// Whether a word has one of the forms that git knows.
  ///
  /// Git would answer any other with its own usage. Whether there are such lines is for git to say.
  static func isValid(_ word: String) -> Bool {
    if word.hasPrefix(":") { return word.count > 1 }
    var rest = word[...]
    guard !rest.isEmpty, skipPlace(&rest, isEnd: false) else { return false }
    if rest.isEmpty { return true }
    guard rest.popFirst() == "," else { return false }
    return skipPlace(&rest, isEnd: true) && rest.isEmpty
  }

  /// A number, a pattern between slashes, or nothing; at the end of a range also a distance.
  private static func skipPlace(_ rest: inout Substring, isEnd: Bool) -> Bool {
    let isFromTop = !isEnd && rest.first == "^"
    let isDistance = isEnd && (rest.first == "+" || rest.first == "-")
    if isFromTop || isDistance { rest.removeFirst() }
    if !isDistance, rest.first == "/" { return skipPattern(&rest) }
    if isFromTop { return false }
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    rest = rest.dropFirst(digits.count)
    return !digits.isEmpty || !isDistance
  }

  private static func skipPattern(_ rest: inout Substring) -> Bool {
    rest.removeFirst()
    while let character = rest.popFirst(), character != "/" {
      if character == "\\", rest.popFirst() == nil { return false }
      if rest.isEmpty { return false }
    }
    return true
  }
}

extension BlameCommand {
  /// Parts ranges from their option, to which they may be joined as in git: `-L5,8`.
  static func takingRangesApart(_ words: [String]) -> [String] {
    let options = words.prefix { $0 != "--" }
    return options.flatMap { word in
      word.hasPrefix("-L") && word.count > 2 ? ["-L", String(word.dropFirst(2))] : [word]
    } + words[options.endIndex...]
  }
}
