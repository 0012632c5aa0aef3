import Foundation
import GRDB
package import LaForgeCore
import SystemPackage

/// What the store remembers about the states that are kept alive.
extension SQLiteStepStore: StateLedger {
  package func lockKeepReference() throws(StoreError) -> AnyObject {
    try HeldLock(folder.keepLock)
  }

  package func lockWorktree(_ worktree: String) throws(StoreError) -> AnyObject {
    try HeldLock(folder.worktreeLock(worktree))
  }

  package func keepValue() throws(StoreError) -> ObjectID? {
    try read { database in
      try String.fetchOne(
        database, sql: "SELECT tag_id FROM keep_generations ORDER BY id DESC LIMIT 1")
    }.flatMap(ObjectID.init(hex:))
  }

  package func notKept(_ ids: Set<ObjectID>) throws(StoreError) -> Set<ObjectID> {
    guard !ids.isEmpty else { return [] }
    return try read { database in
      let statement = try database.cachedStatement(
        sql: "SELECT EXISTS (SELECT 1 FROM kept WHERE object_id = ?)")
      return try ids.filter { try Bool.fetchOne(statement, arguments: [$0.hex]) != true }
    }
  }

  package func keptIDs() throws(StoreError) -> Set<ObjectID> {
    Set(
      try read { try String.fetchAll($0, sql: "SELECT object_id FROM kept") }
        .compactMap(ObjectID.init(hex:)))
  }

  package func recordKeep(
    _ generation: KeepGeneration, at time: Timestamp
  ) throws(StoreError) {
    try write { database in
      try database.execute(
        sql: "INSERT INTO keep_generations (tag_id, tree_id, created_at) VALUES (?, ?, ?)",
        arguments: [generation.tag.hex, generation.tree.hex, time.description])
      for id in generation.added {
        try database.execute(
          sql: "INSERT OR IGNORE INTO kept (object_id) VALUES (?)", arguments: [id.hex])
      }
      for id in generation.lost {
        try database.execute(sql: "DELETE FROM kept WHERE object_id = ?", arguments: [id.hex])
      }
    }
  }

  package func lastTips() throws(StoreError) -> ProtectedTips? {
    try read { database in
      guard
        let text = try String.fetchOne(database, sql: "SELECT tips_json FROM protected_tips")
      else { return nil }
      return try JSONDecoder().decode(ProtectedTips.self, from: Data(text.utf8))
    }
  }

  package func recordTips(_ tips: ProtectedTips) throws(StoreError) {
    try write { database in
      try database.execute(
        sql: "INSERT OR REPLACE INTO protected_tips (id, tips_json) VALUES (1, ?)",
        arguments: [try StepRow.json(tips)])
    }
  }

  package func takeSuperseded(before time: Timestamp) throws(StoreError) -> [ObjectID] {
    // The newest value is the present one, whatever its age.
    let condition = "created_at < ? AND id < (SELECT max(id) FROM keep_generations)"
    let due = try read { database in
      try Row.fetchAll(
        database, sql: "SELECT tag_id, tree_id FROM keep_generations WHERE \(condition)",
        arguments: [time.description])
    }
    guard !due.isEmpty else { return [] }
    return try write { database in
      try database.execute(
        sql: "DELETE FROM keep_generations WHERE \(condition)", arguments: [time.description])
      let present = Set(
        try String.fetchAll(database, sql: "SELECT tag_id FROM keep_generations")
          + String.fetchAll(database, sql: "SELECT tree_id FROM keep_generations"))
      return due.flatMap { row -> [String] in [row["tag_id"], row["tree_id"]] }
        .filter { !present.contains($0) }.compactMap(ObjectID.init(hex:))
    }
  }

  /// Records the state that a later command found after an interrupted step.
  package func recordLate(_ state: LateState, of id: StepID) throws(StoreError) {
    try write { database in
      try database.execute(
        sql: """
          UPDATE steps SET state_after = 'late', commit_sha_after = ?, branch_after = ?,
            snapshot_after = ?
          WHERE id = ? AND status = 'interrupted'
          """,
        arguments: [
          state.head.commit?.hex ?? ObjectID.nullHex, state.head.branch, state.snapshot?.hex,
          id.rawValue,
        ])
    }
  }
}

/// A lock that is held as long as somebody holds this object.
final class HeldLock: Sendable {
  private let lock: FileLock

  init(_ path: FilePath) throws(StoreError) {
    lock = try FileLock(path)
  }
}
