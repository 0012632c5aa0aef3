/// What a person asked for.
package enum OperationRequest: Equatable, Sendable {
  /// Take a step and the later ones out; `nil` for the latest active one.
  case undo(StepReference?)
  /// Go exactly to right after a step, or to right before it; `nil` for before the latest one.
  case rollback(StepReference?, toBefore: Bool)
  /// Go forward again; `nil` reverses the latest undo or rollback.
  case redo(StepReference?)
  /// Bring files back; no paths for those that the step changed.
  case restore(RestoreSource, paths: [GitPath])
}

/// Where `restore` takes files from.
package enum RestoreSource: Equatable, Sendable {
  case after(StepReference)
  case before(StepReference)
  /// The uncommitted work that a step destroyed.
  case lost(StepReference)
  /// The state just before an operation.
  case operation(OperationID)
}
