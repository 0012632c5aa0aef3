import Foundation
import GRDB
package import LaForgeCore

/// The journal of undo, rollback, redo and restore.
extension SQLiteStepStore: OperationStore {
  package func beginOperation(
    _ kind: OperationKind, worktree: String, title: String, reverses: OperationID?,
    at time: Timestamp
  ) throws(StoreError) -> LaForgeCore.Operation {
    try write { database, changes in
      try database.execute(
        literal: """
          INSERT INTO operations (kind, worktree, status, title, started_at, reverses)
          VALUES (\(kind.rawValue), \(worktree), 'open', \(title), \(time.description),
            \(reverses?.rawValue))
          """)
      let id = database.lastInsertedRowID
      changes.note(operation: id)
      return LaForgeCore.Operation(
        id: OperationID(rawValue: id), kind: kind, worktree: worktree,
        status: .open, title: title, startedAt: time, reverses: reverses)
    }
  }

  package func recordPlan(
    _ plan: StatePlan, of operation: OperationID
  ) throws(StoreError) {
    try write { database, changes in
      changes.note(operation: operation.rawValue)
      try database.execute(
        literal: """
          UPDATE operations
          SET state_before_json = \(try StepRow.json(plan.from)), plan_json = \(try StepRow.json(plan))
          WHERE id = \(operation.rawValue)
          """)
    }
  }

  package func finishOperation(
    _ operation: LaForgeCore.Operation, after: RepositoryState, at time: Timestamp
  ) throws(StoreError) {
    try write { database, changes in
      let after = try StepRow.json(after)
      try self.set(
        operation.id.rawValue,
        [
          ("status", "done".databaseValue), ("ended_at", time.description.databaseValue),
          ("state_after_json", after.databaseValue),
          ("is_redoable", (operation.kind != .restore).databaseValue),
        ], database, &changes)
      if let reversed = operation.reverses {
        // An undo that takes a redo back makes what that had redone redoable again.
        try self.setRedoable(reversed.rawValue, false, database, &changes)
        let origin = try Int64.fetchOne(
          database, sql: "SELECT reverses FROM operations WHERE id = ?",
          arguments: [reversed.rawValue])
        if operation.kind == .undo, let origin {
          try self.setRedoable(operation.id.rawValue, false, database, &changes)
          try self.setRedoable(origin, true, database, &changes)
        }
      }
      for (ids, isActive) in [
        (operation.plan?.deactivates ?? [], false), (operation.plan?.activates ?? [], true),
      ] {
        for id in ids {
          try database.execute(
            literal: "UPDATE steps SET active = \(isActive) WHERE id = \(id.rawValue)")
        }
        if !ids.isEmpty { changes.note(.activity(isActive, ids: ids.map(\.rawValue))) }
      }
      if operation.kind == .redo, operation.reverses == nil {
        try self.forgetRedone(in: operation.worktree, database, &changes)
      }
    }
  }

  /// Where steps were redone by their numbers, an operation of which none is rolled back any more has
  /// nothing left that could be redone.
  private func forgetRedone(
    in worktree: String, _ database: Database, _ changes: inout RecordedChanges
  ) throws {
    let forgotten = try Int64.fetchAll(
      database,
      sql: """
        SELECT id FROM operations
        WHERE worktree = ? AND is_redoable AND kind IN ('undo', 'rollback')
          AND json_array_length(plan_json, '$.deactivates') > 0
          AND NOT EXISTS (
            SELECT 1 FROM json_each(plan_json, '$.deactivates') JOIN steps ON steps.id = json_each.value
            WHERE NOT steps.active)
        """,
      arguments: [worktree])
    for id in forgotten { try setRedoable(id, false, database, &changes) }
  }

  func setRedoable(
    _ id: Int64, _ isRedoable: Bool, _ database: Database, _ changes: inout RecordedChanges
  ) throws {
    try set(id, [("is_redoable", isRedoable.databaseValue)], database, &changes)
  }

  /// Gives columns of an operation other values.
  private func set(
    _ id: Int64, _ columns: RecordChange.Row, _ database: Database,
    _ changes: inout RecordedChanges
  ) throws {
    let assignments = columns.map { "\($0.column) = ?" }.joined(separator: ", ")
    try database.execute(
      sql: "UPDATE operations SET \(assignments) WHERE id = ?",
      arguments: StatementArguments(columns.map(\.value) + [id.databaseValue]))
    changes.note(.set("operations", id: id, columns: columns))
  }

