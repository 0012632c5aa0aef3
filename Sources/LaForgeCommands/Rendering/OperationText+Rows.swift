import LaForgeCore

// MARK: - Rows that the plan and its result have in common

extension OperationText {
  /// What becomes of the index, of an operation in progress, and of HEAD with its branch.
  var commonRows: [(name: String, text: String)] {
    var rows: [(name: String, text: String)] = []
    let index = facts.index
    let staged = [
      (index.conflicting, "in conflict again"), (index.settled, "no longer in conflict"),
      (index.staged, "staged as it was"),
      (index.unstaged, "no longer staged"),
    ].filter { !$0.0.isEmpty }.map { "\($1): \(Readable.list($0.map(\.text)))" }
    if !staged.isEmpty { rows.append(("index", staged.joined(separator: "; "))) }
    let progress = [
      (plan.progress.filter { $0.change.new != nil }, "back in"),
      (plan.progress.filter { $0.change.new == nil }, "gone from"),
    ].filter { !$0.0.isEmpty }.map {
      "\(Readable.list($0.map(\.path.text))) \($1) the git directory"
    }
    if !progress.isEmpty { rows.append(("state", progress.joined(separator: "; "))) }
    if !submodules.isEmpty {
      let paths = submodules.map(\.text)
      rows.append(
        (
          "empty",
          "\(Readable.list(paths)): a submodule is not covered;"
            + " `git submodule update --init \(ShellWords.join(paths))` fills it"
        ))
    }
    return rows + headRows
  }

  /// Submodules whose folder is made again, without what was in it.
  var submodules: [GitPath] {
    plan.files.filter { $0.change.new?.tracked.mode == .gitlink }.map(\.path)
  }

  private var headRows: [(name: String, text: String)] {
    guard let old = plan.head.old, let new = plan.head.new, old != new else { return [] }
    var rows: [(name: String, text: String)] = []
    if old.branch == new.branch {
      var text = "\(commit(old)) -> \(commit(new))"
      switch plan.leavingCommits.count {
      case 0: break
      case 1: text += "; its commit \(abbreviate(plan.leavingCommits[0])) stays recorded"
      case let count: text += "; \(count) commits leave it and stay recorded"
      }
      rows.append((old.shortBranch ?? "HEAD", text))
    } else {
      let count = plan.leavingCommits.count
      let leaving =
        count == 1
        ? "1 commit leaves its branch and stays" : "\(count) commits leave their branch and stay"
      rows.append(
        ("HEAD", "\(place(old)) -> \(place(new))" + (count > 0 ? "; \(leaving) recorded" : "")))
    }
    for (name, commit) in plan.pushed.sorted(by: { $0.key < $1.key }) {
      let remote = name.hasPrefix("refs/remotes/") ? String(name.dropFirst(13)) : name
      let text = "\(abbreviate(commit)) is on \(remote); it stays there, `git pull` would fetch it"
      rows.append(("pushed", text))
    }
    return rows
  }

  /// Work of the person that goes with the steps, or that stays although its path changes.
  var workRows: [(name: String, text: String)] {
    var rows: [(name: String, text: String)] = []
    for step in steps where kind == .undo {
      // Each saw what the other did, and the shorter one counts.
      let others = step.overlaps.filter { !stepIDs.contains($0) }
      guard !others.isEmpty else { continue }
      let names = Readable.list(others.map(\.description))
      rows.append(("goes", "all that changed while \(step.id) ran; \(names) ran at the same time"))
    }
    if !plan.overtaken.isEmpty {
      let paths = Readable.list(plan.overtaken.map(\.text))
      rows.append(
        ("goes", "what you edited between the steps in \(paths); it is kept in the operation"))
    }
    if !plan.keptStaged.isEmpty {
      rows.append(
        ("stays", "what you have staged since of \(Readable.list(plan.keptStaged.map(\.text)))"))
    }
    if !plan.ownCommits.isEmpty {
      let commits = Readable.list(plan.ownCommits.map(abbreviate))
      // It may be on another branch as well, and of a step that stays.
      let branch = plan.references.isEmpty ? plan.head.old?.shortBranch ?? "HEAD" : "a branch"
      let verb =
        plan.ownCommits.count == 1 ? "leaves \(branch) and stays" : "leave \(branch) and stay"
      rows.append(("goes", "\(commits), made by none of these steps, \(verb) recorded"))
    }
    return rows
  }

  /// What becomes of the other references and of the stash.
  var referenceRows: [(name: String, text: String)] {
    var rows: [(name: String, text: String)] = []
    for move in plan.references {
      let old = move.old.map { "\(abbreviate($0)) " } ?? ""
      rows.append(("ref", "\(short(move.name)) \(old)-> \(move.new.map(abbreviate) ?? "removed")"))
    }
    if !plan.stashes.isEmpty {
      rows.append(("stash", "\(entries(plan.stashes.count)) that had been dropped stored again"))
    }
    var staying = plan.keptReferences.map { "\(short($0)) (\(reason($0)))" }
    if facts.keptStashes > 0 {
      staying.append("stash, \(entries(facts.keptStashes)) that had been dropped")
    }
    if !staying.isEmpty { rows.append(("stays", Readable.list(staying))) }
    return rows
  }

  /// Why a reference stays: what a step made is somebody's work.
  private func reason(_ name: String) -> String {
    for step in steps {
      guard let move = step.referenceMoves.first(where: { $0.name == name }) else { continue }
      if kind != .redo, move.old == nil { return "made by \(step.id)" }
      if kind == .redo, move.new == nil { return "deleted by \(step.id)" }
    }
    return "moved since, or checked out elsewhere"
  }

  private func entries(_ count: Int) -> String { count == 1 ? "1 entry" : "\(count) entries" }

  private func short(_ name: String) -> String {
    for (prefix, word) in [("refs/heads/", "branch "), ("refs/tags/", "tag ")]
    where name.hasPrefix(prefix) {
      return word + name.dropFirst(prefix.count)
    }
    return name
  }

  private func commit(_ head: Head) -> String { head.commit.map(abbreviate) ?? "no commit" }

  private func place(_ head: Head) -> String {
    "\(head.shortBranch ?? "detached") \(commit(head))"
  }
}
