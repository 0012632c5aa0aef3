import LaForgeCore

extension UserMessage {
  /// Says why an operation was refused or failed.
  ///
  /// - Parameters:
  ///   - error: What stood in the way.
  ///   - context: What the words need.
  init(_ error: OperationError, _ context: OperationWords) {
    let (attempt, again) = (context.attempt, context.again())
    switch error {
    case .nothingToUndo:
      self.init(
        code: "nothing_to_undo", summary: "There is no step to go back from in this worktree.",
        hint: "`laforge log --all` lists the steps, rolled-back ones too.")
    case .nothingToRedo(let lastRun):
      self.init(
        code: "nothing_to_redo",
        summary: "There is nothing to redo: \(context.whyNothingToRedo(lastRun)).",
        hint: context.rolledBack.map {
          "Rolled-back steps are kept: `laforge log --all`, then `laforge redo \($0.rawValue)`."
        })
    case .stepChangedNothing(let step, let latest):
      self.init(
        code: "step_changed_nothing",
        summary: "\(step) changed nothing."
          + (latest.map { " The latest step that did is \($0)." } ?? ""),
        hint: latest.map { "`laforge undo \($0.rawValue)`" })
    case .alreadyRolledBack(let step):
      self.init(
        code: "already_rolled_back",
        summary: "\(step) is already rolled back\(context.whenRolledBack(step)).",
        hint: "`laforge redo \(step.rawValue)`, `laforge show \(step.rawValue)`")
    case .alreadyActive(let step):
      self.init(
        code: "already_active", summary: "\(step) is not rolled back.",
        hint: "`laforge rollback \(step.rawValue)` goes back to exactly after it.")
    case .otherWorktree(let step, let path):
      self.init(
        code: "other_worktree", summary: "\(step) belongs to the worktree '\(path)'.",
        hint: "`laforge -C \(ShellWords.quote(path)) \(again.dropFirst(8))`")
    case .enclosed(let step, let within):
      self.init(
        code: "enclosed_step", summary: "\(step) ran within \(within) and goes and comes with it.",
        hint: "`laforge show \(within.rawValue)`")
    case .running(let steps):
      self.init(
        code: "step_running",
        summary: "\(attempt): "
          + steps.map { context.describeRunning($0) }.joined(separator: ", ") + ".",
        consequence: "Nothing was changed.",
        hint: steps.first { $0.isBegun }.map {
          "Let it end, or `\($0.stoppingCommand)` records it as ended; then `\(again)`."
        }
          ?? (context.command.first == "undo"
            ? "Let it end, or `\(again) --stop` ends it first." : "Let it end, then `\(again)`."))
    case .insideStep(let step):
      self.init(
        code: "inside_step",
        summary: "\(attempt) from inside \(step): an agent cannot turn its own record back.",
        consequence: "Nothing was changed.")
    case .unknownState(let state):
      self.init(
        code: "unknown_state", summary: "\(attempt): the state \(state) was never recorded.",
        consequence: "Nothing was changed.",
        hint: "`laforge log --all` lists the steps; `laforge show STEP` what is known of one.")
    case .changedSince(let steps, let paths):
      let names = Readable.list(steps.map(\.description))
      let what =
        steps.isEmpty
        ? "other files are in their place"
        : "you edited \(Counted(paths.count, "file")) since that \(names) changed too"
      self.init(
        code: "changed_since", summary: "\(attempt): \(what):", items: paths.map(\.text),
        consequence: "Nothing was changed.",
        hint: context.wayOut(files: steps.first)
          ?? "`laforge restore … --to FOLDER` writes the files elsewhere.")
    case .overlapping(let step, let other, let paths):
      self.init(
        code: "overlapping",
        summary: "\(attempt): \(other) ran at the same time as \(step) and changed too:",
        items: paths.map(\.text), consequence: "Nothing was changed.",
        hint: "`laforge rollback --before \(min(step, other).rawValue)` goes back to exactly before"
          + " both (`laforge redo` reverses it).")
    case .headMoved(let expected, let actual):
      self.init(
        code: "head_moved",
        summary: "\(attempt): HEAD is at \(context.describe(actual)), and it was left at"
          + " \(context.describe(expected)).",
        consequence: "Nothing was changed.", hint: context.wayOut(files: nil))
    case .progressChanged(let begun):
      self.init(
        code: "operation_in_progress",
        summary: "\(attempt): a merge, rebase or the like was \(begun ? "begun" : "ended") since.",
        consequence: "Nothing was changed.",
        hint: begun
          ? "`git status` says how to end it; then `\(again)`."
          : context.wayOut(files: nil))
    case .bisection:
      self.init(
        code: "bisection", summary: "\(attempt): a bisection was begun or ended in between.",
        consequence: "Nothing was changed.", hint: "`git bisect reset` ends one.")
    case .checkedOutElsewhere(let branch):
      self.init(
        code: "checked_out_elsewhere",
        summary: "\(attempt): '\(branch)' is checked out in another worktree.",
        consequence: "Nothing was changed.", hint: "`git worktree list` shows where.")
    case .branchMoved(let branch):
      self.init(
        code: "branch_moved", summary: "\(attempt): '\(branch)' was moved since.",
        consequence: "Nothing was changed.",
        hint: context.wayOut(files: nil))
    case .inTheWay(let items):
      self.init(
        code: "in_the_way", summary: "\(attempt): what cannot be saved is in the way:",
        items: items.map { "\($0.path)  \($0.reasonText)" },
        consequence: "Nothing was changed.", hint: "Move it away, then `\(again)`.")
    case .missingObjects(let paths):
      self.init(
        code: "missing_objects",
        summary: "\(attempt): the contents of \(Counted(paths.count, "file")) are not in this"
          + " clone:",
        items: paths.map(\.text), consequence: "Nothing was changed.",
        hint: "In a partial clone `git fetch --refetch` brings them.")
    case .locked(let lock): self = .locked(lock, context)
    case .changedUnderneath(let paths):
      self.init(
        code: "changed_underneath",
        summary: "\(attempt): files changed while their state was being saved:",
        items: paths.map(\.text), consequence: "Nothing was changed.",
        hint: "Stop what is writing them, then `\(again)`.")
    case .notInState(let path, let state):
      self.init(
        code: "not_in_state", summary: "There is no '\(path)' in the state \(state).",
        consequence: "Nothing was changed.")
    case .nothingToDo(let reason):
      self.init(
        code: "nothing_to_do", summary: "\(attempt): \(reason).",
        consequence: "Nothing was changed.")
    case .unfinished(let operation, let cause):
      self.init(
        code: "unfinished",
        summary: "\(attempt) to its end, and what was written could not be taken back.",
        consequence: "Everything as it was before is kept as \(operation).",
        causes: [cause.description],
        hint: "Remove the cause, then `\(again)`: the next command finishes it first.")
    case .unrecorded(let operation, let cause):
      self.init(
        code: "unrecorded",
        summary: "\(operation) is done, but it could not be looked at or recorded.",
        consequence: "Everything as it was before is kept as \(operation).",
        causes: [cause.description],
        hint: "The next `laforge run`, undo or redo records it.")
    case .noSuchOperation(let id):
      self.init(
        code: "no_such_operation", summary: "There is no operation \(id) in this worktree.",
        hint: "`laforge ops` lists them.")
    case .lookup(let error): self.init(error)
    case .git(let error):
      self.init(
        code: "git_failed", summary: "\(attempt): git or the file system refused.",
        consequence: "Nothing was changed.", causes: [error.description],
        hint: "Remove the cause, then `\(again)`.")
    case .repository(let error): self.init(error)
    case .store(let error): self.init(error)
    }
  }

  private static func locked(
    _ lock: LockReport, _ context: OperationWords
  ) -> UserMessage {
    let (attempt, again) = (context.attempt, context.again())
    let path = context.display(lock.path)
    let age = lock.madeAt.map { Readable.ago($0, now: context.now) }
    if let step = lock.madeDuring {
      return UserMessage(
        code: "stale_lock",
        summary: "\(attempt): '\(path)' is in the way. It was made during \(step),"
          + " \(age ?? "some time ago"), and no process has it open: a git that was killed left it.",
        consequence: "Nothing was changed.", hint: "`\(context.again("--remove-stale-lock"))`")
    }
    let by = lock.process.map { " by \($0)" } ?? ""
    let details = age.map { ", made \($0)\(by)" } ?? by
    return UserMessage(
      code: "locked",
      summary: "\(attempt): another git is at work in this repository ('\(path)'\(details)).",
      consequence: "Nothing was changed.", hint: "Let it finish and run `\(again)` again.")
  }
}