  package func abandonOperation(
    _ id: OperationID, at time: Timestamp
  ) throws(StoreError) {
    try write { database, changes in
      try self.set(
        id.rawValue,
        [("status", "abandoned".databaseValue), ("ended_at", time.description.databaseValue)],
        database, &changes)
    }
  }

  package func operation(_ id: OperationID) throws(StoreError) -> LaForgeCore.Operation? {
    try operations("WHERE id = ?", [id.rawValue]).first
  }

  package func operations(
    worktree: String, limit: Int?
  ) throws(StoreError) -> [LaForgeCore.Operation] {
    try operations(
      "WHERE worktree = ? AND status <> 'abandoned' ORDER BY id DESC LIMIT ?",
      [worktree, limit ?? -1])
  }

  package func openOperations(worktree: String) throws(StoreError) -> [LaForgeCore.Operation] {
    try operations("WHERE worktree = ? AND status = 'open' ORDER BY id", [worktree])
  }

  package func cutOffOperation(worktree: String) throws(StoreError) -> LaForgeCore.Operation? {
    guard let operation = try openOperations(worktree: worktree).first else { return nil }
    return try FileLock.isHeld(folder.worktreeLock(worktree)) ? nil : operation
  }

  package func latestOnStack(
    worktree: String, kinds: Set<OperationKind>
  ) throws(StoreError) -> LaForgeCore.Operation? {
    let names = kinds.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")
    return try operations(
      """
      WHERE worktree = ? AND status = 'done' AND is_redoable = 1 AND kind IN (\(names))
      ORDER BY id DESC LIMIT 1
      """, [worktree]
    ).first
  }

  package func contestedReferences(of steps: [StepID]) throws(StoreError) -> Set<String> {
    let ids = steps.map { String($0.rawValue) }.joined(separator: ", ")
    return try readOnce { database in
      try String.fetchSet(
        database,
        sql: """
          SELECT mine.name FROM step_references AS mine
          JOIN steps AS own ON own.id = mine.step_id
          JOIN step_references AS theirs ON theirs.name = mine.name
          JOIN steps AS other ON other.id = theirs.step_id
          WHERE own.id IN (\(ids)) AND other.worktree <> own.worktree
            AND other.start_time <= own.end_time AND other.end_time >= own.start_time
          """)
    }
  }

  private func operations(
    _ clauses: String, _ arguments: StatementArguments
  ) throws(StoreError) -> [LaForgeCore.Operation] {
    try readOnce { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM operations \(clauses)", arguments: arguments
      ).map(Self.operation)
    }
  }

  private static func operation(_ row: Row) throws -> LaForgeCore.Operation {
    let id: Int64 = row["id"]
    let (kind, status): (String, String) = (row["kind"], row["status"])
    let (started, ended): (String, String?) = (row["started_at"], row["ended_at"])
    let reverses: Int64? = row["reverses"]
    guard let kind = OperationKind(rawValue: kind), let status = OperationStatus(rawValue: status),
      let startedAt = Timestamp(parsing: started)
    else {
      throw StoreError(code: .damaged, message: "the row of O\(id) cannot be read", path: "")
    }
    return LaForgeCore.Operation(
      id: OperationID(rawValue: id), kind: kind, worktree: row["worktree"], status: status,
      title: row["title"], startedAt: startedAt, endedAt: ended.flatMap(Timestamp.init(parsing:)),
      before: try value("state_before_json", row), after: try value("state_after_json", row),
      plan: try value("plan_json", row), reverses: reverses.map(OperationID.init(rawValue:)),
      isOnStack: row["is_redoable"])
  }

  private static func value<Value: Decodable>(_ column: String, _ row: Row) throws -> Value? {
    let text: String? = row[column]
    guard let text else { return nil }
    do {
      return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    } catch {
      let id: Int64 = row["id"]
      throw StoreError(
        code: .damaged, message: "the row of O\(id) holds JSON of another form in \(column)",
        path: "")
    }
  }
}
