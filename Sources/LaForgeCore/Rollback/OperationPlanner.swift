/// Decides what an operation does: everything that can refuse it is found here, before the first
/// change.
package struct OperationPlanner {
  private let repository: any StateMover

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
    let difference = try await difference(from: now.state, to: goal.target)
    var plan: StatePlan
    switch goal.manner {
    case .exact: plan = try exact(goal, now, difference)
    case .merge(let base, let touched):
      plan = try await merge(goal, now, base: base, touched: touched)
    case .files(let paths): plan = try await files(paths, goal, now, difference)
    }
    plan.activates = goal.activates
    plan.deactivates = goal.deactivates
    plan.uncovered = now.leftOut
    removeSubmodules(from: &plan)
    try removeLeftOut(from: &plan, target: difference.leftOut.new, now: now)
    try await removeIgnored(from: &plan, target: goal.target)
    if goal.kind != .restore {
      try planReferences(in: &plan, goal, tips)
      try await planLeavingCommits(in: &plan)
    }
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
    let hasBisection = difference.progress.contains {
      Self.isBisection($0.key) && ($0.value.old == nil) != ($0.value.new == nil)
    }
    if hasBisection { throw .bisection }
    return plan
  }

  private func merge(
    _ goal: OperationGoal, _ now: CapturedState, base: RepositoryState,
    touched: StateMerge.Touched?
  ) async throws(OperationError) -> StatePlan {
    let wanted = try await difference(from: base, to: goal.target)
    let since = try await difference(from: base, to: now.state)
    guard since.head.new == base.head else {
      throw .headMoved(expected: base.head, actual: now.state.head)
    }
    guard since.progress.isEmpty else {
      throw .progressChanged(begun: since.progress.values.contains { $0.old == nil })
    }
    let merged = StateMerge(wanted: wanted, since: since, touched: touched).result
    guard merged.meeting.isEmpty else {
      throw .changedSince(steps: goal.steps.map(\.id), paths: merged.meeting)
    }
    var plan = StatePlan(
      from: now.state, head: Change(old: now.state.head, new: goal.target.head))
    plan.setFiles(merged.files)
    plan.setIndex(merged.index)
    plan.setProgress(wanted.progress)
    plan.kept = merged.kept
    let hasBisection = wanted.progress.contains {
      Self.isBisection($0.key) && ($0.value.old == nil) != ($0.value.new == nil)
    }
    if hasBisection { throw .bisection }
    return plan
  }

  private static func isBisection(_ path: GitPath) -> Bool {
    path == "BISECT_LOG" || path == "BISECT_START"
  }

  /// Some files of the target; a folder stands for all that is in it.
  private func files(
    _ paths: [GitPath], _ goal: OperationGoal, _ now: CapturedState,
    _ difference: StateDifference
  ) async throws(OperationError) -> StatePlan {
    var plan = StatePlan(from: now.state, head: Change(old: now.state.head, new: now.state.head))
    let found = try await inGit { () async throws(GitError) in
      try await repository.files(of: goal.target, at: paths)
    }
    for path in paths where !found.contains(where: { $0 == path || $0.isInside(path) }) {
      throw .notInState(path, state: goal.title)
    }
    // Files alone: what is staged stays staged.
    plan.setFiles(difference.files.filter { found.contains($0.key) && $0.value.new != nil })
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

  // MARK: - What is not covered

  /// What was left out is never touched: it stays where nothing else is wanted in its place, and
  /// refuses the operation where something is.
  private func removeLeftOut(
    from plan: inout StatePlan, target: [LeftOut], now: CapturedState
  ) throws(OperationError) {
    func covering(_ path: GitPath, _ leftOut: [LeftOut]) -> LeftOut? {
      leftOut.first { item in
        item.reason != .ignored && item.reason != .submodule
          && (item.path == path || path.isInside(item.path))
      }
    }
    plan.files.removeAll { edit in
      edit.change.new == nil && covering(edit.path, target) != nil
    }
    let blocked = plan.files.compactMap { covering($0.path, now.leftOut) }
    guard blocked.isEmpty else {
      throw .inTheWay(Array(Set(blocked)).sorted { $0.path < $1.path })
    }
  }

  /// What a submodule has checked out is its own; only the index says which commit belongs to a
  /// state.
  private func removeSubmodules(from plan: inout StatePlan) {
    let submodules = plan.files.filter {
      $0.change.old?.tracked.mode == .gitlink && $0.change.new?.tracked.mode == .gitlink
    }
    let known = Set(plan.uncovered.map(\.path))
    for edit in submodules where !known.contains(edit.path) {
      plan.uncovered.append(LeftOut(path: edit.path, reason: .submodule))
    }
    let paths = Set(submodules.map(\.path))
    plan.files.removeAll { paths.contains($0.path) }
  }

  /// Files that were ignored in the target are in no state of that time: they are not deleted only
  /// because a step has changed what is ignored.
  private func removeIgnored(
    from plan: inout StatePlan, target: RepositoryState
  ) async throws(OperationError) {
    guard plan.files.contains(where: { $0.path.name.elementsEqual(".gitignore".utf8) }) else {
      return
    }
    let staged = Set(plan.index.filter { $0.change.old?.staged != nil }.map(\.path))
    let candidates = plan.deleted.filter { !staged.contains($0) }
    guard !candidates.isEmpty else { return }
    let ignored = try await inGit { () async throws(GitError) in
      try await repository.ignored(candidates, in: target)
    }
    plan.files.removeAll { $0.change.new == nil && ignored.contains($0.path) }
  }

  /// Takes ignored files that would be overwritten into the state that the plan starts from.
  ///
  /// Undo and redo refuse where they would overwrite one with something else: nobody knows whether it
  /// was edited since.
  private func secure(
    _ plan: inout StatePlan, refusing goal: OperationGoal
  ) async throws(OperationError) {
    let frozen = plan
    let paths = try await inGit { () async throws(GitError) in
      try await repository.filesInTheWay(of: frozen)
    }
    guard !paths.isEmpty else { return }
    let extended = try await inGit { () async throws(GitError) in
      try await repository.extend(frozen.from, with: paths)
    }
    let unsaved = extended.leftOut.filter { paths.contains($0.path) }
    guard unsaved.isEmpty else { throw .inTheWay(unsaved) }
    let entries = try await difference(from: frozen.from, to: extended.state).files
    plan.from = extended.state
    var files = Dictionary(
      plan.files.map { ($0.path, $0.change) }, uniquingKeysWith: { $1 })
    if case .merge = goal.manner {
      let meeting = entries.filter { path, change in
        files[path].map { $0.new?.tracked.id != change.new?.tracked.id } ?? true
      }.keys
      guard meeting.isEmpty else {
        throw .changedSince(steps: goal.steps.map(\.id), paths: meeting.sorted())
      }
    }
    for (path, change) in entries {
      // What is wanted there takes its place; what is in the way of another goes.
      files[path] = Change(old: change.new, new: files[path]?.new)
    }
    plan.setFiles(files)
  }

  // MARK: - References

  private func planReferences(
    in plan: inout StatePlan, _ goal: OperationGoal, _ tips: ReferenceTips
  ) throws(OperationError) {
    let (old, new) = (plan.head.old ?? Head(branch: nil, commit: nil), goal.target.head)
    let own = tips.branches.merging(tips.others) { $1 }
    if let branch = new.branch, branch != old.branch {
      if tips.branchesElsewhere[branch] != nil { throw .checkedOutElsewhere(branch: branch) }
      let expected = goal.references.first { $0.name == branch }
      let present = own[branch]
      if goal.manner != .exact, present != new.commit, present != nil, present != expected?.old {
        throw .branchMoved(branch)
      }
      plan.references.append(ReferenceMove(name: branch, old: present, new: new.commit))
    }
    for move in goal.references where move.name != new.branch && move.old != move.new {
      let present = own[move.name]
      if present == move.new { continue }
      // What steps made stays, and what somebody else has moved since is theirs.
      let isCurrent = move.name == old.branch && old.branch == new.branch
      if isCurrent { continue }
      if present == move.old, move.new != nil, tips.branchesElsewhere[move.name] == nil {
        plan.references.append(move)
      } else if present != nil || tips.branchesElsewhere[move.name] != nil {
        plan.keptReferences.append(move.name)
      }
    }
    plan.references.removeAll { $0.old == $0.new }
    let stored = Set(tips.stash)
    plan.stashes = goal.stashes.filter { !stored.contains($0) }
  }

  private func planLeavingCommits(in plan: inout StatePlan) async throws(OperationError) {
    guard let old = plan.head.old, let new = plan.head.new, old.branch == new.branch,
      old.commit != new.commit
    else { return }
    let (commits, pushed) = try await inGit { () async throws(GitError) in
      try await repository.commitsLeaving(from: old.commit, to: new.commit)
    }
    plan.leavingCommits = commits
    plan.pushed = pushed
  }

  // MARK: - Errors

  private func difference(
    from old: RepositoryState, to new: RepositoryState
  ) async throws(OperationError) -> StateDifference {
    try await inGit { () async throws(GitError) in
      try await repository.difference(from: old, to: new)
    }
  }

  private func inGit<Value>(
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

extension GitPath {
  /// Whether the path lies below a folder, which may end with a slash.
  package func isInside(_ folder: GitPath) -> Bool {
    // The top of the working tree has no name.
    if folder.bytes.isEmpty { return true }
    let slash = UInt8(ascii: "/")
    let prefix = folder.bytes.last == slash ? folder.bytes : folder.bytes + [slash]
    return bytes.count > prefix.count && bytes.starts(with: prefix)
  }
}
