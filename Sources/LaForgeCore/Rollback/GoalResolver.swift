/// Finds what a request means in the history of its worktree.
package struct GoalResolver {
  let repository: any StateRepository
  let store: any StepReading & OperationStore
  private let history: StepHistory
  /// The present state, which is what a cut-off step gets that no command has closed yet.
  private let present: RepositoryState?

  package init(
    repository: any StateRepository, store: any StepReading & OperationStore,
    history: StepHistory, present: RepositoryState? = nil
  ) {
    self.repository = repository
    self.store = store
    self.history = history
    self.present = present
  }

  var worktree: String { repository.location.worktree }

  /// - Throws: `OperationError` where the request means nothing.
  package func goal(of request: OperationRequest) async throws(OperationError) -> OperationGoal {
    switch request {
    case .undo(let reference): try await undo(reference)
    case .rollback(let reference, let toBefore): try rollback(reference, toBefore: toBefore)
    case .redo(let reference): try redo(reference)
    case .restore(let source, let paths): try await restore(source, paths)
    }
  }

  // MARK: - Undo

  private func undo(_ reference: StepReference?) async throws(OperationError) -> OperationGoal {
    if reference == nil, let redone = try latestOnStack([.undo, .rollback, .redo]),
      redone.kind == .redo
    {
      return try reverse(redone, as: .undo)
    }
    let step: Step
    if let reference { step = try activeStep(reference) } else { step = try latestFinished() }
    if reference == nil, step.changedNothing {
      throw .stepChangedNothing(step.id, latestThatDid: try latestThatChanged(before: step))
    }
    let line = try line()
    let involved = try involved(line.activeDescendants(of: step.id))
    let chain = involved.steps
    let last = chain.max { ($0.end?.endTime ?? $0.createdAt) < ($1.end?.endTime ?? $1.createdAt) }
    let base = try stateAfter(last ?? step)
    let others = try alongside(involved)
    var goal = OperationGoal(
      kind: .undo, manner: .merge(base: base, touched: try await touched(chain, beside: others)),
      target: try stateBefore(step), steps: chain, title: Self.title(involved.ids))
    goal.stepIDs = involved.ids
    goal.deactivates = line.switched(involved.ids, to: false)
    goal.references = StepLine.moves(through: chain).map(\.reversed)
    goal.stashes = chain.flatMap(\.droppedStashes)
    goal.contested = try contested(chain)
    goal.alongside = others.compactMap(\.stateAfter)
    goal.editedBetween = try await editedBetween(chain, on: line)
    return goal
  }

  /// The files that somebody edited after one step of a line and before the next.
  private func editedBetween(
    _ chain: [Step], on line: StepLine
  ) async throws(OperationError) -> Set<GitPath> {
    let byID = Dictionary(chain.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    let ids = Set(byID.keys)
    var paths: Set<GitPath> = []
    for later in chain.dropFirst() {
      // What is between them changed nothing.
      guard let earlier = line.nearestAncestor(of: later.id, among: ids).flatMap({ byID[$0] })
      else { continue }
      let (old, new) = (try stateAfter(earlier), try stateBefore(later))
      if old == new { continue }
      do {
        paths.formUnion(try await repository.difference(from: old, to: new).files.keys)
      } catch {
        throw .git(error)
      }
    }
    return paths
  }

  private func latestThatChanged(before step: Step) throws(OperationError) -> StepID? {
    try inStore { () throws(StoreError) in
      try store.latestStepWithEffect(worktree: worktree, before: step.id)
    }
  }

  // MARK: - Rollback

  private func rollback(
    _ reference: StepReference?, toBefore: Bool
  ) throws(OperationError) -> OperationGoal {
    let step: Step
    if let reference { step = try ownStep(reference) } else { step = try latestFinished() }
    let isBefore = toBefore || reference == nil
    let line = try line()
    let target = isBefore ? try stateBefore(step) : try stateAfter(step)
    var goal = OperationGoal(
      kind: .rollback, manner: .exact, target: target, steps: [step],
      title: isBefore ? "to before \(step.id)" : "to \(step.id)")
    if step.isActive {
      let descendants = try involved(
        line.activeDescendants(of: step.id).filter { isBefore || $0 != step.id })
      goal.deactivates = line.switched(descendants.ids, to: false)
      goal.references = StepLine.moves(through: descendants.steps).map(\.reversed)
      goal.contested = try contested(descendants.steps)
      goal.stashes = descendants.steps.flatMap(\.droppedStashes)
      goal.leave(descendants)
    } else {
      let ancestry = try involved(
        line.rolledBackAncestry(of: step.id).filter { !isBefore || $0 != step.id })
      let outside = try involved(line.activeOutsideAncestry(of: step.id))
      goal.activates = line.switched(ancestry.ids, to: true)
      goal.deactivates = line.switched(outside.ids, to: false)
      goal.references = StepLine.moves(outOf: outside.steps, into: ancestry.steps)
      goal.contested = try contested(outside.steps + ancestry.steps)
      goal.leave(outside)
    }
    return goal
  }

  // MARK: - Redo

  private func redo(_ reference: StepReference?) throws(OperationError) -> OperationGoal {
    guard let reference else {
      guard let operation = try latestOnStack([.undo, .rollback]) else {
        throw .nothingToRedo(
          lastRun: try lookup { () throws(StepLookupError) in
            try history.latest()
          }?.id)
      }
      return try reverse(operation, as: .redo)
    }
    let step = try ownStep(reference)
    guard !step.isActive else { throw .alreadyActive(step.id) }
    let line = try line()
    let ancestry = try involved(line.rolledBackAncestry(of: step.id))
    let outside = try involved(line.activeOutsideAncestry(of: step.id))
    let latest = try lookup { () throws(StepLookupError) in try history.latest() }
    // The present recorded state: that after the latest step on the line.
    let base: RepositoryState
    if let latest {
      base = try stateAfter(latest)
    } else {
      base = try stateBefore(ancestry.steps.first ?? step)
    }
    var goal = OperationGoal(
      kind: .redo, manner: .merge(base: base, touched: nil), target: try stateAfter(step),
      steps: ancestry.steps, title: Self.title(ancestry.ids))
    goal.stepIDs = ancestry.ids
    goal.activates = line.switched(ancestry.ids, to: true)
    goal.deactivates = line.switched(outside.ids, to: false)
    goal.references = StepLine.moves(outOf: outside.steps, into: ancestry.steps)
    goal.contested = try contested(outside.steps + ancestry.steps)
    return goal
  }

  private func reverse(
    _ operation: Operation, as kind: OperationKind
  ) throws(OperationError) -> OperationGoal {
    guard let before = operation.before, let after = operation.after, let plan = operation.plan
    else { throw .unknownState("before \(operation.id)") }
    let line = try line()
    let steps = try involved(line.outermost(plan.deactivates + plan.activates).sorted())
    var goal = OperationGoal(
      kind: kind, manner: .merge(base: after, touched: nil), target: before, steps: steps.steps,
      title: "\(operation.id) (\(operation.kind.rawValue) \(operation.title))")
    goal.stepIDs = steps.ids
    goal.activates = plan.deactivates
    goal.deactivates = plan.activates
    goal.references = plan.references.map(\.reversed)
    goal.reverses = operation.id
    return goal
  }

  // MARK: - Steps and states

  func difference(of step: Step) async throws(OperationError) -> StateDifference {
    let (before, after) = (try stateBefore(step), try stateAfter(step))
    do {
      return try await repository.difference(from: before, to: after)
    } catch {
      throw .git(error)
    }
  }

  func stateBefore(_ step: Step) throws(OperationError) -> RepositoryState {
    guard let state = step.stateBefore else { throw .unknownState("before \(step.id)") }
    return state
  }

  func stateAfter(_ step: Step) throws(OperationError) -> RepositoryState {
    if let state = step.stateAfter { return state }
    if let present, step.start.worktree == worktree, try find(step.id)?.status == .running {
      return present
    }
    throw .unknownState("after \(step.id)")
  }

  /// Reads of some steps what an operation on them depends on.
  private func involved(_ ids: [StepID]) throws(OperationError) -> InvolvedSteps {
    guard ids.count > 2 else {
      return InvolvedSteps(
        ids: ids, steps: try inStore { () throws(StoreError) in try store.steps(ids) })
    }
    return try inStore { () throws(StoreError) in
      let withEffect = try store.stepsWithEffect(worktree: worktree)
      let between = withEffect.isEmpty ? [] : ids.dropFirst().dropLast().filter(withEffect.contains)
      return InvolvedSteps(
        ids: ids, steps: try store.steps([ids[0]] + between + [ids[ids.count - 1]]))
    }
  }

  private func line() throws(OperationError) -> StepLine {
    try inStore { () throws(StoreError) in StepLine(try store.stepLinks(worktree: worktree)) }
  }

  private func latestFinished() throws(OperationError) -> Step {
    var step = try lookup { () throws(StepLookupError) in try history.latest() }
    // A running step is on the line already, but not at its end.
    while let running = step, running.status == .running {
      guard let parent = running.parent else { throw .nothingToUndo }
      step = try find(parent)
    }
    guard let step else { throw .nothingToUndo }
    return step
  }

  func anyStep(_ reference: StepReference) throws(OperationError) -> Step {
    try lookup { () throws(StepLookupError) in try history.step(reference) }
  }

  private func ownStep(_ reference: StepReference) throws(OperationError) -> Step {
    let step = try anyStep(reference)
    guard step.start.worktree == worktree else {
      throw .otherWorktree(step.id, path: step.start.worktreePath)
    }
    if let within = step.start.enclosing { throw .enclosed(step.id, within: within) }
    return step
  }

  private func activeStep(_ reference: StepReference) throws(OperationError) -> Step {
    let step = try ownStep(reference)
    guard step.isActive else { throw .alreadyRolledBack(step.id) }
    return step
  }

  func find(_ id: StepID) throws(OperationError) -> Step? {
    do { return try store.step(id) } catch { throw .store(error) }
  }

  func inStore<Value>(
    _ body: () throws(StoreError) -> Value
  ) throws(OperationError) -> Value {
    do { return try body() } catch { throw .store(error) }
  }

  private func contested(_ steps: [Step]) throws(OperationError) -> Set<String> {
    guard steps.contains(where: { !$0.referenceMoves.isEmpty }) else { return [] }
    do {
      return try store.contestedReferences(of: steps.map(\.id))
    } catch {
      throw .store(error)
    }
  }

  private func latestOnStack(
    _ kinds: Set<OperationKind>
  ) throws(OperationError) -> Operation? {
    do {
      return try store.latestOnStack(worktree: worktree, kinds: kinds)
    } catch {
      throw .store(error)
    }
  }

  private func lookup<Value>(
    _ body: () throws(StepLookupError) -> Value
  ) throws(OperationError) -> Value {
    do {
      return try body()
    } catch .noSteps {
      throw .nothingToUndo
    } catch {
      throw .lookup(error)
    }
  }

  private static func title(_ ids: [StepID]) -> String {
    guard ids.count > 1, let first = ids.first, let last = ids.last else {
      return ids.first?.description ?? ""
    }
    if ids.count > 4 { return "\(first) to \(last)" }
    let names = ids.map(\.description)
    return "\(names.dropLast().joined(separator: ", ")) and \(last)"
  }
}

/// The steps that an operation is about.
struct InvolvedSteps {
  /// All of them, in the order of their numbers.
  var ids: [StepID]
  /// The first, the last, and those between them that changed something.
  var steps: [Step]
}

extension OperationGoal {
  /// Notes the steps that an exact operation takes out.
  fileprivate mutating func leave(_ involved: InvolvedSteps) {
    steps = involved.steps
    stepIDs = involved.ids
    last = involved.steps.last?.stateAfter
  }
}

extension ReferenceMove {
  /// The way back.
  package var reversed: ReferenceMove { ReferenceMove(name: name, old: new, new: old) }
}
