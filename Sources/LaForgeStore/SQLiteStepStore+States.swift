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
    try readOnce { database in
      try String.fetchOne(database, sql: "SELECT tag_id FROM keep_value")
    }.flatMap(ObjectID.init(hex:))
  }

  package func earlierKeepValues() throws(StoreError) -> [ObjectID] {
    try readOnce { database in
      try String.fetchAll(
        database, sql: "SELECT object_id FROM superseded ORDER BY since DESC LIMIT 100")
    }.compactMap(ObjectID.init(hex:))
  }

  package func recordedObjects() throws(StoreError) -> Set<ObjectID> {
    let ids = try readOnce { database in
      try String.fetchAll(
        database,
        sql: """
          SELECT object_id FROM kept
          UNION SELECT snapshot_before FROM steps WHERE snapshot_before IS NOT NULL
          UNION SELECT snapshot_after FROM steps WHERE snapshot_after IS NOT NULL
          UNION SELECT state_before_json ->> '$.snapshot' FROM operations
            WHERE state_before_json ->> '$.snapshot' IS NOT NULL
          UNION SELECT state_after_json ->> '$.snapshot' FROM operations
            WHERE state_after_json ->> '$.snapshot' IS NOT NULL
          """)
    }
    return Set(ids.compactMap(ObjectID.init(hex:)))
  }

  package func recordedStates(
    of snapshots: Set<ObjectID>
  ) throws(StoreError) -> [RecordedSnapshot] {
    try readOnce { database in
      var found: [RecordedSnapshot] = []
      let steps = try Row.fetchCursor(
        database,
        sql: """
          SELECT id, snapshot_before, snapshot_after FROM steps
          WHERE snapshot_before IS NOT NULL OR snapshot_after IS NOT NULL ORDER BY id
          """)
      while let row = try steps.next() {
        let id = StepID(rawValue: row[0])
        if let hex: String = row[1], let snapshot = ObjectID(hex: hex),
          snapshots.contains(snapshot)
        {
          found.append(RecordedSnapshot(place: .before(id), snapshot: snapshot))
        }
        if let hex: String = row[2], let snapshot = ObjectID(hex: hex),
          snapshots.contains(snapshot)
        {
          found.append(RecordedSnapshot(place: .after(id), snapshot: snapshot))
        }
      }
      let operations = try Row.fetchCursor(
        database,
        sql: "SELECT id, state_before_json ->> '$.snapshot' FROM operations ORDER BY id")
      while let row = try operations.next() {
        guard let hex: String = row[1], let snapshot = ObjectID(hex: hex),
          snapshots.contains(snapshot)
        else { continue }
        found.append(
          RecordedSnapshot(
            place: .operation(OperationID(rawValue: row[0])), snapshot: snapshot))
      }
      return found
    }
  }

  package func notKept(_ ids: Set<ObjectID>) throws(StoreError) -> Set<ObjectID> {
    guard !ids.isEmpty else { return [] }
    return try read { database in
      let statement = try database.cachedStatement(
        sql: "SELECT EXISTS (SELECT 1 FROM kept WHERE object_id = ?)")
      return try ids.filter { try Bool.fetchOne(statement, arguments: [$0.hex]) != true }
    }
  }

  package func recordKeep(
    _ generation: KeepGeneration, _ segments: [RecordSegment], at time: Timestamp
  ) throws(StoreError) {
    try write { database, changes in
      let old = try Row.fetchOne(database, sql: "SELECT tag_id, tree_id FROM keep_value")
      for id: String in old.map({ [$0["tag_id"], $0["tree_id"]] }) ?? [] {
        try self.supersede(id, time, database, &changes)
      }
      try database.execute(
        sql: "INSERT OR REPLACE INTO keep_value (id, tag_id, tree_id) VALUES (1, ?, ?)",
        arguments: [generation.tag.hex, generation.tree.hex])
      changes.note(
        .put(
          "keep_value",
          rows: [
            [
              ("id", 1.databaseValue), ("tag_id", generation.tag.hex.databaseValue),
              ("tree_id", generation.tree.hex.databaseValue),
            ]
          ]))
      try self.retain([generation.tag, generation.tree], database, &changes)
      if generation.replacesAll {
        try database.execute(sql: "DELETE FROM kept")
        changes.note(.drop("kept", keys: nil))
      }
      for id in generation.added {
        try database.execute(
          sql: "INSERT OR IGNORE INTO kept (object_id) VALUES (?)", arguments: [id.hex])
      }
      for id in generation.lost {
        try database.execute(sql: "DELETE FROM kept WHERE object_id = ?", arguments: [id.hex])
      }
      let (added, lost) = (
        generation.added.map(\.hex).sorted(), generation.lost.map(\.hex).sorted()
      )
      if !added.isEmpty {
        changes.note(.put("kept", rows: added.map { [("object_id", $0.databaseValue)] }))
      }
      if !lost.isEmpty { changes.note(.drop("kept", keys: lost)) }
      try self.noteKept(segments, isIncomplete: generation.replacesAll, database)
    }
  }

  package func lastTips() throws(StoreError) -> ProtectedTips? {
    try readOnce { database in
      let row = try Row.fetchOne(database, sql: "SELECT commit_id, targets FROM protected_tips")
      return try row.map { try ProtectedTips(commit: $0[0], targets: $0[1]) }
    }
  }

  package func lastProtection() throws(StoreError) -> ObjectID? {
    try readOnce { database in
      try String.fetchOne(database, sql: "SELECT commit_id FROM protected_tips")
    }.flatMap(ObjectID.init(hex:))
  }

  package func recordTips(_ tips: ProtectedTips, at time: Timestamp) throws(StoreError) {
    try write { database, changes in
      let old = try Row.fetchOne(database, sql: "SELECT commit_id, targets FROM protected_tips")
      if let old { try self.supersede(old[0], time, database, &changes) }
      try self.retain([tips.commit], database, &changes)
      let listing = tips.listing
      let (moved, gone) = TipListing.difference(from: old?[1] ?? "", to: listing)
      changes.note(.tips(commit: tips.commit.hex, moved: moved, gone: gone))
      try database.execute(
        sql: """
          INSERT OR REPLACE INTO protected_tips (id, commit_id, targets) VALUES (1, ?, ?)
          """,
        arguments: [tips.commit.hex, listing])
    }
  }

  private func supersede(
    _ id: String, _ time: Timestamp, _ database: Database, _ changes: inout RecordedChanges
  ) throws {
    changes.note(
      .put(
        "superseded",
        rows: [
          [("object_id", id.databaseValue), ("since", time.description.databaseValue)]
        ]))
    try database.execute(
      sql: "INSERT OR IGNORE INTO superseded (object_id, since) VALUES (?, ?)",
      arguments: [id, time.description])
  }

  /// What comes back is not removed.
  private func retain(
    _ ids: [ObjectID], _ database: Database, _ changes: inout RecordedChanges
  ) throws {
    for id in ids {
      try database.execute(
        sql: "DELETE FROM superseded WHERE object_id = ?", arguments: [id.hex])
      if database.changesCount > 0 { changes.note(.drop("superseded", keys: [id.hex])) }
    }
  }

  package func takeSuperseded(before time: Timestamp) throws(StoreError) -> [ObjectID] {
    // A step that runs for days is still protected by what was superseded since.
    let condition = "since < ? AND NOT EXISTS (SELECT 1 FROM steps WHERE status = 'running')"
    let due = try readOnce { database in
      try String.fetchAll(
        database, sql: "SELECT object_id FROM superseded WHERE \(condition)",
        arguments: [time.description])
    }
    guard !due.isEmpty else { return [] }
    return try write { database, changes in
      let due = try String.fetchAll(
        database, sql: "SELECT object_id FROM superseded WHERE \(condition)",
        arguments: [time.description])
      if !due.isEmpty { changes.note(.drop("superseded", keys: due)) }
      try database.execute(
        sql: "DELETE FROM superseded WHERE \(condition)", arguments: [time.description])
      return due.compactMap(ObjectID.init(hex:))
    }
  }

  /// Records the state that a later command found after an interrupted step.
  package func recordLate(_ state: LateState, of id: StepID) throws(StoreError) {
    try write { database, changes in
      changes.note(id)
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
      try self.insertMoves(
        of: id, moves: state.referenceMoves, stashes: state.droppedStashes, database)
    }
  }
}

extension ProtectedTips {
  /// Reads the columns of `protected_tips`.
  fileprivate init(commit hex: String, targets listing: String) throws {
    var targets: [String: ObjectID] = [:]
    for line in listing.utf8.split(separator: UInt8(ascii: "\n")) {
      let id = line.prefix { $0 != UInt8(ascii: " ") }
      guard let id = ObjectID(hex: String(Substring(id))) else { throw Self.unreadable }
      targets[String(Substring(line.dropFirst(id.hex.utf8.count + 1)))] = id
    }
    guard let commit = ObjectID(hex: hex) else { throw Self.unreadable }
    self.init(targets: targets, commit: commit)
  }

  /// A line `<object id> <name>` each, as git's packed-refs file has them.
  fileprivate var listing: String {
    targets.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)\n" }.joined()
  }

  private static var unreadable: StoreError {
    StoreError(code: .damaged, message: "the list of references cannot be read", path: "")
  }
}

/// A lock that is held as long as somebody holds this object.
final class HeldLock: Sendable {
  private let lock: FileLock

  init(_ path: FilePath) throws(StoreError) {
    lock = try FileLock(path)
  }
}
