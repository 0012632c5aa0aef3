import LaForgeCore
import LaForgeStore

extension UserMessage {
  /// Says why the step database cannot be used.
  ///
  /// - Parameters:
  ///   - error: What the store said.
  ///   - unstarted: The command that was to be recorded; `nil` for other commands.
  ///   - newestCopy: The newest copy of the database beside it.
  init(_ error: StoreError, unstarted: AgentCommand? = nil, newestCopy: String? = nil) {
    let path = error.path
    switch error.code {
    case .noDatabase: self = .noSteps
    case .newerSchema:
      self.init(
        code: "newer_database",
        summary: "A newer LaForge wrote the step database '\(path)'.",
        causes: [error.description], hint: "Update LaForge; the database was left as it is.")
    case .damaged:
      self.init(
        code: "damaged_database", summary: "The step database '\(path)' is damaged.",
        causes: [error.description], hint: Self.repairHint(path, newestCopy))
    case .lost:
      self.init(
        code: "lost_database", summary: "The step database '\(path)' is lost: \(error.message).",
        hint: "The next changing command, such as `laforge run`, rebuilds it.")
    case .notAFile:
      self.init(
        code: "not_a_file",
        summary: "'\(path)' is in the way: LaForge has a file there, and it is not a regular file.",
        hint: "Move it away; the steps are in the record beside it.")
    case .diskFull:
      self.init(
        code: "disk_full", summary: "The disk that holds '\(path)' is full.",
        hint: "Make room and try again.")
    case .readOnly:
      self.init(
        code: "read_only", summary: "'\(path)' cannot be written: it is read-only.",
        hint: unstarted.map { "`laforge run --best-effort -- \($0.display)` goes without." })
    case .notPermitted:
      self.init(
        code: "not_permitted", summary: "This user may not use '\(path)'.",
        causes: [error.description],
        hint: "`ls -l \(ShellWords.quote(path))` shows whose it is.")
    case .busy:
      self.init(
        code: "database_busy",
        summary: "Other processes keep the step database '\(path)' locked.",
        hint: "Let them finish and try again.")
    case .replaced:
      self.init(
        code: "database_replaced",
        summary: "The step database '\(path)' was deleted or replaced meanwhile.")
    default:
      self.init(
        code: "database_failed", summary: "The step database '\(path)' cannot be used.",
        causes: [error.description])
    }
    consequence = unstarted.map { "'\($0.baseName)' was not started." }
  }

  private static func repairHint(_ path: String, _ newestCopy: String?) -> String {
    guard let newestCopy else {
      return "Move it away; LaForge makes a new one. Git itself is not affected."
    }
    let copy = ShellWords.quote(newestCopy)
    let database = ShellWords.quote(path)
    return "`rm -f \(database)-wal \(database)-shm; cp \(copy) \(database)` brings back its"
      + " newest copy."
  }

  /// Says what was done about a database that was lost, or will be.
  ///
  /// - Parameters:
  ///   - repair: What was found.
  ///   - path: The database.
  ///   - isDone: Whether it was rebuilt; else the command only shows what it would hold.
  init(_ repair: StoreRepair, of path: String, isDone: Bool) {
    let verb = isDone ? "was" : "is"
    let fault =
      switch repair.fault {
      case .missing: "\(verb) gone"
      case .empty: "\(verb) empty"
      case .damaged: "\(verb) damaged"
      case .behind: "\(isDone ? "had" : "has") lost its latest changes"
      }
    let steps = Counted(repair.steps, "step")
    let deed =
      switch (isDone, repair.fault) {
      case (false, _): "what is shown is from its record, and the next changing command rebuilds it"
      case (true, .behind): "\(steps) came back from its record"
      case (true, _):
        (repair.setAside.map { "it is set aside as '\($0)', and " } ?? "it was ")
          + "rebuilt from its copy and its record (\(steps))"
      }
    self.init(
      code: isDone ? "database_rebuilt" : "lost_database",
      summary: "The step database '\(path)' \(fault); \(deed).")
    if repair.unreadableLines > 0 {
      causes.append("\(Counted(repair.unreadableLines, "line")) of the record cannot be read.")
    }
  }

  /// Says that the record file could not be written.
  init(recordFile error: StoreError) {
    self.init(
      code: "record_not_written",
      summary: "The record file '\(error.path)' could not be written: \(error.message).",
      consequence: "The step database has everything; the next command writes the file again.")
  }

  /// Nothing was recorded yet.
  static let noSteps = UserMessage(
    code: "no_steps", summary: "There are no steps in this worktree yet.",
    hint: "`laforge run -- <command>` records one.")
}

extension UserMessage {
  /// Says why a step that a person named cannot be shown; without any active step, whether there are
  /// others.
  init(_ error: StepLookupError, in history: StepHistory?, newestCopy: String? = nil) {
    self.init(error, newestCopy: newestCopy)
    guard error == .noSteps, let history else { return }
    do {
      guard let latest = try history.rolledBack(limit: 1).first else { return }
      self.init(
        code: "no_active_step", summary: "Every step of this worktree is rolled back.",
        hint: "`laforge log --all` lists them; the latest is \(latest.id).")
    } catch {
      self.init(error, newestCopy: newestCopy)
    }
  }

  /// Says why a step that a person named cannot be shown.
  init(_ error: StepLookupError, newestCopy: String? = nil) {
    switch error {
    case .noSteps: self = .noSteps
    case .noSuchStep(let id, let latest):
      self.init(
        code: "no_such_step", summary: "There is no step \(id).",
        hint: (latest.map { "The latest step is \($0). " } ?? "") + "`laforge log --all` lists all."
      )
    case .notThatFarBack(let back, let available):
      self.init(
        code: "no_such_step",
        summary: "There is no step '@-\(back)': the line goes back \(available) before '@'.",
        hint: "`laforge log` lists all.")
    case .store(let error): self.init(error, newestCopy: newestCopy)
    }
  }
}
