import LaForgeCore
import LaForgeGit
import LaForgeStore
import SystemPackage

/// A repository and its journal, opened for an operation.
struct OperationSession {
  let repository: WorktreeRepository
  let runner: OperationRunner
  let words: OperationWords
  /// The caller's folder relative to the top of the working tree; empty at the top.
  let directory: String
  /// The top-level folder of the working tree.
  let top: FilePath

  /// - Throws: `CommandFailure`.
  init(in context: CommandContext) async throws {
    do {
      repository = try await context.openRepository()
    } catch {
      throw CommandFailure(UserMessage(error))
    }
    let location = repository.location
    let store: SQLiteStepStore
    do throws(StoreError) {
      // Nothing is to be made where nothing was recorded.
      _ = try SQLiteStepStore(readingIn: location.commonDirectory)
      store = try SQLiteStepStore(creatingIn: location.commonDirectory)
      runner = try context.makeRunner(
        repository: repository, store: store,
        enclosing: RecordingSession.enclosingStep(store, location.worktree, in: context))
    } catch {
      let copy = ReadingSession.newestCopy(location.commonDirectory)
      throw CommandFailure(UserMessage(error, newestCopy: copy))
    }
    top = location.workingTree
    directory = RecordingSession.relative(context.directory, to: location.workingTree)
    words = OperationWords(now: context.clock.now(), abbreviate: repository.abbreviation)
  }

  /// Plans or performs an operation and says what came of it.
  ///
  /// - Parameters:
  ///   - request: What is asked for.
  ///   - isDryRun: Whether only the plan is wanted.
  ///   - removesStaleLocks: Whether locks that a killed git left are moved away.
  ///   - attempt: The beginning of the sentence for a refusal: `Cannot undo S7`.
  ///   - again: The command as it was called.
  ///   - context: Where to print.
  /// - Returns: The exit status.
  /// - Throws: `CommandFailure` for a refusal.
  func run(
    _ request: OperationRequest, isDryRun: Bool, removesStaleLocks: Bool = false,
    attempt: String, again: String, in context: CommandContext
  ) async throws -> ExitStatus {
    do {
      let width = context.output.columns
      if isDryRun {
        let (goal, plan) = try await runner.plan(request)
        let text = OperationText(
          kind: goal.kind, plan: plan, steps: goal.steps, abbreviate: repository.abbreviation)
        try context.output.write(text.planned(title: goal.title, width: width))
        return .success
      }
      let report = try await runner.perform(request, removesStaleLocks: removesStaleLocks)
      for finished in report.finished {
        context.error.say(UserMessage(finished), as: "Note")
      }
      let text = OperationText(
        kind: report.operation.kind, plan: report.plan, steps: report.steps,
        abbreviate: repository.abbreviation)
      try context.output.write(text.done(report, width: width))
      sayIfFolderIsGone(in: context)
      return try verdict(report, in: context)
    } catch let error as OperationError {
      throw CommandFailure(
        UserMessage(error, attempt: attempt, again: again, words))
    }
  }

  private func verdict(
    _ report: OperationReport, in context: CommandContext
  ) throws -> ExitStatus {
    guard !report.differing.isEmpty else { return .success }
    let paths = report.differing.prefix(8).map { "'\($0)'" }.joined(separator: ", ")
    throw CommandFailure(
      UserMessage(
        code: "not_as_recorded",
        summary: "\(Counted(report.differing.count, "path")) did not become as recorded: \(paths).",
        consequence: "The operation is recorded as \(report.operation.id).",
        hint: "Something else may be writing there; `git status` shows what is there now."))
  }

  /// A shell may now stand in a folder that is gone.
  private func sayIfFolderIsGone(in context: CommandContext) {
    guard !directory.isEmpty, !context.folderExists else { return }
    context.error.say(
      "Note: The folder you are in no longer exists: `cd \(ShellWords.quote(repository.location.workingTree.string))`\n"
    )
  }
}
