/// What a later command does about an operation that was cut off.
extension OperationRecovery {
  /// Finishes, or gives up, what was begun in this worktree and never ended.
  ///
  /// The caller holds the lock of the worktree.
  package func finishInterrupted() async throws(OperationError) -> [FinishedOperation] {
    let removedLocks = try await repository.removeAbandonedLocks()
    let open = try inStore { () throws(StoreError) in
      try store.openOperations(worktree: repository.location.worktree)
    }
    guard let operation = open.first else { return [] }
    for operation in open {
      try await repository.waitForChildren(of: operation.id)
      try await inGit { () async throws(GitError) in
        try repository.removeIndexLock(of: operation.id)
      }
    }
    // The others are attempts to finish the first.
    var finished = try await finishOrGiveUp(operation, after: Array(open.dropFirst()))
    finished.removedLocks = removedLocks
    return [finished]
  }

  /// Finishes an operation.
  ///
  /// One that needs objects which are gone is given up: otherwise it would block every later command.
  private func finishOrGiveUp(
    _ operation: Operation, after attempts: [Operation]
  ) async throws(OperationError) -> FinishedOperation {
    do throws(OperationError) {
      return try await finish(operation, after: attempts)
    } catch let failure {
      guard let obstacle = Self.lastingObstacle(failure) else { throw failure }
      let now = try await inGit { () async throws(GitError) in
        try await repository.captureState()
      }
      do throws(StateError) { try await keeper.keep(now) } catch {
        throw OperationRunner.error(error)
      }
      try close(attempts, at: now.state)
      try abandon(operation)
      var finished = FinishedOperation(operation: operation, isDone: false)
      finished.obstacle = obstacle
      return finished
    }
  }

  /// Why an operation can never be finished; `nil` for what may be otherwise the next time.
  private static func lastingObstacle(_ failure: OperationError) -> GitError? {
    switch failure {
    case .git(let error) where error.isMissingObject: error
    case .missingObjects(let paths):
      GitError(
        code: .missingObject,
        message: "the contents of \(paths.count) files are gone from the repository",
        function: "git read-tree")
    default: nil
    }
  }

  private func finish(
    _ operation: Operation, after attempts: [Operation]
  ) async throws(OperationError) -> FinishedOperation {
    guard let plan = operation.plan else {
      try abandon(operation)
      for attempt in attempts { try abandon(attempt) }
      return FinishedOperation(operation: operation, isDone: false)
    }
    let (now, goal, tips) = try await inGit { () async throws(GitError) in
      (
        try await repository.captureState(), try await repository.result(of: plan),
        try await repository.referenceTips()
      )
    }
    let head = now.state.head
    // The branch that HEAD is going to leave may have been moved by the plan itself.
    let isMovedByPlan = plan.references.contains { $0.name == head.branch && $0.new == head.commit }
    guard
      head == plan.head.new || head.commit == plan.head.old?.commit
        || head.commit == plan.head.new?.commit || isMovedByPlan
    else {
      // The user has committed since: that work is not moved.
      try close(attempts, at: now.state)
      try abandon(operation)
      return FinishedOperation(operation: operation, isDone: false)
    }
    var rest = try await planRest(of: plan, from: now, to: goal)
    rest.references = plan.references.filter { move in
      (tips.branches[move.name] ?? tips.others[move.name]) == move.old
    }
    rest.stashes = plan.stashes.filter { !tips.stash.contains($0) }
    let way = rest
    let result = try await inGit { () async throws(GitError) in
      try await repository.result(of: way)
    }
    guard !rest.changesNothing else {
      try close(attempts, at: now.state)
      _ = try await close(operation, reaching: result)
      return FinishedOperation(operation: operation, isDone: true)
    }
    // An attempt that was killed before it wrote anything is made once more.
    let again = attempts.last { $0.plan != nil && $0.before == rest.from }
    try close(attempts.filter { $0.id != again?.id }, at: now.state)
    let mixture = try await begin(rest, after: operation, again, now)
    let lock = try await repository.lockIndex(for: mixture.id)
    defer { lock.release() }
    try await apply(mixture, rest, to: result, holding: lock)
    _ = try await close(mixture, reaching: result)
    _ = try await close(operation, reaching: result)
    var finished = FinishedOperation(
      operation: operation, isDone: true, setAside: try await setAside(by: rest, plan),
      by: mixture.id)
    finished.fileCount = rest.files.count
    return finished
  }

  /// Records the finishing of an operation as one of its own, whose state before is the mixture.
  private func begin(
    _ rest: StatePlan, after operation: Operation, _ again: Operation?, _ now: CapturedState
  ) async throws(OperationError) -> Operation {
    var mixture: Operation
    if let again {
      mixture = again
    } else {
      mixture = try inStore { () throws(StoreError) in
        try store.beginOperation(
          // A restore is on no stack: `redo` does not lead back to the mixture.
          .restore, worktree: operation.worktree, title: "the rest of \(operation.id)",
          reverses: nil, at: clock.now())
      }
    }
    do throws(StateError) {
      try await keeper.keep(now, with: [rest.from], like: [operation.before].compactMap { $0 })
    } catch {
      throw OperationRunner.error(error)
    }
    try inStore { () throws(StoreError) in try store.recordPlan(rest, of: mixture.id) }
    mixture.before = rest.from
    mixture.plan = rest
    return mixture
  }

  /// What the mixture held that is in neither of the two states.
  private func setAside(
    by rest: StatePlan, _ plan: StatePlan
  ) async throws(OperationError) -> [GitPath] {
    let fromBefore = try await inGit { () async throws(GitError) in
      try await repository.difference(from: plan.from, to: rest.from)
    }
    return rest.files.filter { edit in
      edit.change.old != nil && fromBefore.files[edit.path]?.new != nil
    }.map(\.path)
  }

  /// Ends the attempts to finish an operation.
  private func close(
    _ attempts: [Operation], at state: RepositoryState
  ) throws(OperationError) {
    for attempt in attempts {
      if attempt.plan == nil || attempt.before == state {
        try abandon(attempt)
      } else {
        try inStore { () throws(StoreError) in
          try store.finishOperation(attempt, after: state, at: clock.now())
        }
      }
    }
  }
}
