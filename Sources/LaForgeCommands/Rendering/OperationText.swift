import LaForgeCore

/// What an operation did, or would do, for people.
struct OperationText {
  let kind: OperationKind
  let plan: StatePlan
  let steps: [Step]
  let abbreviate: (ObjectID) -> String
  /// How many paths a line names before it only counts them.
  private static let named = 12

  // MARK: - Done

  /// The text after the operation, ended by a newline.
  func done(_ report: OperationReport, width: Int?) -> String {
    var lines = [TerminalText.wrap(headline(report.operation), columns: width)]
    var facts: [(name: String, text: String)] = []
    let (written, deleted) = (plan.written.count, plan.deleted.count)
    var files: [String] = []
    if written > 0 { files.append("\(written) written") }
    if deleted > 0 { files.append("\(deleted) deleted") }
    if !files.isEmpty { facts.append(("files", files.joined(separator: ", "))) }
    facts += headFacts(isDone: true)
    if !plan.kept.isEmpty {
      let verb = plan.kept.count == 1 ? "is" : "are"
      facts.append(("yours", "\(list(plan.kept)) \(verb) as you left it"))
    }
    facts += referenceFacts
    lines += FactRows.lines(facts, indent: 11, width: width)
    lines += ([closing(report), lockFileAdvice].compactMap { $0 }).map {
      TerminalText.wrap($0, columns: width)
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private func headline(_ operation: Operation) -> String {
    let what = stepsText
    switch kind {
    case .undo:
      return operation.reverses == nil ? "Undid \(what)." : "Took back the redo of \(what)."
    case .rollback:
      let target =
        operation.title.hasPrefix("to ")
        ? String(operation.title.dropFirst(3)) : operation.title
      return "Rolled back to exactly \(target.hasPrefix("before") ? target : "after \(target)")."
    case .redo: return "Redid \(what)."
    case .restore: return "Restored \(Counted(plan.files.count, "file")) of \(operation.title)."
    }
  }

  /// `S7 (claude: fix the parser)`, or several.
  private var stepsText: String {
    if steps.count == 1, let step = steps.first {
      return "\(step.id) (\(step.agentText): \(TerminalText.truncate(step.purposeText, to: 44)))"
    }
    let names = steps.map(\.id.description)
    guard let last = names.last else { return "nothing" }
    return names.count > 6
      ? "\(names[0]) to \(last), \(names.count) steps"
      : "\(names.dropLast().joined(separator: ", ")) and \(last)"
  }

  private func closing(_ report: OperationReport) -> String {
    let back: String
    switch kind {
    case .undo where report.operation.reverses != nil: back = "`laforge redo` brings it back."
    case .undo, .rollback: back = "`laforge redo` reverses it."
    case .redo: back = "`laforge undo` takes it back again."
    case .restore: back = "`laforge restore \(report.operation.id)` takes them back."
    }
    if !report.differing.isEmpty { return back }
    let count = plan.files.count
    switch count {
    case 0: return "No file had to change. \(back)"
    case 1: return "Checked: the file is as recorded. \(back)"
    default: return "Checked: all \(count) files are as recorded. \(back)"
    }
  }

  /// Package managers that keep what a lock file says in an ignored folder.
  private var lockFileAdvice: String? {
    let commands = [
      "package-lock.json": "npm ci", "yarn.lock": "yarn install", "pnpm-lock.yaml": "pnpm install",
      "Gemfile.lock": "bundle install", "poetry.lock": "poetry install", "uv.lock": "uv sync",
      "composer.lock": "composer install", "Pipfile.lock": "pipenv sync",
    ]
    for path in plan.written {
      let name = String(decoding: path.name, as: UTF8.self)
      if let command = commands[name] { return "\(path) changed: run `\(command)`" }
    }
    return nil
  }

  // MARK: - Planned

  /// The text of `--dry-run`.
  func planned(title: String, width: Int?) -> String {
    var lines = [
      TerminalText.wrap(
        "\(verb) \(title) would change this; nothing was changed:", columns: width)
    ]
    var facts: [(name: String, text: String)] = []
    if !plan.written.isEmpty { facts.append(("write", list(plan.written, all: true))) }
    if !plan.deleted.isEmpty { facts.append(("delete", list(plan.deleted, all: true))) }
    if !plan.kept.isEmpty { facts.append(("keep", list(plan.kept, all: true) + " (yours)")) }
    let staged = plan.index.map(\.path)
    if !staged.isEmpty { facts.append(("index", list(staged))) }
    if !plan.progress.isEmpty {
      facts.append(("state", list(plan.progress.map(\.path)) + " in the git directory"))
    }
    facts += headFacts(isDone: false)
    facts += referenceFacts
    if !plan.deactivates.isEmpty { facts.append(("steps", "\(ids(plan.deactivates)) rolled back")) }
    if !plan.activates.isEmpty { facts.append(("steps", "\(ids(plan.activates)) active again")) }
    if !plan.uncovered.isEmpty {
      let items = plan.uncovered.map { "\($0.path) (\($0.reasonText))" }
      let more = items.count > Self.named ? " and \(items.count - Self.named) more" : ""
      facts.append(
        ("outside", items.prefix(Self.named).joined(separator: ", ") + more + ": not touched"))
    }
    if facts.isEmpty { facts.append(("nothing", "everything is as wanted already")) }
    lines += FactRows.lines(facts, indent: 11, width: width)
    if !plan.changesNothing { lines.append("Saved first: everything as it is now.") }
    return lines.map { $0 + "\n" }.joined()
  }

  private var verb: String {
    switch kind {
    case .undo: "Undoing"
    case .rollback: "Rolling back"
    case .redo: "Redoing"
    case .restore: "Restoring"
    }
  }

  // MARK: - Facts

  private func headFacts(isDone: Bool) -> [(name: String, text: String)] {
    guard let old = plan.head.old, let new = plan.head.new, old != new else { return [] }
    let (from, to) = (commit(old), commit(new))
    var facts: [(name: String, text: String)] = []
    if old.branch == new.branch {
      let count = plan.leavingCommits.count
      var text = "\(from) -> \(to)"
      if count == 1 {
        text += "; its commit \(abbreviate(plan.leavingCommits[0])) stays recorded"
      } else if count > 1 {
        text += "; \(count) commits leave it and stay recorded"
      }
      facts.append((old.shortBranch ?? "HEAD", text))
    } else {
      let place = new.shortBranch.map { "switches to \($0) \(to)" } ?? "detached at \(to)"
      facts.append(("HEAD", "\(place), from \(old.shortBranch ?? "detached") \(from)"))
    }
    for (name, commit) in plan.pushed.sorted(by: { $0.key < $1.key }) {
      let remote = name.hasPrefix("refs/remotes/") ? String(name.dropFirst(13)) : name
      facts.append(
        (
          "pushed",
          "\(abbreviate(commit)) is on \(remote); it stays there, `git pull` would fetch it"
        ))
    }
    return facts
  }

  private var referenceFacts: [(name: String, text: String)] {
    var facts: [(name: String, text: String)] = []
    for move in plan.references where move.name != plan.head.new?.branch {
      let to = move.new.map(abbreviate) ?? "removed"
      facts.append(("ref", "\(short(move.name)) -> \(to)"))
    }
    if !plan.stashes.isEmpty {
      let entries = plan.stashes.count == 1 ? "1 entry" : "\(plan.stashes.count) entries"
      facts.append(("stash", "\(entries) that had been dropped stored again"))
    }
    if !plan.keptReferences.isEmpty {
      facts.append(("stays", plan.keptReferences.map(short).joined(separator: ", ")))
    }
    return facts
  }

  private func short(_ name: String) -> String {
    for (prefix, word) in [("refs/heads/", "branch "), ("refs/tags/", "tag ")]
    where name.hasPrefix(prefix) {
      return word + name.dropFirst(prefix.count)
    }
    return name
  }

  private func commit(_ head: Head) -> String {
    head.commit.map(abbreviate) ?? "no commit"
  }

  private func ids(_ steps: [StepID]) -> String {
    steps.map(\.description).joined(separator: ", ")
  }

  private func list(_ paths: [GitPath], all: Bool = false) -> String {
    let limit = all ? paths.count : Self.named
    let shown = paths.prefix(limit).map { TerminalText.clean($0.text) }.joined(separator: "  ")
    return paths.count > limit ? "\(shown)  and \(paths.count - limit) more" : shown
  }
}
