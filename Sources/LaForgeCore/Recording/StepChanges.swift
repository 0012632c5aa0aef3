/// What a step did to its repository, read when it has ended.
package struct StepChanges {
  private let repository: any StateRepository
  private let before: CapturedState
  private let tipsBefore: ReferenceTips

  package init(
    repository: any StateRepository, before: CapturedState, tipsBefore: ReferenceTips
  ) {
    self.repository = repository
    self.before = before
    self.tipsBefore = tipsBefore
  }

  /// Fills in the part of a completion that is about the repository.
  ///
  /// - Parameters:
  ///   - completion: What is known of the end of the step.
  ///   - keep: Keeps a state alive.
  /// - Returns: What could not be read.
  func describe(
    in completion: inout StepCompletion, keep: (CapturedState) async throws(StateError) -> Void
  ) async -> [RecordWarning] {
    var warnings: [RecordWarning] = []
    let captured: CapturedState?
    do throws(RepositoryError) {
      completion.headAfter = try await repository.head()
    } catch {
      return [.repositoryUnreadable(error)]
    }
    do throws(GitError) {
      captured = try await repository.captureState()
    } catch {
      captured = nil
      warnings.append(.stateUnknown(.git(error)))
    }
    let uncovered = before.leftOut.map(\.path)
    let present = repository.onDisk(uncovered)
    let gone = uncovered.filter { !present.contains($0) }
    if !gone.isEmpty { warnings.append(.uncoveredGone(gone)) }
    if let captured {
      do throws(StateError) {
        try await keep(captured)
        completion.headAfter = captured.state.head
        completion.stateAfter = captured.state.snapshot == nil ? .clean : .snapshot
        completion.snapshotAfter = captured.state.snapshot
      } catch {
        warnings.append(.stateUnknown(error))
      }
    }
    do throws(GitError) {
      try await compare(captured, in: &completion)
    } catch {
      warnings.append(.changesUnknown(error))
    }
    return warnings
  }

  private func compare(
    _ captured: CapturedState?, in completion: inout StepCompletion
  ) async throws(GitError) {
    guard let head = completion.headAfter else { return }
    let tips = try await repository.referenceTips()
    let commits = try await repository.commitsMade(
      since: RepositoryPosition(head: before.state.head, tips: tipsBefore),
      until: RepositoryPosition(head: head, tips: tips))
    completion.commits = commits
    completion.referenceMoves = moves(to: tips)
    let stash = Set(tips.stash)
    completion.droppedStashes = tipsBefore.stash.filter { !stash.contains($0) }
    guard let captured else { return }
    guard captured.state != before.state else {
      completion.changes = ChangeSummary.none
      completion.lost = []
      return
    }
    completion.changes = try await repository.changes(
      from: try await repository.filesTree(of: before.state),
      to: try await repository.filesTree(of: captured.state))
    completion.lost = try await lost(
      after: captured.state, commits: commits,
      stashed: tips.stash.filter { !tipsBefore.stash.contains($0) })
  }

  private func lost(
    after: RepositoryState, commits: [ObjectID], stashed: [ObjectID]
  ) async throws(GitError) -> [LostWork] {
    guard before.state.snapshot != nil else { return [] }
    let clean = RepositoryState(head: before.state.head, snapshot: nil)
    let cleanAfter = RepositoryState(head: after.head, snapshot: nil)
    let search = LostWorkSearch(
      before: try await repository.difference(from: clean, to: before.state),
      after: try await repository.difference(from: cleanAfter, to: after),
      step: try await repository.difference(from: before.state, to: after),
      committed: try await repository.contents(introducedBy: commits + stashed))
    // A file that is ignored by now is in no state, but it is still there.
    let present = repository.onDisk(search.lost.filter { $0.kind == .deleted }.map(\.path))
    return search.lost.filter { $0.kind != .deleted || !present.contains($0.path) }
  }

  /// The references that are not where they were.
  ///
  /// A branch that another worktree has checked out, before or after, is that worktree's own, unless
  /// it is gone.
  private func moves(to after: ReferenceTips) -> [ReferenceMove] {
    after.moves(
      since: tipsBefore.branches.merging(tipsBefore.others) { $1 },
      elsewhere: tipsBefore.branchesElsewhere)
  }
}
