import LaForgeCore

/// What `run` says before the agent starts about what it cannot protect.
struct LeftOutWarning {
  let step: StepID
  let leftOut: [LeftOut]

  /// How many paths are listed before the rest is only counted.
  private static let listed = 12

  /// Says it on standard error.
  func say(in context: CommandContext) {
    let count = Counted(leftOut.count, "path")
    let them = leftOut.count == 1 ? "it, it is" : "them, they are"
    var lines = [
      "Warning: \(step) does not protect \(count); if the agent changes \(them) gone:"
    ]
    let shown = leftOut.prefix(Self.listed)
    let width = shown.map { TerminalText.width(TerminalText.clean($0.path.text)) }.max() ?? 0
    for item in shown {
      let path = TerminalText.pad(TerminalText.clean(item.path.text), to: min(width, 40))
      lines.append("  \(path)  \(item.reasonText)")
    }
    if leftOut.count > Self.listed { lines.append("  and \(leftOut.count - Self.listed) more") }
    if let ignored = leftOut.first(where: { $0.reason == .ignored }) {
      let pattern = ShellWords.quote(ignored.path.text)
      lines.append(
        "Hint: `git config --add laforge.include \(pattern)` protects it from now on.")
    } else if leftOut.contains(where: { $0.reason == .tooLarge }) {
      lines.append("Hint: `git config laforge.maxFileSize 500m` raises the limit.")
    }
    context.error.say(lines.map { $0 + "\n" }.joined())
  }
}

extension LeftOut {
  /// Why it is not covered, in the words of `laforge help limits`.
  var reasonText: String {
    let size = bytes.map { Readable.size($0) }
    switch reason {
    case .tooLarge: return "\(size.map { "\($0), " } ?? "")over laforge.maxFileSize"
    case .tooMuchUntracked: return "\(size.map { "\($0), " } ?? "")over laforge.maxUntracked"
    case .unreadable: return "cannot be read"
    case .notAFile: return "neither a file nor a link"
    case .nestedRepository: return "a repository of its own"
    case .submodule: return "submodule with uncommitted changes"
    case .refusedName: return "a name that git refuses"
    case .filterFailed: return "its filter failed"
    case .ignored: return "ignored, not in an ignored folder"
    }
  }
}
