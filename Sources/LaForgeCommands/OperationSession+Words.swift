import LaForgeCore
import LaForgeGit
import LaForgeStore
import SystemPackage

extension OperationSession {
  /// What a message about a failed operation needs to know.
  ///
  /// What the journal does not yield any more is left out of the message.
  func words(
    for error: OperationError, of request: OperationRequest, _ typed: [String]
  ) -> OperationWords {
    var words = OperationWords(
      attempt: attempt(request), command: typed, now: now,
      top: repository.location.workingTree.string, abbreviate: repository.abbreviation)
    do {
      words.exactly = try exactly(request)
      switch error {
      case .nothingToRedo, .alreadyRolledBack:
        words.operations = try store.operations(
          worktree: repository.location.worktree, limit: nil)
        words.rolledBack = try history.rolledBack(limit: 1).first?.id
      default: break
      }
    } catch {
      return words
    }
    return words
  }

  /// The beginning of the sentence for a refusal: `Cannot undo S7`.
  private func attempt(_ request: OperationRequest) -> String {
    func named(_ verb: String, _ reference: StepReference?) -> String {
      guard let step = try? history.step(reference ?? .latest(back: 0)), step.status != .running
      else { return verb }
      return "\(verb) \(step.id)"
    }
    switch request {
    case .undo(let reference): return named("Cannot undo", reference)
    case .rollback: return "Cannot roll back"
    case .redo(let reference?): return named("Cannot redo", reference)
    case .redo(nil): return "Cannot redo"
    case .restore: return "Cannot restore"
    }
  }

  /// The rollback that goes where an undo or a redo could not.
  private func exactly(
    _ request: OperationRequest
  ) throws -> (command: String, target: String)? {
    switch request {
    case .undo(nil):
      return try history.latest().map { ("laforge rollback", "before \($0.id)") }
    case .undo(let reference?):
      let step = try history.step(reference).id
      return ("laforge rollback --before \(step.rawValue)", "before \(step)")
    case .redo(let reference?):
      let step = try history.step(reference).id
      return ("laforge rollback \(step.rawValue)", "after \(step)")
    case .redo(nil):
      let undone = try store.latestOnStack(
        worktree: repository.location.worktree, kinds: [.undo, .rollback])
      guard let step = undone?.plan?.deactivates.max() else { return nil }
      return ("laforge rollback \(step.rawValue)", "after \(step)")
    case .rollback, .restore: return nil
    }
  }
}
