/// Decides what an operation does: everything that can refuse it is found here, before the first
/// change.
package struct OperationPlanner {
  let repository: any StateMover

  package init(repository: any StateMover) {
    self.repository = repository
  }

  /// Plans the way from the present state to a goal.
  ///
  /// - Parameters:
  ///   - goal: Where to go.
  ///   - now: The present state.
  ///   - tips: The references now.
  /// - Returns: The plan; ignored files in its way are in the state that it starts from.
  /// - Throws: `OperationError` for every refusal.
  package func plan(
    for goal: OperationGoal, from now: CapturedState, tips: ReferenceTips
  ) async throws(OperationError) -> StatePlan {
    var now = now
    if let last = goal.last {
      let wanted = try await difference(from: last, to: goal.target)
      now.state = try await covering(wanted, from: last, now).from
    }
    let difference = try await difference(from: now.state, to: goal.target)
    var plan: StatePlan
    switch goal.manner {
    case .exact: plan = try exact(goal, now, difference)
    case .rest(let other): plan = try exact(goal, now, difference.limited(to: other))
    case .merge(let base, let touched):
      plan = try await merge(goal, now, base: base, touched: touched)
      for state in goal.alongside {
        let later = try await self.difference(from: state, to: now.state)
        plan.kept.removeAll { later.files[$0] == nil && later.index[$0] == nil }
      }
    case .files(let paths): plan = try await files(paths, goal, now, difference)
    }
    plan.activates = goal.activates
    plan.deactivates = goal.deactivates
    plan.uncovered = now.leftOut
    removeSubmodules(from: &plan)
    try removeLeftOut(from: &plan, target: difference.leftOut.new ?? [], now: now.leftOut)
    try await removeUncovered(from: &plan, target: goal.target, includes: difference.includes)
    try await separateSparse(in: &plan)
    if goal.kind != .restore {
      try planReferences(in: &plan, goal, tips)
      try await planLeavingCommits(in: &plan, of: goal.steps)
    }
    plan.overtaken = (plan.written + plan.deleted).filter(goal.editedBetween.contains).sorted()
    try await secure(&plan, refusing: goal)
    let missing = try await inGit { () async throws(GitError) in
      try await repository.missingContents(of: plan)
    }
    guard missing.isEmpty else { throw .missingObjects(missing) }
    return plan
  }

  // MARK: - Manners

  private func exact(
    _ goal: OperationGoal, _ now: CapturedState, _ difference: StateDifference
  ) throws(OperationError) -> StatePlan {
    var plan = StatePlan(
      from: now.state, head: Change(old: now.state.head, new: goal.target.head))
    plan.setFiles(difference.files)
    plan.setIndex(difference.index)
    plan.setProgress(difference.progress)
    try refuseBisection(in: plan)
    return plan
  }

  private func merge(
    _ goal: OperationGoal, _ now: CapturedState, base: RepositoryState,
    touched: StateMerge.Touched?
  ) async throws(OperationError) -> StatePlan {
    let wanted = try await difference(from: base, to: goal.target)
    let (from, since) = try await covering(wanted, from: base, now)
    guard since.head.new == base.head else {
      throw .headMoved(expected: base.head, actual: now.state.head)
    }
    guard since.progress.isEmpty else {
      throw .progressChanged(begun: since.progress.values.contains { $0.old == nil })
    }
    let merged = StateMerge(wanted: wanted, since: since, touched: touched).result
    guard merged.meeting.isEmpty else {
      throw .changedSince(steps: goal.stepIDs, paths: merged.meeting)
    }
    var plan = StatePlan(
      from: from, head: Change(old: now.state.head, new: goal.target.head))
    plan.setFiles(merged.files)
    plan.setIndex(merged.index)
    plan.setProgress(wanted.progress)
    plan.kept = merged.kept
    plan.keptStaged = merged.keptStaged
    try refuseBisection(in: plan)
    return plan
  }

  /// Returns the present state, and what it is from a base, with files in it that are ignored by now
  /// and were not: they are not gone.
  private func covering(
    _ wanted: StateDifference, from base: RepositoryState, _ now: CapturedState
  ) async throws(OperationError) -> (from: RepositoryState, since: StateDifference) {
    let since = try await difference(from: base, to: now.state)
    let gone = wanted.files.filter { $0.value.old != nil && since.files[$0.key] != nil }
      .keys.filter { since.files[$0]?.new == nil }
    let hidden = repository.onDisk(gone).sorted()
    guard !hidden.isEmpty else { return (now.state, since) }
    let extended = try await inGit { () async throws(GitError) in
      try await repository.extend(now.state, with: hidden)
    }
    return (extended.state, try await difference(from: base, to: extended.state))
  }

  /// The references of a bisection are in no state.
  private func refuseBisection(in plan: StatePlan) throws(OperationError) {
    let isBisection = plan.progress.contains { edit in
      (edit.path == "BISECT_LOG" || edit.path == "BISECT_START")
        && (edit.change.old == nil) != (edit.change.new == nil)
    }
    if isBisection { throw .bisection }
  }

  /// Some files of the target; a folder stands for all that is in it.
  private func files(
    _ paths: [GitPath], _ goal: OperationGoal, _ now: CapturedState,
    _ difference: StateDifference
  ) async throws(OperationError) -> StatePlan {
    var plan = StatePlan(from: now.state, head: Change(old: now.state.head, new: now.state.head))
    var found = try await inGit { () async throws(GitError) in
      try await repository.files(of: goal.target, at: paths)
    }
    var staged: [GitPath: TrackedEntry] = [:]
    if goal.takesStaged {
      let absent = paths.filter { !found.contains($0) }
      staged = try await inGit { () async throws(GitError) in
        try await repository.staged(in: goal.target, at: absent)
      }
      found.formUnion(staged.keys)
    }
    let known = PathIndex(found)
    for path in paths where !known.holds(path) {
      throw .notInState(path, state: goal.title)
    }
    // Files alone: what is staged stays staged.
    var changes = difference.files.filter { found.contains($0.key) && $0.value.new != nil }
    for (path, entry) in staged {
      changes[path] = Change(old: difference.files[path]?.old, new: FileEntry(entry))
    }
    plan.setFiles(changes)
    guard !plan.files.isEmpty else {
      throw .nothingToDo("the files are as they were already")
    }
    let staying = difference.files.filter { $0.value.new == nil || !found.contains($0.key) }
      .filter { $0.value.old != nil }.keys
    let folders = Set(staying.flatMap(\.parents))
    let blocked = plan.written.filter { path in
      folders.contains(path) || path.parents.contains(where: staying.contains)
    }
    guard blocked.isEmpty else { throw .changedSince(steps: [], paths: blocked) }
    return plan
  }

  // MARK: - Errors

  func difference(
    from old: RepositoryState, to new: RepositoryState
  ) async throws(OperationError) -> StateDifference {
    try await inGit { () async throws(GitError) in
      try await repository.difference(from: old, to: new)
    }
  }

  func inGit<Value>(
    _ body: () async throws(GitError) -> Value
  ) async throws(OperationError) -> Value {
    do { return try await body() } catch { throw .git(error) }
  }
}

extension StatePlan {
  mutating func setFiles(_ changes: [GitPath: Change<FileEntry>]) {
    files = changes.filter { $0.value.old != $0.value.new }
      .map { FileEdit(path: $0.key, change: $0.value) }.sorted { $0.path < $1.path }
  }

  mutating func setIndex(_ changes: [GitPath: Change<IndexEntry>]) {
    index = changes.map { IndexEdit(path: $0.key, change: $0.value) }
      .sorted { $0.path < $1.path }
  }

  mutating func setProgress(_ changes: [GitPath: Change<ObjectID>]) {
    progress = changes.map { ProgressEdit(path: $0.key, change: $0.value) }
      .sorted { $0.path < $1.path }
  }
}
