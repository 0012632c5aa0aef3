import LaForgeCore

/// What an operation did, or would do, for people.
struct OperationText {
  let kind: OperationKind
  let title: String
  let plan: StatePlan
  /// The steps that it is about: the first, the last, and those that changed something.
  let steps: [Step]
  /// All steps that it is about.
  let stepIDs: [StepID]
  let facts: OperationFacts
  let now: Timestamp
  let abbreviate: (ObjectID) -> String

  /// How many paths a row names before it only counts them.
  private static let named = 12

  // MARK: - Done

  /// The text after the operation, ended by a newline.
  func done(_ report: OperationReport, width: Int?) -> String {
    var rows: [(name: String, text: String)] = []
    let counts = [(written.count, "written"), (plan.deleted.count, "deleted")]
    let files = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    if !files.isEmpty { rows.append(("files", files.joined(separator: ", "))) }
    rows += commonRows + workRows
    if !plan.kept.isEmpty {
      let verb = plan.kept.count == 1 ? "is" : "are"
      let kept = Readable.list(plan.kept.map(\.text), atMost: Self.named)
      rows.append(("yours", "\(kept), changed since \(since), \(verb) as you left it"))
    }
    rows += referenceRows
    if !staleSubmodules.isEmpty {
      let text = staleSubmodules.text(atMost: Self.named)
      rows.append(("outside", "\(text): not touched, `git submodule update` moves it"))
    }
    let lines =
      [wrap("\(deed(isDone: true)).", width)] + FactRows.lines(rows, indent: 11, width: width)
      + [wrap(closing(report), width)] + lockFileAdvice.map { wrap($0, width) }
    return lines.map { $0 + "\n" }.joined()
  }

  /// What the operation would have moved, did LaForge go into submodules.
  private var staleSubmodules: [LeftOut] { plan.uncovered.filter { $0.reason == .submoduleMoved } }

  private func closing(_ report: OperationReport) -> String {
    let them = stepIDs.count > 1 && !plan.activates.isEmpty ? "them" : "it"
    let back: String
    switch kind {
    case .undo where facts.reversed == nil && stepIDs.count == 1:
      back = "`laforge redo` brings \(stepIDs[0]) back."
    case .undo where facts.reversed == nil: back = "`laforge redo` brings them back."
    case .undo, .rollback: back = "`laforge redo` reverses it."
    case .redo: back = "`laforge undo` takes \(them) back again."
    case .restore:
      let files = plan.files.count == 1 ? "it" : "them"
      back = "`laforge restore \(report.operation.id)` takes \(files) back."
    }
    if !report.differing.isEmpty { return back }
    switch written.count + plan.deleted.count {
    case 0 where !staleSubmodules.isEmpty: return "Checked: all else is \(reached). \(back)"
    case 0 where plan.changesNothing: return "No file had to change. \(back)"
    case 0: return "Checked: all of this is \(reached). \(back)"
    case 1: return "Checked: the file is \(reached). \(back)"
    case let count: return "Checked: all \(count) files are \(reached). \(back)"
    }
  }

  /// Package managers that keep what a lock file says in an ignored folder.
  private static let packageManagers = [
    "package-lock.json": "npm ci", "yarn.lock": "yarn install", "pnpm-lock.yaml": "pnpm install",
    "Gemfile.lock": "bundle install", "poetry.lock": "poetry install", "uv.lock": "uv sync",
    "composer.lock": "composer install", "Pipfile.lock": "pipenv sync",
  ]

  private var lockFileAdvice: [String] {
    plan.written.lazy.compactMap { path in
      Self.packageManagers[String(decoding: path.name, as: UTF8.self)].map { command in
        let place = path.parents.last.map { " in '\($0)'" } ?? ""
        return "\(path) changed: run `\(command)`\(place)"
      }
    }.prefix(1).map { $0 }
  }

  // MARK: - Planned

  /// The text of `--dry-run`.
  func planned(width: Int?) -> String {
    var rows: [(name: String, text: String)] = []
    if !written.isEmpty { rows.append(("write", list(written))) }
    if !plan.deleted.isEmpty { rows.append(("delete", list(plan.deleted))) }
    if !plan.kept.isEmpty {
      rows.append(("keep", "\(list(plan.kept))  (changed since \(since))"))
    }
    rows += commonRows + workRows + referenceRows
    if !plan.uncovered.isEmpty {
      rows.append(("outside", plan.uncovered.text(atMost: Self.named) + ": not touched"))
    }
    var last = "Saved first: everything as it is now"
    switch kind {
    case .undo, .rollback: last += "; `laforge redo` will reverse it"
    case .redo: last += "; `laforge undo` will reverse it"
    case .restore: break
    }
    if plan.changesNothing { rows.append(("nothing", "everything is as wanted already")) }
    let lines =
      [wrap("\(deed(isDone: false)):", width)] + FactRows.lines(rows, indent: 11, width: width)
      + [wrap("\(last).", width), "Nothing was changed."]
    return lines.map { $0 + "\n" }.joined()
  }

