import LaForgeCore

extension UserMessage {
  /// A setting has a value that means nothing.
  static func badConfiguration(_ error: GitError) -> UserMessage {
    UserMessage(
      code: "bad_configuration",
      summary: Sentence.make("A setting means nothing: \(error.message)"),
      hint: "`git config --show-origin --get-regexp '^laforge'` shows where it stands.")
  }

  /// Says why a run was not recorded, and not started.
  init(_ error: RecordError, unstarted: AgentCommand, newestCopy: String?) {
    switch error {
    case .repository(let error): self.init(error, unstarted: unstarted)
    case .references(let error):
      self.init(
        code: "unreadable_repository", summary: "The repository's references cannot be read.",
        consequence: "'\(unstarted.baseName)' was not started.", causes: [error.description],
        hint: "`git fsck` says what is wrong with them.")
    case .configuration(let error):
      self = .badConfiguration(error)
      consequence = "'\(unstarted.baseName)' was not started."
    case .outputUnseen(let limits):
      let option = limits.idleTimeout == nil ? "--max-cost" : "--idle-timeout"
      self.init(
        code: "output_unseen",
        summary: "\(option) needs the command's output, and this command gets the terminal itself.",
        consequence: "'\(unstarted.baseName)' was not started.",
        hint: "`laforge run --capture pty` sends the output through LaForge; --timeout works with"
          + " every command.")
    case .store(let error):
      self.init(error, unstarted: unstarted, newestCopy: newestCopy)
    case .state(let error):
      self.init(
        code: "state_not_saved",
        summary: "The state of the repository could not be saved, so nothing could be undone.",
        consequence: "'\(unstarted.baseName)' was not started.", causes: [error.description],
        hint: "`laforge run --best-effort -- \(unstarted.display)` goes without.")
    case .tooBroad(let path):
      self.init(
        code: "too_broad",
        summary: "The repository at '\(path)' is a whole home folder or disk.",
        consequence: "'\(unstarted.baseName)' was not started.",
        hint: "`laforge run --force -- \(unstarted.display)` records it all the same.")
    case .operation(let error):
      self.init(
        code: "unfinished",
        summary: "An operation that was cut off could not be finished, so the working tree is a"
          + " mixture.",
        consequence: "'\(unstarted.baseName)' was not started.", causes: ["\(error)"],
        hint: "`laforge ops` shows it.")
    case .fewDescriptors(let needed, let left):
      self.init(
        code: "few_descriptors",
        summary: "LaForge needs \(needed) free file descriptors, and \(left) are left.",
        consequence: "'\(unstarted.baseName)' was not started.",
        hint: "`ulimit -n 256` raises the limit of this shell, if it may be raised.")
    case .launch(let error):
      self.init(
        code: "not_started", summary: "No process could be made for '\(unstarted.baseName)'.",
        consequence: "Nothing was recorded.",
        causes: ["\(error.reason) (\(error.function))"],
        hint: "`ulimit -a` shows the limits of this shell.")
    }
  }

  /// Says why the program of a step could not be executed.
  init(_ error: AgentLaunchError, command: AgentCommand, step: StepID?) {
    let program = String(decoding: command.words[0], as: UTF8.self)
    let recorded = step.map { "\($0) is recorded as failed." }
    if error.isNotFound {
      self.init(
        code: "not_found", summary: "'\(program)' was not found.", consequence: recorded,
        hint: program.contains("/")
          ? "`ls -l \(ShellWords.quote(program))` shows what is there."
          : "Is it installed, and is its folder on PATH?")
    } else {
      self.init(
        code: "not_executable", summary: "'\(program)' cannot be executed.",
        consequence: recorded, causes: [error.reason],
        hint: program.contains("/")
          ? "`ls -l \(ShellWords.quote(program))` shows its mode."
          : "`type -a \(ShellWords.quote(program))` shows where it is.")
    }
  }

