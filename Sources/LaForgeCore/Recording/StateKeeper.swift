/// Why a state could not be taken or kept.
package enum StateError: Error, Equatable, Sendable {
  case git(GitError)
  case store(StoreError)
}

extension StateError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .git(let error): error.description
    case .store(let error): error.description
    }
  }
}

/// Keeps alive what was recorded, and what a step might destroy.
package struct StateKeeper {
  let repository: any StateRepository
  let ledger: any StateLedger
  let clock: RecordingClock

  /// How many commits that a step orphaned are kept as bytes; of more, a reference stays.
  private static let orphanLimit = 2000

  package init(
    repository: any StateRepository, ledger: any StateLedger, clock: RecordingClock
  ) {
    self.repository = repository
    self.ledger = ledger
    self.clock = clock
  }

  /// Keeps states: their snapshots, and what operations in progress name.
  ///
  /// - Parameters:
  ///   - captured: A state as it was found.
  ///   - others: States that have the same operations in progress, or none.
  ///   - bases: Kept states that these are like.
  /// - Throws: `StateError`.
  package func keep(
    _ captured: CapturedState, with others: [RepositoryState] = [],
    like bases: [RepositoryState] = []
  ) async throws(StateError) {
    let snapshots = Set(([captured.state] + others).compactMap(\.snapshot))
    let commits = try await git { () async throws(GitError) in
      try await repository.unreachableCommits(
        from: Set(captured.commits), limit: Self.orphanLimit)
    }
    try await keep(
      KeepRequest(
        snapshots: snapshots, commits: Set(commits), bases: Set(bases.compactMap(\.snapshot))))
  }

  /// Keeps what is not kept yet, and puts the keep reference back if it was removed.
  func keep(_ request: KeepRequest) async throws(StateError) {
    let lock = try store { () throws(StoreError) in try ledger.lockKeepReference() }
    if try await keepMissing(request) == .unreadable {
      _ = try await rebuild()
      _ = try await keepMissing(request)
    }
    withExtendedLifetime(lock) {}
  }

  /// The caller holds the lock of the keep reference.
  private func keepMissing(_ request: KeepRequest) async throws(StateError) -> KeepOutcome {
    let (new, recorded) = try store { () throws(StoreError) in
      (try ledger.notKept(request.ids), try ledger.keepValue())
    }
    var missing = KeepRequest(
      snapshots: request.snapshots.intersection(new),
      commits: request.commits.intersection(new), tags: request.tags.intersection(new),
      bases: request.bases)
    if !missing.isEmpty {
      missing.records = try store { () throws(StoreError) in try ledger.unkeptRecords() }
    }
    let added = missing
    let outcome = try await git { () async throws(GitError) in
      try await repository.keep(added, recorded: recorded)
    }
    if case .kept(let generation) = outcome {
      try store { () throws(StoreError) in
        try ledger.recordKeep(generation, added.records, at: clock.now())
      }
    }
    return outcome
  }

  /// Keeps what the references reached when LaForge last looked and do not reach now, annotated
  /// tags and the stash: what somebody removes next is then recorded already.
  ///
  /// - Parameters:
  ///   - tips: The references now.
  ///   - head: HEAD now.
  ///   - progress: Commits that operations in progress name.
  /// - Returns: A commit that reaches all of these; `nil` in an empty repository.
  /// - Throws: `StateError`.
  package func takeIn(
    _ tips: ReferenceTips, head: Head, progress: [ObjectID] = []
  ) async throws(StateError) -> ObjectID? {
    var targets = tips.targets(head: head)
    for commit in progress { targets["progress \(commit)"] = commit }
    let last = try store { () throws(StoreError) in try ledger.lastTips() }
    if let last, last.targets == targets {
      // No reference protects it between the steps, so it may have been collected.
      let exists = try await git { () async throws(GitError) in
        try await repository.secure(last.commit)
      }
      if exists { return last.commit }
    }
    let known = Set((last?.targets ?? [:]).values)
    let present = Set(targets.values)
    let tags = try await git { () async throws(GitError) in
      try await repository.annotatedTags(among: Set(tips.others.values).subtracting(known))
    }
    let orphans = try await git { () async throws(GitError) in
      try await repository.unreachableCommits(
        from: known.subtracting(present).union(tips.stash), limit: Self.orphanLimit)
    }
    try await keep(KeepRequest(commits: Set(orphans), tags: tags))
    let commit = try await git { () async throws(GitError) in
      try await repository.makeProtectingCommit(
        of: targets.sorted { $0.key < $1.key }.map(\.value))
    }
    if let commit {
      try store { () throws(StoreError) in
        try ledger.recordTips(
          ProtectedTips(targets: targets, commit: commit), at: clock.now())
      }
    }
    return commit
  }

  /// Keeps what a step orphaned; its protection may be taken away then.
  ///
  /// - Parameters:
  ///   - step: The step that has ended.
  ///   - candidates: Commits that it may have orphaned: what the references named before, and
  ///     whatever it recorded.
  ///   - tips: The references now.
  ///   - head: HEAD now.
  ///   - progress: Commits that operations in progress name.
  /// - Throws: `StateError`; the protection must stay then.
  package func keepOrphans(
    of step: StepID, keeping candidates: Set<ObjectID>, tips: ReferenceTips, head: Head,
    progress: [ObjectID] = []
  ) async throws(StateError) {
    let orphans = try await git { () async throws(GitError) in
      try await repository.unreachableCommits(from: candidates, limit: Self.orphanLimit + 1)
    }
    if orphans.count > Self.orphanLimit {
      // Too many to be copied: a reference to all of them stays.
      try await git { () async throws(GitError) in
        try await repository.keepReachable(Array(candidates), for: step)
      }
      return
    }
    if !orphans.isEmpty { try await keep(KeepRequest(commits: Set(orphans))) }
    // What the step made is known from now on: somebody may amend it next.
    _ = try await takeIn(tips, head: head, progress: progress)
  }

  /// Takes the protection of a step away whose orphans are kept.
  package func unprotect(_ step: StepID) async throws(StateError) {
    try await git { () async throws(GitError) in try await repository.unprotect(step) }
  }

  /// Keeps what a step orphaned that its protecting reference still reaches, and takes the reference
  /// away.
  package func release(_ step: StepID, naming head: Head?) async throws(StateError) {
    let (candidates, tips, present) = try await git { () async throws(GitError) in
      (
        try await repository.protectedCommits(of: step), try await repository.referenceTips(),
        try await presentHead()
      )
    }
    try await keepOrphans(
      of: step, keeping: candidates.union([head?.commit].compactMap { $0 }), tips: tips,
      head: present)
    try await unprotect(step)
  }

  /// How references are now against how a step found them that still has its protection.
  ///
  /// - Returns: The moves, and the stash entries that are gone, the newest first; empty where somebody
  ///   has looked at the references since the step began.
  package func moves(
    during step: StepID
  ) async throws(StateError) -> (references: [ReferenceMove], stashes: [ObjectID]) {
    let last = try store { () throws(StoreError) in try ledger.lastTips() }
    let (commit, tips) = try await git { () async throws(GitError) in
      (try await repository.protectingCommit(of: step), try await repository.referenceTips())
    }
    guard let last, last.commit == commit else { return ([], []) }
    let stash = last.targets.filter { $0.key.hasPrefix("stash@") }
    let dropped = (0..<stash.count).compactMap { stash["stash@{\($0)}"] }
      .filter { !tips.stash.contains($0) }
    return (tips.moves(since: last.targets.filter { $0.key.hasPrefix("refs/") }), dropped)
  }

  private func presentHead() async throws(GitError) -> Head {
    do {
      return try await repository.head()
    } catch {
      throw GitError(code: .init(rawValue: -1), message: "HEAD cannot be read", function: "HEAD")
    }
  }

  func store<Value>(
    _ body: () throws(StoreError) -> Value
  ) throws(StateError) -> Value {
    do { return try body() } catch { throw .store(error) }
  }

  func git<Value>(_ body: () throws(GitError) -> Value) throws(StateError) -> Value {
    do { return try body() } catch { throw .git(error) }
  }

  func git<Value>(
    _ body: () async throws(GitError) -> Value
  ) async throws(StateError) -> Value {
    do { return try await body() } catch { throw .git(error) }
  }
}
