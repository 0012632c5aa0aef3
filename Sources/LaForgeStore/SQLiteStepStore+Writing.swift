import Foundation
import GRDB
import Glibc
public import LaForgeCore
import Synchronization
import SystemPackage

extension SQLiteStepStore {
  /// Inserts a running step whose parent is the latest finished active step of its worktree.
  ///
  /// It is committed when this returns. The store holds the step's lock until it is finished or
  /// this process ends; a running step that nobody holds is shown as cut off.
  ///
  /// - Throws: `StoreError` of code `invalidStep` where the project id or the worktree is empty or
  ///   `enclosing` names no step.
  public func createStep(_ step: NewStep) throws(StoreError) -> Step {
    try createStep(step, parent: nil)
  }

  /// Inserts a running step with the given parent.
  ///
  /// - Parameters:
  ///   - step: The step.
  ///   - parent: The parent; `nil` takes the latest finished active step of the worktree, or none
  ///     for a step within another.
  /// - Returns: The step with its number.
  /// - Throws: `StoreError` of code `invalidStep` also where the parent does not exist.
  public func createStep(_ step: NewStep, parent: StepID?) throws(StoreError) -> Step {
    try createStep(step, parent: parent, begun: nil)
  }

  func createStep(
    _ step: NewStep, parent: StepID?, begun: BegunStep.Baseline?
  ) throws(StoreError) -> Step {
    try validate(step)
    var locked: StepID?
    do throws(StoreError) {
      return try insertRunning(step, parent: parent, begun, locked: &locked)
    } catch {
      // The row was rolled back; its number will be used again.
      if let locked { releaseLock(of: locked) }
      throw error
    }
  }

  private func insertRunning(
    _ step: NewStep, parent: StepID?, _ begun: BegunStep.Baseline?, locked: inout StepID?
  ) throws(StoreError) -> Step {
    try write { database, changes in
      let parent = try parent ?? self.parent(of: step, database)
      try self.requireStep(parent, as: "parent", database)
      try self.requireStep(step.enclosing, as: "enclosing step", database)
      let createdAt = try self.insert(step, parent: parent, database)
      let id = StepID(rawValue: database.lastInsertedRowID)
      // Taken before the commit: whoever sees the row finds it locked.
      let lock = try HeldRunLock(id, in: self.folder)
      self.runLocks.withLock { $0[id] = lock }
      locked = id
      if let begun { try self.insert(begun, of: id, database) }
      let overlaps = try self.markOverlaps(of: id, step, database)
      // After a run there is nothing to redo: it has gone another way.
      if step.enclosing == nil {
        let redoable = try Int64.fetchAll(
          database, sql: "SELECT id FROM operations WHERE worktree = ? AND is_redoable",
          arguments: [step.worktree])
        for operation in redoable {
          try self.setRedoable(operation, false, database, &changes)
        }
      }
      for id in [id] + overlaps { changes.note(id) }
      return Step(
        id: id, start: step, isActive: true, parent: parent, status: .running, end: nil,
        overlaps: overlaps, createdAt: createdAt)
    }
  }

  /// Records the end of a running step in one transaction, and releases its lock.
  ///
  /// - Throws: `StoreError` of code `noSuchStep`, `alreadyFinished`, or `invalidStep` where the
  ///   step would end before it started.
  public func finishStep(
    _ id: StepID, with completion: StepCompletion
  ) throws(StoreError) {
    try write { database, changes in
      changes.note(id)
      guard try self.finish(id, with: completion, database) else {
        try self.requireStep(id, database)
        throw StoreError(
          code: .alreadyFinished, message: "\(id) has already ended",
          path: self.folder.database.string)
      }
    }
    releaseLock(of: id)
  }

  func releaseLock(of id: StepID) {
    runLocks.withLock { $0.removeValue(forKey: id) }?.remove()
  }

  /// Takes one step off its line; its descendants stay.
  ///
  /// - Throws: `StoreError` of code `noSuchStep`.
  public func deactivateStep(_ id: StepID) throws(StoreError) {
    try write { database, changes in
      try database.execute(
        sql: "UPDATE steps SET active = FALSE WHERE id = ?", arguments: [id.rawValue])
      changes.note(.activity(false, ids: [id.rawValue]))
      if database.changesCount == 0 { throw self.noSuchStep(id) }
    }
  }

