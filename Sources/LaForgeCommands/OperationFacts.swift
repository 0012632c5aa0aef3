import LaForgeCore
import LaForgeStore

/// What there is to say of an operation besides its plan.
struct OperationFacts: Equatable {
  /// What becomes of the paths whose index entry changes otherwise than HEAD does.
  struct Index: Equatable {
    var conflicting: [GitPath] = []
    /// In conflict in the state that is left, and not in the one that is reached.
    var settled: [GitPath] = []
    /// Staged in the state that is reached.
    var staged: [GitPath] = []
    /// Staged in the state that is left, and not in the one that is reached.
    var unstaged: [GitPath] = []
  }

  var index = Index()
  /// How many stash entries stay although a redone step had dropped them.
  var keptStashes = 0
  /// The operation that this one reverses.
  var reversed: Operation?
}

extension OperationFacts {
  /// Compares what `plan` leaves with the `state` that it reaches, and looks at the stash for what
  /// redone `steps` had dropped.
  init(
    _ plan: StatePlan, reaching state: RepositoryState, steps: [Step], isRedo: Bool,
    in repository: any StateRepository
  ) async throws(GitError) {
    if !plan.index.isEmpty {
      let changed = Set(plan.index.map(\.path))
      let before = try await Self.staged(plan.from, in: repository).intersection(changed)
      let after = try await Self.staged(state, in: repository).intersection(changed)
      let conflicting = Set(Self.conflicts(plan) { $0.new })
      let settled = Set(Self.conflicts(plan) { $0.old }).subtracting(conflicting)
      index = Index(
        conflicting: conflicting.sorted(), settled: settled.sorted(),
        staged: after.subtracting(conflicting).sorted(),
        unstaged: before.subtracting(after).subtracting(settled).sorted())
    }
    let dropped = isRedo ? steps.flatMap(\.droppedStashes) : []
    if !dropped.isEmpty {
      let stash = Set(try await repository.referenceTips().stash)
      keptStashes = dropped.count { stash.contains($0) }
    }
  }

  /// The paths of a plan that are in conflict on one side of it.
  private static func conflicts(
    _ plan: StatePlan, on side: (Change<IndexEntry>) -> IndexEntry?
  ) -> [GitPath] {
    plan.index.filter { side($0.change)?.conflict.isEmpty == false }.map(\.path)
  }

  /// The paths whose index entry differs from HEAD.
  private static func staged(
    _ state: RepositoryState, in repository: any StateRepository
  ) async throws(GitError) -> Set<GitPath> {
    guard state.snapshot != nil else { return [] }
    let clean = RepositoryState(head: state.head, snapshot: nil)
    return Set(try await repository.difference(from: clean, to: state).index.keys)
  }
}
