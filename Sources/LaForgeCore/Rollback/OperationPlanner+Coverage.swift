/// What a plan must not touch, and what it must save first.
extension OperationPlanner {
  /// What was left out is never touched: what the target says nothing of stays as it is, and what is
  /// not in the present state refuses the operation where something else is wanted in its place.
  func removeLeftOut(
    from plan: inout StatePlan, target: [LeftOut], now: [LeftOut]
  ) throws(OperationError) {
    let unknown = LeftOutPaths(target)
    let items = Set(plan.files.compactMap { unknown.covering($0.path) })
    if !items.isEmpty {
      plan.files.removeAll { unknown.covering($0.path) != nil }
      plan.uncovered += items.subtracting(plan.uncovered).sorted { $0.path < $1.path }
    }
    let present = LeftOutPaths(now)
    let blocked = Set(plan.files.compactMap { present.covering($0.path) })
    guard blocked.isEmpty else { throw .inTheWay(blocked.sorted { $0.path < $1.path }) }
  }

  /// What a submodule has checked out is its own; only the index says which commit belongs to a
  /// state.
  func removeSubmodules(from plan: inout StatePlan) {
    let submodules = plan.files.filter {
      $0.change.old?.tracked.mode == .gitlink && $0.change.new?.tracked.mode == .gitlink
    }
    let known = Set(plan.uncovered.map(\.path))
    for edit in submodules where !known.contains(edit.path) {
      plan.uncovered.append(LeftOut(path: edit.path, reason: .submoduleMoved))
    }
    let paths = Set(submodules.map(\.path))
    plan.files.removeAll { paths.contains($0.path) }
    // A repository that lies where a submodule is wanted is taken for it.
    let repositories = LeftOutPaths(plan.uncovered.filter { $0.reason == .nestedRepository })
    let present = plan.files.filter { edit in
      edit.change.new?.tracked.mode == .gitlink && repositories.covering(edit.path) != nil
    }
    plan.unwritten += present
    plan.files.removeAll(where: present.contains)
  }

  /// Files that the target did not cover are in no state of that time: they are not deleted only
  /// because the ignore rules or `laforge.include` are others since.
  func removeUncovered(
    from plan: inout StatePlan, target: RepositoryState, includes: Change<[String]>
  ) async throws(OperationError) {
    let changesRules =
      includes.old != includes.new
      || plan.files.contains { $0.path.name.elementsEqual(".gitignore".utf8) }
    guard changesRules else { return }
    let staged = Set(plan.index.filter { $0.change.old?.staged != nil }.map(\.path))
    let candidates = plan.deleted.filter { !staged.contains($0) }
    guard !candidates.isEmpty else { return }
    let uncovered = try await inGit { () async throws(GitError) in
      try await repository.uncovered(candidates, in: target)
    }
    plan.files.removeAll { $0.change.new == nil && uncovered.contains($0.path) }
    plan.uncovered += uncovered.sorted().map { LeftOut(path: $0, reason: .ignored) }
  }

  /// Files outside of a sparse checkout are not on disk, neither before nor after: only their index
  /// entries change.
  func separateSparse(in plan: inout StatePlan) async throws(OperationError) {
    let index = Dictionary(
      plan.index.map { ($0.path, $0.change) }, uniquingKeysWith: { $1 })
    let candidates = plan.files.filter { edit in
      guard let entry = index[edit.path] else { return false }
      // A file that differs from its index entry was written outside on purpose.
      return edit.change.old == entry.old?.staged.map { FileEntry($0) }
        && edit.change.new == entry.new?.staged.map { FileEntry($0) }
    }.map(\.path)
    guard !candidates.isEmpty else { return }
    let sparse = try await inGit { () async throws(GitError) in
      try await repository.outsideSparseCheckout(candidates)
    }
    guard !sparse.isEmpty else { return }
    plan.unwritten += plan.files.filter { sparse.contains($0.path) }
    plan.files.removeAll { sparse.contains($0.path) }
  }

  /// Takes ignored files that would be overwritten into the state that the plan starts from.
  ///
  /// Undo and redo refuse where they would overwrite one with something else: nobody knows whether it
  /// was edited since.
  func secure(
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
        throw .changedSince(steps: goal.stepIDs, paths: meeting.sorted())
      }
    }
    for (path, change) in entries {
      // What is wanted there takes its place; what is in the way of another goes.
      files[path] = Change(old: change.new, new: files[path]?.new)
    }
    plan.setFiles(files)
  }
}
