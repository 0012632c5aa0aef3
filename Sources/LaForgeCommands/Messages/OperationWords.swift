import LaForgeCore

/// What the messages about operations need to know besides the error.
struct OperationWords {
  /// What could not be done, as the beginning of a sentence: `Cannot undo S7`.
  var attempt: String
  /// The command to call again, without `laforge`: `undo 7`.
  var command: [String]
  /// The rollback that goes where the operation could not, whatever was done since: the command, and
  /// where it goes.
  var exactly: (command: String, target: String)?
  var now: Timestamp
  /// The top-level folder of the working tree.
  var top: String
  var abbreviate: (ObjectID) -> String
  /// The operations of the worktree, newest first, where the error is about them.
  var operations: [Operation] = []
  /// The latest rolled-back step; `nil` for none.
  var rolledBack: StepID?

  /// The command to call again, with an option more where one is given: `laforge undo 7`.
  func again(_ option: String? = nil) -> String {
    let words = command.prefix(1) + [option].compactMap { $0 } + command.dropFirst()
    return "laforge " + ShellWords.join(Array(words))
  }

  /// A path as it reads from the top of the working tree: `.git/index.lock`.
  func display(_ path: String) -> String {
    path.hasPrefix("\(top)/") ? String(path.dropFirst(top.count + 1)) : path
  }

  /// `S7 is running since 12m, pid 4711`.
  func describeRunning(_ step: Step) -> String {
    let duration =
      step.durationMilliseconds(now: now).map { " since \(Readable.duration(milliseconds: $0))" }
      ?? ""
    let pid = step.start.agentProcess.map { ", pid \($0.pid)" } ?? ""
    return "\(step.id) is running\(duration)\(pid)"
  }

  /// `main 9f2c1ab`.
  func describe(_ head: Head) -> String {
    let commit = head.commit.map(abbreviate) ?? "(no commit yet)"
    return "\(head.shortBranch ?? "detached HEAD") \(commit)"
  }

  /// ` (O3, 12m ago)`: what took a step out; empty where that is not known.
  func whenRolledBack(_ step: StepID) -> String {
    guard let by = operations.first(where: { $0.plan?.deactivates.contains(step) == true }) else {
      return ""
    }
    return " (\(by.id), \(Readable.ago(by.startedAt, now: now)))"
  }

  /// The part of a sentence that says why no operation waits to be redone.
  func whyNothingToRedo(_ lastRun: StepID?) -> String {
    guard let undone = operations.first(where: { $0.kind == .undo || $0.kind == .rollback }) else {
      return "nothing was undone"
    }
    if let redone = operations.first(where: { $0.kind == .redo && $0.id > undone.id }) {
      return "what was undone last is redone already (\(redone.id))"
    }
    return lastRun.map { "\($0) ran since the last undo" } ?? "nothing was undone since"
  }

  /// What to do where later work or a later commit meets the steps, of which the files of one can be
  /// taken singly; `nil` where no rollback helps.
  func wayOut(files step: StepID?) -> String? {
    guard let exactly else { return nil }
    var hint =
      "`\(exactly.command)` goes to exactly \(exactly.target) and sets your work aside"
      + " (`laforge redo` returns it)"
    if let step {
      let side = exactly.target.hasPrefix("before") ? " --before" : ""
      hint += "; `laforge restore \(step.rawValue)\(side) FILE` takes single files"
    }
    return hint + "."
  }
}
