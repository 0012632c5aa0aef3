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

/// Finds what a request means in the history of its worktree.
package struct GoalResolver {
  private let repository: any StateRepository
  private let store: any StepReading & OperationStore
  private let history: StepHistory

  package init(
    repository: any StateRepository, store: any StepReading & OperationStore,
    history: StepHistory
  ) {
    self.repository = repository
    self.store = store
    self.history = history
  }

  private var worktree: String { repository.location.worktree }

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
    var goal = OperationGoal(
      kind: .undo, manner: .merge(base: base, touched: try await touched(chain)),
      target: try stateBefore(step), steps: chain, title: Self.title(chain))
    goal.deactivates = switched(chain, line, to: false)
    goal.references = StepLine.moves(through: chain).map(\.reversed)
    goal.stashes = chain.flatMap { $0.end?.droppedStashes ?? [] }
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
      goal.stashes = descendants.flatMap { $0.end?.droppedStashes ?? [] }
      goal.steps = descendants
    } else {
      let ancestry = line.rolledBackAncestry(of: step).filter { !isBefore || $0.id != step.id }
      let outside = line.activeOutsideAncestry(of: step)
      goal.activates = switched(ancestry, line, to: true)
      goal.deactivates = switched(outside, line, to: false)
      goal.references = StepLine.moves(outOf: outside, into: ancestry)
      goal.steps = outside
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

  // MARK: - Restore

  private func restore(
    _ source: RestoreSource, _ paths: [GitPath]
  ) async throws(OperationError) -> OperationGoal {
    switch source {
    case .after(let reference):
      let step = try anyStep(reference)
      return files(
        paths.isEmpty ? try await changedFiles(of: step) : paths, of: try stateAfter(step),
        title: "\(step.id)", step)
    case .before(let reference):
      let step = try anyStep(reference)
      return files(
        paths.isEmpty ? try await changedFiles(of: step, before: true) : paths,
        of: try stateBefore(step), title: "before \(step.id)", step)
    case .lost(let reference):
      let step = try anyStep(reference)
      let lost = (step.end?.lost ?? []).map(\.path)
      guard !lost.isEmpty else { throw .nothingToDo("\(step.id) destroyed no uncommitted work") }
      return files(
        paths.isEmpty ? lost : paths, of: try stateBefore(step), title: "lost in \(step.id)", step)
    case .operation(let id): return try restore(operation: id, paths)
    }
  }

  private func restore(
    operation id: OperationID, _ paths: [GitPath]
  ) throws(OperationError) -> OperationGoal {
    let found: Operation?
    do { found = try store.operation(id) } catch { throw .store(error) }
    guard let found, found.worktree == worktree else { throw .noSuchOperation(id) }
    guard let before = found.before else { throw .unknownState("before \(id)") }
    if found.kind == .restore, paths.isEmpty, let after = found.after {
      return OperationGoal(
        kind: .restore, manner: .merge(base: after, touched: nil), target: before, steps: [],
        title: "before \(id)")
    }
    let all = (found.plan?.files ?? []).filter { $0.change.old != nil }.map(\.path)
    return OperationGoal(
      kind: .restore, manner: .files(paths.isEmpty ? all : paths), target: before, steps: [],
      title: "before \(id)")
  }

  private func files(
    _ paths: [GitPath], of state: RepositoryState, title: String, _ step: Step
  ) -> OperationGoal {
    OperationGoal(
      kind: .restore, manner: .files(paths), target: state, steps: [step], title: title)
  }

  /// The files that a step changed and that are there in the state asked for.
  private func changedFiles(
    of step: Step, before isBefore: Bool = false
  ) async throws(OperationError) -> [GitPath] {
    let difference = try await difference(of: step)
    let paths = difference.files.filter { (isBefore ? $0.value.old : $0.value.new) != nil }
    guard !paths.isEmpty else {
      throw .nothingToDo(
        isBefore
          ? "\(step.id) changed no file that was there before" : "\(step.id) left no changed file")
    }
    return paths.keys.sorted()
  }

  // MARK: - Steps and states

  private func touched(_ steps: [Step]) async throws(OperationError) -> StateMerge.Touched {
    var touched = StateMerge.Touched()
    for step in steps { touched.add(try await difference(of: step)) }
    return touched
  }

  private func difference(of step: Step) async throws(OperationError) -> StateDifference {
    let (before, after) = (try stateBefore(step), try stateAfter(step))
    do {
      return try await repository.difference(from: before, to: after)
    } catch {
      throw .git(error)
    }
  }

  private func stateBefore(_ step: Step) throws(OperationError) -> RepositoryState {
    guard let state = step.stateBefore else { throw .unknownState("before \(step.id)") }
    return state
  }

  private func stateAfter(_ step: Step) throws(OperationError) -> RepositoryState {
    guard let state = step.stateAfter else { throw .unknownState("after \(step.id)") }
    return state
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

  private func anyStep(_ reference: StepReference) throws(OperationError) -> Step {
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

  private func find(_ id: StepID) throws(OperationError) -> Step? {
    do { return try store.step(id) } catch { throw .store(error) }
  }

  private func steps(from first: StepID) throws(OperationError) -> [Step] {
    do { return try store.steps(worktree: worktree, from: first) } catch { throw .store(error) }
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
