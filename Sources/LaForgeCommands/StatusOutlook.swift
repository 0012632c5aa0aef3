import LaForgeCore

/// What undo and redo would do now, and what is not covered.
struct StatusOutlook {
  var summary: UncommittedSummary
  /// The step that `undo` would take out first; `nil` for none.
  var undo: Int64?
  /// The operation that `redo` would reverse; `nil` for none.
  var redo: OperationID?
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
      redo = try session.latestRedoable()?.id
      guard let latest = try session.history?.latest(), latest.status != .running else { return }
      undo = latest.changedNothing ? nil : latest.id.rawValue
      if let after = latest.stateAfter {
        let difference = try await session.repository.difference(from: after, to: captured.state)
        changedSince = difference.files.keys.sorted()
      }
    } catch {
      // What could not be read is told by the commands that need it.
      undo = nil
    }
  }
}
