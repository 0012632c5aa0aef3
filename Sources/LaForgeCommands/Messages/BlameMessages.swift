import LaForgeCore

extension UserMessage {
  /// Says why the lines of a file cannot be shown.
  ///
  /// - Parameters:
  ///   - error: Why.
  ///   - path: The file as it was typed.
  ///   - ranges: The values of `-L`.
  init(_ error: BlameError, path: String, ranges: [String]) {
    switch error {
    case .noSuchFile:
      self.init(code: "no_such_file", summary: "There is no file '\(path)'.")
    case .folder:
      self.init(
        code: "not_a_file", summary: "'\(path)' is a folder.",
        hint: "`laforge blame` shows one file.")
    case .notAFile:
      self.init(
        code: "not_a_file", summary: "'\(path)' is no file: it has no lines.")
    case .ignored:
      self.init(
        code: "ignored", summary: "'\(path)' is ignored by git: no recorded state holds it.",
        hint: "`git config --add laforge.include \(ShellWords.quote(path))` covers it from now on.")
    case .badRange(let reason):
      let lines = Readable.list(ranges.map { "'\($0)'" })
      self.init(
        code: "no_such_lines", summary: "The lines \(lines) of '\(path)' cannot be shown.",
        causes: [reason])
    case .git(let error):
      self.init(
        code: "blame_failed", summary: "The lines of '\(path)' cannot be told apart.",
        causes: [error.description])
    }
  }

  /// No step of this worktree has a state that lines could be compared with.
  static let noKnownState = UserMessage(
    code: "unknown_state", summary: "No state of a step of this worktree was recorded.",
    hint: "`laforge log` lists the steps.")
}