  /// Takes a step and all that descend from it through their parents off the line.
  ///
  /// - Returns: The steps that were active until now, in the order of their numbers.
  /// - Throws: `StoreError` of code `noSuchStep`.
  @discardableResult
  public func deactivateStepAndDescendants(_ id: StepID) throws(StoreError) -> [StepID] {
    try write { database, changes in
      try self.requireStep(id, database)
      let line = """
        WITH RECURSIVE line(id) AS (
          VALUES (?) UNION
          SELECT steps.id FROM steps JOIN line
            ON steps.parent_step_id = line.id OR steps.within_step_id = line.id)
        """
      let ids = try Int64.fetchAll(
        database,
        sql: "\(line) SELECT id FROM steps WHERE active AND id IN line ORDER BY id",
        arguments: [id.rawValue])
      try database.execute(
        sql: "\(line) UPDATE steps SET active = FALSE WHERE active AND id IN line",
        arguments: [id.rawValue])
      if !ids.isEmpty { changes.note(.activity(false, ids: ids)) }
      return ids.map(StepID.init(rawValue:))
    }
  }

  /// Notes how many bytes the outputs of steps take on disk; `nil` for one that was removed to make
  /// room.
  package func recordOutputSizes(_ sizes: [StepID: Int64?]) throws(StoreError) {
    try write { database, changes in
      for (id, size) in sizes.sorted(by: { $0.key < $1.key }) {
        changes.note(
          .set(
            "steps", id: id.rawValue,
            columns: [("output_disk_bytes", size?.databaseValue ?? .null)]))
        try database.execute(
          sql: "UPDATE steps SET output_disk_bytes = ? WHERE id = ?",
          arguments: [size, id.rawValue])
      }
    }
  }

  // MARK: - Rules

  private func validate(_ step: NewStep) throws(StoreError) {
    if step.projectID.isEmpty { throw invalid("a step needs a project id") }
    if step.worktree.isEmpty { throw invalid("a step needs a worktree") }
  }

  private func requireStep(_ id: StepID?, as role: String, _ database: Database) throws {
    guard let id, try !exists(id, database) else { return }
    throw invalid("the \(role) \(id) does not exist")
  }

  private func requireStep(_ id: StepID, _ database: Database) throws {
    if try !exists(id, database) { throw noSuchStep(id) }
  }

  private func exists(_ id: StepID, _ database: Database) throws -> Bool {
    try Bool.fetchOne(
      database, sql: "SELECT EXISTS (SELECT 1 FROM steps WHERE id = ?)",
      arguments: [id.rawValue]) ?? false
  }

  func invalid(_ message: String) -> StoreError {
    StoreError(code: .invalidStep, message: message, path: folder.database.string)
  }

  func noSuchStep(_ id: StepID) -> StoreError {
    StoreError(
      code: .noSuchStep, message: "there is no step \(id)", path: folder.database.string)
  }

  // MARK: - Statements

  func parent(of step: NewStep, _ database: Database) throws -> StepID? {
    guard step.enclosing == nil else { return nil }
    return try Int64.fetchOne(
      database,
      sql: """
        SELECT id FROM steps
        WHERE worktree = ? AND active = 1 AND status <> 'running' AND within_step_id IS NULL
        ORDER BY id DESC LIMIT 1
        """,
      arguments: [step.worktree]
    ).map(StepID.init(rawValue:))
  }

