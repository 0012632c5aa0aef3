import LaForgeCore
import LaForgeGit
import LaForgeStore
import SystemPackage

/// A repository and its journal, opened for an operation.
struct OperationSession {
  let repository: WorktreeRepository
  let runner: OperationRunner
  let history: StepHistory
  let store: SQLiteStepStore
  let now: Timestamp
  /// The caller's folder relative to the top of the working tree; empty at the top.
  let directory: String

  /// - Parameters:
  ///   - context: Where the command was called.
  ///   - isDryRun: Whether nothing may be written.
  /// - Throws: `CommandFailure`.
  init(in context: CommandContext, isDryRun: Bool) async throws {
    do {
      repository = try await context.openRepository(readOnly: isDryRun)
    } catch {
      throw CommandFailure(UserMessage(error))
    }
    let location = repository.location
    do throws(StoreError) {
      if isDryRun {
        store = try await StoreOpening.openForReading(repository, in: context)
      } else {
        // Nothing is to be made where nothing was recorded.
        do throws(StoreError) {
          _ = try SQLiteStepStore(readingIn: location.commonDirectory, rebuildingFrom: nil)
        } catch {
          if error.code != .lost { throw error }
        }
        store = try await StoreOpening.open(repository, in: context)
      }
      runner = try context.makeRunner(
        repository: repository, store: store,
        enclosing: RecordingSession.enclosingStep(store, location.worktree, in: context))
    } catch {
      let copy = ReadingSession.newestCopy(location.commonDirectory)
      throw CommandFailure(UserMessage(error, newestCopy: copy))
    }
    history = context.makeHistory(store, worktree: location.worktree)
    directory = RecordingSession.relative(context.directory, to: location.workingTree)
    now = context.clock.now()
  }

  /// Finds the step that a person named.
  func step(_ reference: StepReference) throws -> Step {
    do {
      return try history.step(reference)
    } catch {
      throw CommandFailure(UserMessage(error, in: history))
    }
  }

  /// Plans or performs an operation and says what came of it.
  ///
  /// - Parameters:
  ///   - request: What is asked for.
  ///   - options: How it is asked for.
  ///   - typed: The command as it was called, without `laforge`.
  ///   - context: Where to print.
  /// - Returns: The exit status.
  /// - Throws: `CommandFailure` for a refusal.
  func run(
    _ request: OperationRequest, _ options: OperationOptions, words typed: [String],
    in context: CommandContext
  ) async throws -> ExitStatus {
    do {
      if options.isDryRun {
        if try sayCutOff(request, asJSON: options.isJSON, in: context) { return .success }
        let (goal, plan) = try await runner.plan(request)
        try await sayPlan(goal, plan, asJSON: options.isJSON, in: context)
      } else {
        let outcome = try await runner.perform(
          request, removesStaleLocks: options.removesStaleLocks)
        store.sayRecordFailure(in: context)
        switch outcome {
        case .performed(let report):
          say(report.lost, report.finished, in: context)
          try await say(report, asJSON: options.isJSON, in: context)
        case .finishedEarlier(let finished, let lost):
          say(lost, [finished], in: context)
          try say(finished, again: typed, asJSON: options.isJSON, in: context)
        }
      }
      return .success
    } catch let error as OperationError {
      throw CommandFailure(UserMessage(error, words(for: error, of: request, typed)))
    }
  }

  private func say(
    _ lost: [LostSnapshot], _ finished: [FinishedOperation], in context: CommandContext
  ) {
    if !lost.isEmpty { context.error.say(UserMessage(lost), as: "Warning") }
    for finished in finished { context.error.say(UserMessage(finished), as: "Note") }
  }

  /// Says that an operation that had been cut off was finished instead.
  private func say(
    _ finished: FinishedOperation, again typed: [String], asJSON: Bool, in context: CommandContext
  ) throws {
    guard !asJSON else {
      guard let operation = try store.operation(finished.operation.id), let plan = operation.plan
      else { return }
      let document = OperationResultDocument(
        kind: operation.kind, title: operation.title, plan: plan, steps: [],
        reverses: operation.reverses, operation: operation)
      return try context.output.write(try JSONOutput.document(document))
    }
    let command = ShellWords.join(["laforge"] + typed)
    context.error.say(
      UserMessage(
        code: "finished_earlier", summary: "Nothing more was done.",
        hint: "`\(command)` again does what you asked for."), as: "Note")
  }

