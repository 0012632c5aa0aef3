/// What an operation is to reach.
package struct OperationGoal: Equatable, Sendable {
  /// How it is reached.
  package enum Manner: Equatable, Sendable {
    /// Exactly as recorded; what is there now is set aside.
    case exact
    /// Path by path: what `base` and the target differ in is written where now is as `base`, and
    /// refused where it is not; all else stays.
    case merge(base: RepositoryState, touched: StateMerge.Touched?)
    /// Exactly as recorded in what another plan is about; all else stays.
    case rest(of: StatePlan)
    /// Some files of the target, and nothing else.
    case files([GitPath])
  }

  package var kind: OperationKind
  package var manner: Manner
  package var target: RepositoryState
  /// The steps that the operation is about, in the order of their numbers: the first, the last, and
  /// those between them that changed something.
  package var steps: [Step]
  /// All steps that the operation is about, in the order of their numbers.
  package var stepIDs: [StepID]
  package var title: String
  package var deactivates: [StepID] = []
  package var activates: [StepID] = []
  /// Where references are to go: from `old`, which they must have now, to `new`.
  package var references: [ReferenceMove] = []
  /// References that a step of another worktree moved at the same time: whose move it was cannot be
  /// told, so they stay.
  package var contested: Set<String> = []
  /// Stash entries that are to be there.
  package var stashes: [ObjectID] = []
  package var reverses: OperationID?
  /// Whether a file that the target has only in its index is written with what is staged there.
  package var takesStaged = false
  /// The states after steps that ran at the same time and stay: what is as they left it is nobody's
  /// later work.
  package var alongside: [RepositoryState] = []
  /// The state after the last of the steps that an exact operation takes out: what it holds and git
  /// ignores by now goes with them.
  ///
  /// `nil` where none goes.
  package var last: RepositoryState?
  /// Files that somebody edited between the steps.
  package var editedBetween: Set<GitPath> = []

  /// Creates a goal that is about these steps alone.
  package init(
    kind: OperationKind, manner: Manner, target: RepositoryState, steps: [Step], title: String
  ) {
    self.kind = kind
    self.manner = manner
    self.target = target
    self.steps = steps
    stepIDs = steps.map(\.id)
    self.title = title
  }
}