  func insert(
    _ step: NewStep, parent: StepID?, _ database: Database
  ) throws -> Timestamp {
    let createdAt = step.startTime
    try database.execute(
      sql: """
        INSERT INTO steps (
          parent_step_id, commit_sha_before, agent_config_json, start_time, project_id,
          created_at, status, worktree, worktree_path, directory, within_step_id, label,
          command_json, branch_before, state_before, agent_pid, agent_start_ticks, agent_machine,
          agent_leads_group, snapshot_before, left_out_json)
        VALUES (?, ?, ?, ?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        parent?.rawValue, step.headBefore.commit?.hex ?? ObjectID.nullHex,
        try StepRow.json(step.agentConfiguration), step.startTime.description, step.projectID,
        createdAt.description, step.worktree, step.worktreePath, step.directory,
        step.enclosing?.rawValue, step.label, try StepRow.json(step.command),
        step.headBefore.branch, step.stateBefore.rawValue, step.agentProcess?.pid,
        // SQLite's integers are signed; ticks since boot do not reach the sign.
        step.agentProcess.map { Int64(clamping: $0.startTicks) }, step.agentProcess?.machine,
        step.agentProcess?.leadsGroup ?? true,
        step.snapshotBefore?.hex, try step.leftOut.map { try StepRow.json($0) },
      ])
    return createdAt
  }

  /// Returns false where the step has already ended or does not exist.
  func finish(
    _ id: StepID, with completion: StepCompletion, _ database: Database
  ) throws -> Bool {
    var exitCode: Int32?
    var signal: Int32?
    switch completion.termination {
    case .exited(let status): exitCode = status
    case .signaled(let number): signal = number
    case .reported: break
    }
    let usage = try completion.tokenUsage.map { try StepRow.json($0) } ?? "{}"
    try database.execute(
      sql: """
        UPDATE steps SET
          status = ?, ended_by = ?, exit_code = ?, signal = ?, end_time = ?, duration_ms = ?,
          commit_sha_after = ?, branch_after = ?, state_after = ?, commit_count = ?,
          files_changed = ?, insertions = ?, deletions = ?, agent_error = ?,
          agent_config_json = ?, token_usage_json = ?, snapshot_after = ?, lost_json = ?,
          active_ms = ?, user_ms = ?, system_ms = ?, max_rss_bytes = ?, capture = ?,
          output_bytes = ?, output_kept_bytes = ?, output_disk_bytes = ?,
          usage_explanation_json = ?
        WHERE id = ? AND status IN ('running', 'interrupted')
        """,
      arguments: [
        completion.status.rawValue, completion.endedBy.rawValue, exitCode, signal,
        completion.endTime.description, completion.durationMilliseconds,
        completion.headAfter.map { $0.commit?.hex ?? ObjectID.nullHex },
        completion.headAfter?.branch, completion.stateAfter.rawValue, completion.commits?.count,
        completion.changes?.filesChanged, completion.changes?.insertions,
        completion.changes?.deletions, completion.agentReportedError,
        try StepRow.json(completion.agentConfiguration), usage, completion.snapshotAfter?.hex,
        try completion.lost.map { try StepRow.json($0) }, completion.activeMilliseconds,
        completion.resources?.userMilliseconds, completion.resources?.systemMilliseconds,
        completion.resources?.peakMemoryBytes, completion.output?.route.rawValue,
        completion.output?.printedBytes, completion.output?.keptBytes,
        completion.output?.diskBytes,
        try completion.usageExplanation.map { try StepRow.json($0) }, id.rawValue,
      ])
    guard database.changesCount == 1 else { return false }
    try forgetBegun(id, database)
    if let commits = completion.commits { try replaceCommits(of: id, by: commits, database) }
    try insertMoves(
      of: id, moves: completion.referenceMoves, stashes: completion.droppedStashes, database)
    return true
  }

  func insertMoves(
    of id: StepID, moves: [ReferenceMove], stashes: [ObjectID], _ database: Database
  ) throws {
    // A step whose end was spooled has what a later command found replaced by what it saw itself.
    for table in ["step_references", "step_stashes"] {
      try database.execute(
        sql: "DELETE FROM \(table) WHERE step_id = ?", arguments: [id.rawValue])
    }
    for move in moves {
      try database.execute(
        literal: """
          INSERT INTO step_references (step_id, name, old_target, new_target)
          VALUES (\(id.rawValue), \(move.name), \(move.old?.hex), \(move.new?.hex))
          """)
    }
    for (position, commit) in stashes.enumerated() {
      try database.execute(
        literal: """
          INSERT INTO step_stashes (step_id, position, commit_sha)
          VALUES (\(id.rawValue), \(position), \(commit.hex))
          """)
    }
  }
}