  /// Says that an operation is cut off, which the planned one would finish instead; nothing of its
  /// mixture may be taken for the user's work.
  ///
  /// - Returns: Whether that is all that the planned operation would do.
  private func sayCutOff(
    _ request: OperationRequest, asJSON: Bool, in context: CommandContext
  ) throws -> Bool {
    guard let operation = try store.cutOffOperation(worktree: repository.location.worktree)
    else { return false }
    context.error.say(UserMessage(cutOff: operation, now: now), as: "Warning")
    if case .restore = request { return false }
    guard let plan = operation.plan else { return false }
    if asJSON {
      let document = OperationResultDocument(
        kind: operation.kind, title: operation.title, plan: plan, steps: [],
        reverses: operation.reverses)
      try context.output.write(try JSONOutput.document(document))
    }
    return true
  }

  private func sayPlan(
    _ goal: OperationGoal, _ plan: StatePlan, asJSON: Bool, in context: CommandContext
  ) async throws {
    guard !asJSON else {
      let document = OperationResultDocument(
        kind: goal.kind, title: goal.title, plan: plan, steps: goal.stepIDs,
        reverses: goal.reverses)
      return try context.output.write(try JSONOutput.document(document))
    }
    let text = OperationText(
      kind: goal.kind, title: goal.title, plan: plan, steps: goal.steps, stepIDs: goal.stepIDs,
      facts: await facts(plan, goal.target, goal.steps, goal.kind, goal.reverses), now: now,
      abbreviate: repository.abbreviation)
    try context.output.write(text.planned(width: context.output.columns))
  }

  private func say(
    _ report: OperationReport, asJSON: Bool, in context: CommandContext
  ) async throws {
    let operation = report.operation
    if asJSON {
      // One document only: an error stands in the place of the operation.
      try check(report)
      let document = OperationResultDocument(
        kind: operation.kind, title: operation.title, plan: report.plan,
        steps: report.stepIDs, reverses: operation.reverses, operation: operation)
      return try context.output.write(try JSONOutput.document(document))
    }
    let text = OperationText(
      kind: operation.kind, title: operation.title, plan: report.plan, steps: report.steps,
      stepIDs: report.stepIDs,
      facts: await facts(
        report.plan, operation.after ?? report.plan.from, report.steps, operation.kind,
        operation.reverses),
      now: now, abbreviate: repository.abbreviation)
    try context.output.write(text.done(report, width: context.output.columns))
    // A shell may now stand in a folder that is gone.
    if !directory.isEmpty, !context.folderExists {
      let top = ShellWords.quote(repository.location.workingTree.string)
      let message = UserMessage(
        code: "folder_gone", summary: "The folder you are in no longer exists: `cd \(top)`")
      context.error.say(message, as: "Note")
    }
    try check(report)
  }

  /// - Throws: `CommandFailure` where something is not as it should have become.
  private func check(_ report: OperationReport) throws {
    guard !report.differing.isEmpty else { return }
    throw CommandFailure(
      UserMessage(
        code: "not_as_recorded",
        summary: "\(Counted(report.differing.count, "path")) did not become as recorded:",
        items: report.differing.map(\.text),
        consequence: "The operation is recorded as \(report.operation.id).",
        hint: "Something else may be writing there; `git status` shows what is there now."))
  }

  /// What cannot be looked up is not said; what was done is told all the same.
  private func facts(
    _ plan: StatePlan, _ target: RepositoryState, _ steps: [Step], _ kind: OperationKind,
    _ reversed: OperationID?
  ) async -> OperationFacts {
    do {
      var facts = try await OperationFacts(
        plan, reaching: target, steps: steps, isRedo: kind == .redo, in: repository)
      facts.reversed = try reversed.flatMap(store.operation)
      return facts
    } catch {
      return OperationFacts()
    }
  }
}