  /// Says what a person must know about a recording that took place.
  init(_ warning: RecordWarning, step: StepID) {
    switch warning {
    case .spooled(let path, let cause):
      self.init(
        code: "record_spooled",
        summary: "The end of \(step) could not be written into the step database; it is kept in"
          + " '\(path)'.",
        causes: [cause.description], hint: "The next `laforge run` takes it in.")
    case .notKept(let cause):
      self.init(
        code: "record_not_kept",
        summary: "The end of \(step) could not be written anywhere; its record is the next line.",
        causes: [cause.description])
    case .repositoryUnreadable(let error):
      self.init(
        code: "changes_unknown",
        summary: "What \(step) changed is unknown: the repository cannot be read any more.",
        causes: [UserMessage(error).summary])
    case .stateUnknown(let error):
      self.init(
        code: "state_unknown",
        summary: "The state after \(step) could not be saved; it cannot be undone path by path.",
        causes: [error.description], hint: "`laforge rollback` goes back to exactly before it.")
    case .finished(let finished): self.init(finished)
    case .statesLost(let lost): self.init(lost)
    case .notTidied(let error):
      self.init(
        code: "not_tidied",
        summary: "What a step left to be tidied up could not be; the record itself is complete.",
        causes: [error.description])
    case .changesUnknown(let error):
      self.init(
        code: "changes_unknown", summary: "What \(step) changed could not be computed.",
        causes: [error.description])
    case .unreadableUsage(let lines):
      self.init(
        code: "usage_unreadable",
        summary:
          "Token usage may be incomplete: \(Counted(lines, "report")) of it could not be read.")
    case .uncoveredGone(let paths):
      self.init(
        code: "uncovered_gone",
        summary:
          "What LaForge does not cover was deleted during \(step), and nothing here can bring"
          + " it back:",
        items: paths.map(\.text),
        hint: "`laforge help limits` says what is covered.")
    case .outputLeftOpen(.pty):
      self.init(
        code: "output_left_open",
        summary: "Processes that the command left behind still use the terminal. What they print"
          + " from now on is not recorded.")
    case .outputLeftOpen:
      self.init(
        code: "output_left_open",
        summary: "Processes that the command left behind still hold its output. It is not relayed"
          + " any more: their next output ends them with SIGPIPE.",
        hint: "Give them a file to write to, as in `server > server.log 2>&1 &`.")
    case .outputNotKept(let reason):
      self.init(
        code: "output_not_kept",
        summary: "What \(step) printed could not be kept whole: \(reason).")
    case .outputFailed(let failure):
      let name = failure.stream == .standardOutput ? "Standard output" : "Standard error"
      self.init(
        code: "output_failed",
        summary: "\(name) could not be written: \(failure.reason). What the command printed after"
          + " that is lost.")
    case .spoolRefused(let refusal):
      self.init(
        code: "spool_refused",
        summary: "The record in '\(refusal.path)' could not be taken in: \(refusal.reason).",
        hint: "It was left where it is.")
    }
  }
}

extension AgentCommand {
  /// The command as a person would type it, without credentials: hints are written to files too.
  var display: String { ShellWords.join(CredentialRedactor().redact(command: text)) }
}

extension UserMessage {
  /// Says which recorded states were found to be gone.
  init(_ lost: [LostSnapshot]) {
    let names = { (isPartial: Bool) in
      lost.filter { $0.isPartial == isPartial }.map(\.place.text)
    }
    let (gone, partial) = (names(false), names(true))
    var sentences: [String] = []
    if !gone.isEmpty {
      sentences.append(
        "Recorded states are gone from the repository: \(gone.joined(separator: ", ")).")
    }
    if !partial.isEmpty {
      sentences.append(
        "Of recorded states, some files are gone: \(partial.joined(separator: ", ")).")
    }
    self.init(
      code: "states_lost", summary: sentences.joined(separator: " "),
      consequence: "Everything else that was recorded is there and is kept again.",
      hint: partial.isEmpty
        ? nil : "`laforge restore STEP --to FOLDER` writes what is left of one.")
  }

  /// Says what became of an operation that had been cut off.
  init(_ finished: FinishedOperation) {
    let operation = finished.operation
    let what = "the \(operation.kind.rawValue) \(operation.title) (\(operation.id))"
    let locks =
      finished.removedLocks.isEmpty
      ? [] : ["Removed locks of its killed processes: \(Self.names(of: finished.removedLocks))."]
    guard finished.isDone else {
      let subject = "\(what.prefix(1).uppercased())\(what.dropFirst())"
      self.init(
        code: "operation_given_up",
        summary: finished.obstacle == nil
          ? "\(subject) had been cut off and was given up."
          : "\(subject) had been cut off and can never be finished; the files stay as they are.",
        consequence: locks.first,
        causes: finished.obstacle.map { [$0.description] } ?? [],
        hint: operation.before == nil
          ? nil : "`laforge diff \(operation.id) now` compares with the state before it.")
      return
    }
    let count =
      finished.fileCount == 0 ? "" : ": \(Counted(finished.fileCount, "file")) written"
    let setAside =
      finished.setAside.isEmpty
      ? []
      : [
        "Neither as before nor as wanted, and set aside: "
          + finished.setAside.map(\.text).joined(separator: ", ") + "."
      ]
    let consequences = setAside + locks
    self.init(
      code: "operation_finished", summary: "Finished \(what), which had been cut off\(count).",
      consequence: consequences.isEmpty ? nil : consequences.joined(separator: " "),
      hint: finished.by.flatMap { by in
        finished.setAside.isEmpty ? nil : "`laforge restore \(by) FILE` brings one back."
      })
  }
}

extension UserMessage {
  /// Says that an operation is cut off.
  init(cutOff operation: Operation, now: Timestamp) {
    self.init(
      code: "cut_off",
      summary: "The \(operation.kind.rawValue) \(operation.title) (\(operation.id)) was cut off"
        + " \(Readable.ago(operation.startedAt, now: now)); the files may be a mixture.",
      consequence: "The next `laforge run`, undo, rollback or redo finishes it:"
        + " \(Counted(operation.plan?.files.count ?? 0, "file")) to be as planned.")
  }

  /// The last parts of paths below `.git`, for people.
  fileprivate static func names(of paths: [String]) -> String {
    paths.map { path in
      let parts = path.split(separator: "/")
      return parts.lastIndex(of: ".git").map { parts[$0...].joined(separator: "/") } ?? path
    }.joined(separator: ", ")
  }
}

extension RecordedSnapshot.Place {
  /// The state for people, such as `after S3`.
  var text: String {
    switch self {
    case .before(let step): "before \(step)"
    case .after(let step): "after \(step)"
    case .operation(let operation): "before \(operation)"
    }
  }
}
