import LaForgeCore

/// What `run` says before the agent starts about what it cannot protect.
struct LeftOutWarning {
  let step: StepID
  let leftOut: [LeftOut]

  /// How many paths are listed before the rest is only counted.
  private static let listed = 12
  /// How wide the column of the paths gets at most.
  private static let pathColumns = 40

  /// The lines, each ended by a newline.
  func text(columns: Int?) -> String {
    let count = Counted(leftOut.count, "path")
    let them = leftOut.count == 1 ? "it, it is" : "them, they are"
    let shown = leftOut.prefix(Self.listed)
    let paths = shown.map { TerminalText.clean($0.path.text) }
    let width = min(paths.map(TerminalText.width).max() ?? 0, Self.pathColumns)
    var lines = [
      "Warning: \(step) does not protect \(count); if the agent changes \(them) gone:"
    ]
    lines += zip(paths, shown).map { "  \(TerminalText.pad($0, to: width))  \($1.reasonText)" }
    if leftOut.count > Self.listed { lines.append("  and \(leftOut.count - Self.listed) more") }
    if let ignored = leftOut.first(where: { $0.reason == .ignored }) {
      let pattern = ShellWords.quote(ignored.path.text)
      lines.append(
        "Hint: `git config --add laforge.include \(pattern)` protects it from now on.")
    } else if leftOut.contains(where: { $0.reason == .tooLarge }) {
      lines.append("Hint: `git config laforge.maxFileSize 500m` raises the limit.")
    }
    return lines.map {
      TerminalText.wrap($0, columns: columns, indent: $0.hasPrefix(" ") ? "    " : "   ") + "\n"
    }.joined()
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
    case .submoduleMoved: return "submodule at another commit"
    case .refusedName: return "a name that git refuses"
    case .filterFailed: return "its filter failed"
    case .ignored: return "ignored, not in an ignored folder"
    case .lost: return "gone from the repository"
    }
  }
}

extension [LeftOut] {
  /// The paths with their reasons, neighbours of one reason sharing it; of many the first ones.
  func text(atMost limit: Int) -> String {
    var groups: [(paths: [String], reason: String)] = []
    for item in prefix(limit) {
      let reason = item.reason == .ignored ? "ignored" : item.reasonText
      if groups.last?.reason == reason {
        groups[groups.count - 1].paths.append(item.path.text)
      } else {
        groups.append(([item.path.text], reason))
      }
    }
    let text = groups.map { "\($0.paths.joined(separator: ", ")) (\($0.reason))" }
      .joined(separator: ", ")
    return count > limit ? "\(text) and \(count - limit) more" : text
  }
}
