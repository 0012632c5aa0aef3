/// Which files a restore brings back, and from where.
extension GoalResolver {
  func restore(
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
      var goal = files(
        paths.isEmpty ? lost : paths, of: try stateBefore(step), title: "lost in \(step.id)", step)
      goal.takesStaged = true
      return goal
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
}
