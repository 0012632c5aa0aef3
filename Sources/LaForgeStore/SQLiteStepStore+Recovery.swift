import Foundation
import GRDB
import Glibc
package import LaForgeCore
import SystemPackage

/// What the next changing command does about runs that could not record their own end.
extension SQLiteStepStore {
  package func closeInterruptedSteps(
    where isOver: (Step) -> Bool
  ) throws(StoreError) -> [StepID] {
    // Nearly always there are none, and then nothing is written.
    var dead: [Step] = []
    if try hasRunningSteps() {
      for step in try read(StepRow.fetchRunning) where try !isRecorderAlive(step.id) {
        if isOver(step) { dead.append(step) }
      }
    }
    if dead.isEmpty {
      try removeStaleLocks()
      return []
    }
    try write { database, changes in
      for step in dead {
        changes.note(step.id)
        try database.execute(
          sql: """
            UPDATE steps SET status = 'interrupted', ended_by = 'cut_off'
            WHERE id = ? AND status = 'running'
            """,
          arguments: [step.id.rawValue])
        try self.forgetBegun(step.id, database)
      }
    }
    try removeStaleLocks()
    return dead.map(\.id)
  }

  private func hasRunningSteps() throws(StoreError) -> Bool {
    try readOnce { database in
      try Bool.fetchOne(
        database, sql: "SELECT EXISTS (SELECT 1 FROM steps WHERE status = 'running')") ?? false
    }
  }

  package func stepAwaitingState(worktree: String) throws(StoreError) -> StepID? {
    try readOnce { database in
      try Int64.fetchOne(
        database,
        sql: """
          SELECT id FROM (
            SELECT id, status, state_after FROM steps
            WHERE worktree = ? AND active = 1 AND within_step_id IS NULL
            ORDER BY id DESC LIMIT 1)
          WHERE status = 'interrupted' AND state_after IS NULL
          """,
        arguments: [worktree])
    }.map(StepID.init(rawValue:))
  }

  /// Removes lock files that nobody holds: of steps just closed, and of a LaForge that died between
  /// its lock and its row or between its row and the removal of its lock.
  private func removeStaleLocks() throws(StoreError) {
    let files = try HeldRunLock.files(in: folder)
    guard !files.isEmpty else { return }
    let running = Set(try read(StepRow.fetchRunning).map(\.id))
    for id in files where !running.contains(id) {
      FileLock.removeIfFree(HeldRunLock.path(of: id, in: folder))
    }
  }

  /// Takes in a step that ended while the store could not be written.
  ///
  /// A step of this store is finished; one of a store that is gone (its `.git` was deleted) gets a
  /// new number. A record that was taken in before is known by its start, command and duration.
  package func adoptStep(_ step: Step) throws(StoreError) {
    guard let completion = step.end else {
      throw invalid("a spooled step has not ended")
    }
    try write { database, changes in
      if let known = try StepRow.fetch(step.id, database),
        known.start.startTime == step.start.startTime, known.start.command == step.start.command
      {
        // One that has ended was taken in before.
        if try self.finish(known.id, with: completion, database) { changes.note(known.id) }
        return
      }
      guard try !self.isKnown(step, completion, database) else { return }
      var start = step.start
      start.enclosing = nil
      _ = try self.insert(start, parent: try self.parent(of: start, database), database)
      let id = StepID(rawValue: database.lastInsertedRowID)
      _ = try self.finish(id, with: completion, database)
      changes.note(id)
    }
  }

  private func isKnown(
    _ step: Step, _ completion: StepCompletion, _ database: Database
  ) throws -> Bool {
    try Bool.fetchOne(
      database,
      sql: """
        SELECT EXISTS (
          SELECT 1 FROM steps WHERE start_time = ? AND command_json = ? AND duration_ms = ?)
        """,
      arguments: [
        step.start.startTime.description, try StepRow.json(step.start.command),
        completion.durationMilliseconds,
      ]) ?? false
  }
}
