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
    let line = StepLine(try steps(from: step.id))
    let chain = line.activeDescendants(of: step.id)
    let last = chain.max { ($0.end?.endTime ?? $0.createdAt) < ($1.end?.endTime ?? $1.createdAt) }
    let base = try stateAfter(last ?? step)
    let others = try alongside(chain)
    var goal = OperationGoal(
      kind: .undo, manner: .merge(base: base, touched: try await touched(chain, beside: others)),
      target: try stateBefore(step), steps: chain, title: Self.title(chain))
    goal.deactivates = switched(chain, line, to: false)
    goal.references = StepLine.moves(through: chain).map(\.reversed)
    goal.stashes = chain.flatMap(\.droppedStashes)
    goal.contested = try contested(chain)
    goal.alongside = others.compactMap(\.stateAfter)
    goal.editedBetween = try await editedBetween(chain)
    return goal
  }

  /// The files that somebody edited after one step of a line and before the next.
  private func editedBetween(_ chain: [Step]) async throws(OperationError) -> Set<GitPath> {
    var paths: Set<GitPath> = []
    for (earlier, later) in zip(chain, chain.dropFirst()) where later.parent == earlier.id {
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
    var current = step
    while let parent = current.parent, let next = try find(parent) {
      if !next.changedNothing { return next.isActive ? next.id : nil }
      current = next
    }
    return nil
  }

  // MARK: - Rollback

  private func rollback(
    _ reference: StepReference?, toBefore: Bool
  ) throws(OperationError) -> OperationGoal {
    let step: Step
    if let reference { step = try ownStep(reference) } else { step = try latestFinished() }
    let isBefore = toBefore || reference == nil
    let line = StepLine(try steps(from: StepID(rawValue: 1)))
    let target = isBefore ? try stateBefore(step) : try stateAfter(step)
    var goal = OperationGoal(
      kind: .rollback, manner: .exact, target: target, steps: [step],
      title: isBefore ? "to before \(step.id)" : "to \(step.id)")
    if step.isActive {
      let descendants = line.activeDescendants(of: step.id).filter { isBefore || $0.id != step.id }
      goal.deactivates = switched(descendants, line, to: false)
      goal.references = StepLine.moves(through: descendants).map(\.reversed)
      goal.contested = try contested(descendants)
      goal.stashes = descendants.flatMap(\.droppedStashes)
      goal.steps = descendants
      goal.last = descendants.last?.stateAfter
    } else {
      let ancestry = line.rolledBackAncestry(of: step).filter { !isBefore || $0.id != step.id }
      let outside = line.activeOutsideAncestry(of: step)
      goal.activates = switched(ancestry, line, to: true)
      goal.deactivates = switched(outside, line, to: false)
      goal.references = StepLine.moves(outOf: outside, into: ancestry)
      goal.contested = try contested(outside + ancestry)
      goal.steps = outside
      goal.last = outside.last?.stateAfter
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
    let line = StepLine(try steps(from: StepID(rawValue: 1)))
    let ancestry = line.rolledBackAncestry(of: step)
    let outside = line.activeOutsideAncestry(of: step)
    let latest = try lookup { () throws(StepLookupError) in try history.latest() }
    // The present recorded state: that after the latest step on the line.
    let base: RepositoryState
    if let latest { base = try stateAfter(latest) } else { base = try stateBefore(ancestry[0]) }
    var goal = OperationGoal(
      kind: .redo, manner: .merge(base: base, touched: nil), target: try stateAfter(step),
      steps: ancestry,
      title: Self.title(ancestry))
    goal.activates = switched(ancestry, line, to: true)
    goal.deactivates = switched(outside, line, to: false)
    goal.references = StepLine.moves(outOf: outside, into: ancestry)
    goal.contested = try contested(outside + ancestry)
    return goal
  }

  private func reverse(
    _ operation: Operation, as kind: OperationKind
  ) throws(OperationError) -> OperationGoal {
    guard let before = operation.before, let after = operation.after, let plan = operation.plan
    else { throw .unknownState("before \(operation.id)") }
    var steps: [Step] = []
    for id in plan.deactivates + plan.activates {
      if let step = try find(id), step.start.enclosing == nil { steps.append(step) }
    }
    var goal = OperationGoal(
      kind: kind, manner: .merge(base: after, touched: nil), target: before, steps: steps,
      title: "\(operation.id) (\(operation.kind.rawValue) \(operation.title))")
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

  /// The steps to switch, those that ran within them included.
  private func switched(_ steps: [Step], _ line: StepLine, to isActive: Bool) -> [StepID] {
    let all = steps + line.enclosed(in: steps.map(\.id))
    return all.filter { $0.isActive != isActive }.map(\.id).sorted()
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

  private func steps(from first: StepID) throws(OperationError) -> [Step] {
    do { return try store.steps(worktree: worktree, from: first) } catch { throw .store(error) }
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

  private static func title(_ steps: [Step]) -> String {
    let names = steps.map(\.id.description)
    guard names.count > 1, let last = names.last else { return names.first ?? "" }
    return names.count > 4
      ? "\(names[0]) to \(last)" : "\(names.dropLast().joined(separator: ", ")) and \(last)"
  }
}

extension ReferenceMove {
  /// The way back.
  package var reversed: ReferenceMove { ReferenceMove(name: name, old: new, new: old) }
}