  // MARK: - What goes and what comes

  /// The first line without its end: what was done, or what would be.
  private func deed(isDone: Bool) -> String {
    switch kind {
    case .undo where facts.reversed == nil:
      return (isDone ? "Undid " : "Undo would take out ") + stepsText
    case .undo:
      let redo =
        plan.activates.isEmpty
        ? "of \(stepsText)"
        : "\(facts.reversed?.id.description ?? "")"
          + switched(plan.deactivates, plan.activates, isDone)
      return (isDone ? "Took" : "Undo would take") + " back the redo \(redo)"
    case .rollback:
      return (isDone ? "Rolled back" : "Rollback would go") + " to exactly \(target)"
        + switched(plan.deactivates, plan.activates, isDone)
    case .redo:
      guard let reversed = facts.reversed else {
        return (isDone ? "Redid " : "Redo would bring back ") + stepsText
          + switched(plan.deactivates, [], isDone)
      }
      if !plan.activates.isEmpty, plan.deactivates.isEmpty {
        return (isDone ? "Redid " : "Redo would bring back ") + stepsText
      }
      return (isDone ? "Reversed" : "Redo would reverse")
        + " \(reversed.id) (\(reversed.kind.rawValue) \(reversed.title))"
        + switched(plan.deactivates, plan.activates, isDone)
    case .restore:
      return (isDone ? "Restored " : "Restore would write ")
        + "\(Counted(written.count + plan.deleted.count, "file")) \(target)"
    }
  }

  /// `: S8 and S9 are rolled back`, and what is active again.
  private func switched(_ gone: [StepID], _ back: [StepID], _ isDone: Bool) -> String {
    func sentence(_ ids: [StepID], _ what: String) -> String? {
      guard !ids.isEmpty else { return nil }
      let verb = !isDone ? "would be" : ids.count == 1 ? "is" : "are"
      return "\(names(ids)) \(verb) \(what)"
    }
    let sentences = [sentence(gone, "rolled back"), sentence(back, "active again")]
      .compactMap { $0 }
    return sentences.isEmpty ? "" : "; " + sentences.joined(separator: ", ")
  }

  /// `S7 (claude: fix the parser)`, or several.
  private var stepsText: String {
    if stepIDs.count == 1, let step = steps.first {
      return "\(step.id) (\(step.agentText): \(TerminalText.truncate(step.purposeText, to: 44)))"
    }
    return names(stepIDs)
  }

  private func names(_ ids: [StepID]) -> String {
    guard ids.count > 6, let first = ids.first, let last = ids.last else {
      return ids.isEmpty ? "nothing" : Readable.list(ids.map(\.description))
    }
    return "\(first) to \(last), \(ids.count) steps"
  }

  /// Where a rollback or restore leads: `before S7`, `after S7`, `lost in S7`.
  private var target: String {
    let name = title.hasPrefix("to ") ? String(title.dropFirst(3)) : title
    if kind == .restore, !name.hasPrefix("lost in ") {
      return "as " + (name.hasPrefix("before ") ? name : "after \(name)")
    }
    return name.contains(" ") ? name : "after \(name)"
  }

  /// What every file was found to be: `as before S7`.
  private var reached: String {
    switch kind {
    case .undo, .redo:
      if let reversed = facts.reversed { return "as before \(reversed.id)" }
      let step = kind == .undo ? steps.first : steps.last
      return step.map { "as \(kind == .undo ? "before" : "after") \($0.id)" } ?? "as recorded"
    case .rollback: return "as \(target)"
    case .restore: return title.hasPrefix("lost in ") ? "as before \(title.dropFirst(8))" : target
    }
  }

  /// What the person's later work came after.
  private var since: String {
    if let reversed = facts.reversed { return "the \(reversed.kind.rawValue)" }
    return kind == .undo ? steps.last.map { "\($0.id)" } ?? "then" : "the undo"
  }

  private var written: [GitPath] {
    let submodules = Set(submodules)
    return plan.written.filter { !submodules.contains($0) }
  }

  private func list(_ paths: [GitPath]) -> String {
    let shown = paths.prefix(Self.named * 2).map { ShellWords.quote(TerminalText.clean($0.text)) }
    let more = paths.count - shown.count
    return shown.joined(separator: "  ") + (more > 0 ? "  and \(more) more: `--json`" : "")
  }

  private func wrap(_ text: String, _ width: Int?) -> String {
    TerminalText.wrap(TerminalText.clean(text), columns: width)
  }
}
