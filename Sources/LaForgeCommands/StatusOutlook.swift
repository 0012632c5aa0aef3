import LaForgeCore

/// What undo and redo would do now, and what is not covered.
struct StatusOutlook {
  /// Why `undo` would refuse.
  enum Refusal: Equatable {
    case headMoved
    /// The person has edited what would be taken back.
    case changedSince([GitPath])
  }

  var summary: UncommittedSummary
  /// The step that `undo` would take out first; `nil` for none.
  var undo: StepID?
  /// The redo that `undo` would take back instead.
  var takesBack: Operation?
  var refusal: Refusal?
  /// How many of the person's files `undo` would keep.
  var kept = 0
  /// The latest step that changed something, where the latest of all did not.
  var latestThatDid: StepID?
  /// The operation that `redo` would reverse; `nil` for none.
  var redo: Operation?
  /// Files that are not as the latest step left them.
  var changedSince: [GitPath]
  var leftOut: [LeftOut]
}

extension StatusOutlook {
  /// Takes the present state, which nothing keeps.
  ///
  /// `nil` where it cannot be taken, as in a repository that this user may not write: what else
  /// there is to say is still said.
  init?(_ session: ReadingSession) async {
    let captured: CapturedState
    do {
      captured = try await session.repository.captureState()
    } catch {
      return nil
    }
    summary = captured.summary
    leftOut = captured.leftOut
    changedSince = []
    do {
      redo = try session.latestOnStack([.undo, .rollback])
      guard let latest = try session.history?.latest(), latest.status != .running else { return }
      let stacked = try session.latestOnStack([.undo, .rollback, .redo])
      takesBack = stacked?.kind == .redo ? stacked : nil
      if latest.changedNothing, takesBack == nil {
        latestThatDid = try session.history?.latestThatDid()
      } else {
        undo = latest.id
      }
      try await look(from: captured.state, back: latest, in: session.repository)
    } catch {
      // What could not be read is told by the commands that need it.
      undo = nil
    }
  }

  /// Finds what `undo` would keep, and what would make it refuse.
  private mutating func look(
    from now: RepositoryState, back latest: Step, in repository: any StateRepository
  ) async throws {
    guard let after = latest.stateAfter else { return }
    let since = try await repository.difference(from: after, to: now)
    changedSince = since.files.keys.sorted()
    guard undo != nil, let base = takesBack?.after ?? latest.stateAfter,
      let target = takesBack?.before ?? latest.stateBefore
    else { return }
    if base.head != now.head {
      refusal = .headMoved
      return
    }
    let wanted = try await repository.difference(from: base, to: target)
    let later = base == after ? since : try await repository.difference(from: base, to: now)
    let merged = StateMerge(wanted: wanted, since: later, touched: nil).result
    kept = merged.kept.count
    if !merged.meeting.isEmpty { refusal = .changedSince(merged.meeting) }
  }
}

extension StepHistory {
  /// The latest active step that changed something, as far back as a person would look.
  fileprivate func latestThatDid() throws(StepLookupError) -> StepID? {
    try steps(includesAll: false, limit: 100).first { !$0.changedNothing }?.id
  }
}
