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
  private let repository: any StateRepository
  private let ledger: any StateLedger
  private let clock: RecordingClock

  /// How many commits that a step orphaned are kept as bytes; of more, a reference stays.
  private static let orphanLimit = 2000
  private static let millisecondsOfADay: Int64 = 86_400_000

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
  /// - Throws: `StateError`.
  package func keep(
    _ captured: CapturedState, with others: [RepositoryState] = []
  ) async throws(StateError) {
    let snapshots = Set(([captured.state] + others).compactMap(\.snapshot))
    let commits = try await git { () async throws(GitError) in
      try await repository.unreachableCommits(
        from: Set(captured.commits), limit: Self.orphanLimit)
    }
    try await keep(KeepRequest(snapshots: snapshots, commits: Set(commits)))
  }

  /// Keeps what is not kept yet, and puts the keep reference back where it was removed.
  func keep(_ request: KeepRequest) async throws(StateError) {
    if try await keepMissing(request) { _ = try await keepMissing(request) }
  }

  /// Returns whether it must be done once more.
  private func keepMissing(_ request: KeepRequest) async throws(StateError) -> Bool {
    let new = try store { () throws(StoreError) in try ledger.notKept(request.ids) }
    var missing = KeepRequest(
      snapshots: request.snapshots.intersection(new),
      commits: request.commits.intersection(new), tags: request.tags.intersection(new))
    let lock = try store { () throws(StoreError) in try ledger.lockKeepReference() }
    let recorded = try store { () throws(StoreError) in try ledger.keepValue() }
    if !missing.isEmpty {
      missing.records = try store { () throws(StoreError) in try ledger.unkeptRecords() }
    }
    let records = missing.records
    let generation = try await git { () async throws(GitError) in
      try await repository.keep(missing, recorded: recorded)
    }
    if let generation {
      try store { () throws(StoreError) in
        try ledger.recordKeep(generation, records, at: clock.now())
      }
    }
    withExtendedLifetime(lock) {}
    // What was thought to be kept may be gone with the rest.
    if let generation, generation.isIncomplete, missing.ids != request.ids { return true }
    return false
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
      // Nothing holds it between the steps, so it may have been collected.
      let exists = try await git { () async throws(GitError) in
        try await repository.exists(last.commit)
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

  /// Removes objects of LaForge's own that were superseded more than a day ago.
  package func tidy() async throws(StateError) {
    let time = clock.now().millisecondsSince1970 - Self.millisecondsOfADay
    let due = try store { () throws(StoreError) in
      try ledger.takeSuperseded(before: Timestamp(millisecondsSince1970: time))
    }
    guard !due.isEmpty else { return }
    try await git { () async throws(GitError) in
      // The reference of a step that has ended may still be there, and must lead somewhere.
      var named: Set<ObjectID> = []
      for step in repository.protectedSteps() {
        if let commit = try await repository.protectingCommit(of: step) { named.insert(commit) }
      }
      try repository.removeSuperseded(due.filter { !named.contains($0) })
    }
  }

  private func store<Value>(
    _ body: () throws(StoreError) -> Value
  ) throws(StateError) -> Value {
    do { return try body() } catch { throw .store(error) }
  }

  private func git<Value>(
    _ body: () async throws(GitError) -> Value
  ) async throws(StateError) -> Value {
    do { return try await body() } catch { throw .git(error) }
  }
}
