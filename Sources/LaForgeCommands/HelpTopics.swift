/// Help texts that belong to no command.
enum HelpTopics {
  /// What a state does not cover: `laforge help limits`.
  static func limits(columns: Int) -> String {
    func wrap(_ text: String) -> String { TerminalText.wrap(text, columns: columns, indent: "") }
    var lines = ["What LaForge does not cover", "", wrap(covered)]
    lines += FactRows.lines(limits, indent: 24, width: columns)
    lines += [wrap(untouched), ""] + remarks.map(wrap)
    return lines.map { $0 + "\n" }.joined()
  }

  private static let covered = """
    A recorded state holds HEAD, the index, and every file that git tracks or would track. It does \
    not hold:
    """

  private static let limits: [(name: String, text: String)] = [
    ("ignored files", "unless `git config --add laforge.include PATTERN` names them"),
    (
      "large files",
      """
      one untracked file, or one under a filter, above laforge.maxFileSize (50m); all untracked \
      files together above laforge.maxUntracked (1g) or 100,000 files
      """
    ),
    ("submodules", "what is inside of them; the commit they stand at is held"),
    ("nested repositories", "anything in a folder with a .git of its own"),
    ("no files", "empty folders, FIFOs, sockets, devices, names that git refuses"),
    ("`.git` itself", "configuration, hooks, reflogs, refs/bisect"),
    ("times, owners, ACLs", "and permissions but for the executable bit (git's own limit)"),
    ("the world outside", "what has left the machine"),
  ]

  private static let untouched = """
    What is not covered is never touched by undo, rollback, redo or restore; one that would have \
    to overwrite it refuses. `laforge run` warns before the command starts when the list has \
    grown, `laforge status` shows it, JSON has it as `left_out`.
    """

  private static let remarks = [
    """
    A file that git calls unmodified comes back as git checks it out; files under a line-end \
    conversion or filter come back byte for byte where git called them modified.
    """,
    "A program that keeps a file open writes on into what is no longer there.",
    """
    A signal that the command sends to its own process group (`kill -USR1 0`) does not reach the \
    caller's pipeline. After a SIGKILL of LaForge the command goes on; its next output into a pipe or \
    file ends it.
    """,
    "`git push --mirror` takes refs/laforge/keep along, and with it uncommitted work.",
  ]
}
