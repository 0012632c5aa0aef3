import Foundation
import GRDB
import Glibc
package import LaForgeCore
import SystemPackage

/// What was done, or is to be done, about a database that was lost.
package struct StoreRepair: Equatable, Sendable {
  package var fault: StoreFault
  /// The steps that there are again.
  package var steps = 0
  /// Where the damaged database is now; `nil` where there was none, or it was completed.
  package var setAside: String?
  /// Lines of the record that could not be read.
  package var unreadableLines = 0
}

/// What a lost database is made again from, besides the files beside it.
package struct RebuildSources: Sendable {
  /// The parts of the record file that the keep tree holds.
  package var segments: [RecordSegment]
  /// Steps that references name: their numbers are not given out again.
  package var steps: [StepID]

  package init(segments: [RecordSegment] = [], steps: [StepID] = []) {
    self.segments = segments
    self.steps = steps
  }
}

/// Makes a database again from the newest copy, the record file and the keep tree.
struct StoreRebuilding {
  let folder: StoreFolder
  let sources: RebuildSources

  /// Sets aside what is there and puts a new database into its place.
  ///
  /// The caller holds the lock of the set-up.
  func replaceDatabase(_ fault: StoreFault) throws(StoreError) -> StoreRepair {
    var repair = StoreRepair(fault: fault)
    let temporary = FilePath("\(folder.database.string).tmp.\(getpid())")
    do {
      for suffix in ["", "-wal", "-shm"] { unlink(temporary.string + suffix) }
      try SQLiteStepStore.makePrivateFile(temporary)
      let queue = try DatabaseQueue(path: temporary.string, configuration: Self.configuration)
      try fill(queue, &repair)
      try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
      try queue.close()
      if fault != .missing { repair.setAside = try setAside() }
    } catch {
      for suffix in ["", "-wal", "-shm"] { unlink(temporary.string + suffix) }
      throw SQLiteStepStore.storeError(error, folder.database)
    }
    guard rename(temporary.string, folder.database.string) == 0 else {
      throw StoreError(errorNumber: errno, function: "rename", path: folder.database)
    }
    unlink(folder.damageMark.string)
    return repair
  }

  /// Makes a database in memory, for those who may not write.
  ///
  /// - Parameters:
  ///   - fault: What is wrong.
  ///   - present: A database that is there and lacks only the last lines.
  /// - Returns: The database, and what was found.
  /// - Throws: `StoreError`.
  func makeInMemory(
    _ fault: StoreFault, from present: DatabaseQueue?
  ) throws(StoreError) -> (DatabaseQueue, StoreRepair) {
    var repair = StoreRepair(fault: fault)
    do {
      let queue = try DatabaseQueue(configuration: Self.configuration)
      try fill(queue, &repair, from: present)
      return (queue, repair)
    } catch {
      throw SQLiteStepStore.storeError(error, folder.database)
    }
  }

  /// Adds to a database what the record file holds besides it.
  ///
  /// - Returns: `nil` where nothing had to be added.
  func catchUp(_ queue: DatabaseQueue) throws(StoreError) -> StoreRepair? {
    do {
      let lines = try recordSources()
      return try queue.writeWithoutTransaction { database -> StoreRepair? in
        var repair: StoreRepair? = StoreRepair(fault: .behind)
        try database.inTransaction(.immediate) {
          // Another command may have been faster.
          guard try SQLiteStepStore.isBehind(database, self.folder) else {
            repair = nil
            return .commit
          }
          guard try Self.isWhole(database) else {
            throw StoreError(
              code: .damaged, message: "a check of the database failed",
              path: self.folder.database.string)
          }
          try database.execute(sql: "PRAGMA defer_foreign_keys = ON")
          let known = try Self.countSteps(database)
          let outcome = try self.replay(
            lines, after: SQLiteStepStore.position(database).lines, into: database)
          repair?.steps = try Self.countSteps(database) - known
          repair?.unreadableLines = outcome.unreadable
          return .commit
        }
        return repair
      }
    } catch {
      throw SQLiteStepStore.storeError(error, folder.database)
    }
  }

  // MARK: - Filling

  private static var configuration: Configuration {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    return configuration
  }

  private func recordSources() throws -> RecordSources {
    let content: Data
    do throws(StoreError) {
      content = try RecordFile(path: folder.record).content()
    } catch  where error.code == .notAFile {
      content = Data()
    }
    return RecordSources(file: content, segments: sources.segments)
  }

  private func fill(
    _ queue: DatabaseQueue, _ repair: inout StoreRepair, from present: DatabaseQueue? = nil
  ) throws {
    let lines = try recordSources()
    if let present, try present.read(Self.isWhole) {
      try present.backup(to: queue)
    } else if let copy = try newestCopy(of: lines.storeID) {
      try copy.backup(to: queue)
    }
    try Migrations.makeMigrator().migrate(queue)
    try queue.write { database in
      let position = try SQLiteStepStore.position(database)
      let outcome = try self.replay(lines, after: position.lines, into: database)
      repair.steps = try Self.countSteps(database)
      repair.unreadableLines = outcome.unreadable
      // What was lost with a line is not referred to.
      for (table, column) in [("steps", "parent_step_id"), ("steps", "within_step_id")] {
        try database.execute(
          sql: """
            UPDATE \(table) SET \(column) = NULL
            WHERE \(column) IS NOT NULL AND \(column) NOT IN (SELECT id FROM steps)
            """)
      }
      for (table, _) in RecordImage.stepTables {
        try database.execute(
          sql: "DELETE FROM \(table) WHERE step_id NOT IN (SELECT id FROM steps)")
      }
      try database.execute(
        sql: "DELETE FROM step_overlaps WHERE other_step_id NOT IN (SELECT id FROM steps)")
      try database.execute(
        sql: """
          UPDATE operations SET reverses = NULL
          WHERE reverses IS NOT NULL AND reverses NOT IN (SELECT id FROM operations)
          """)
      try self.reserveNumbers(database)
    }
  }

  /// The newest copy that can be read and is of this store.
  private func newestCopy(of storeID: String?) throws -> DatabaseQueue? {
    for path in try SQLiteStepStore.backups(in: folder).reversed() {
      var configuration = Self.configuration
      configuration.readonly = true
      let uri = SQLiteStepStore.immutableURI(of: path)
      // One that cannot be read is of no use, and the next older one may be.
      guard let copy = try? DatabaseQueue(path: uri, configuration: configuration) else {
        continue
      }
      let isUsable = try? copy.read { database in
        let version = try SQLiteStepStore.version(of: database)
        let id = try String.fetchOne(database, sql: "SELECT store_id FROM store")
        return try (1...Migrations.current).contains(version) && Self.isWhole(database)
          && (storeID == nil || id == storeID)
      }
      if isUsable == true { return copy }
    }
    return nil
  }

  static func isWhole(_ database: Database) throws -> Bool {
    do {
      return try String.fetchAll(database, sql: "PRAGMA quick_check(1)") == ["ok"]
    } catch let error as DatabaseError
      where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
    {
      return false
    }
  }

  private func replay(
    _ lines: RecordSources, after number: Int64, into database: Database
  ) throws -> RecordSources.Outcome {
    var replay = RecordReplay(into: database)
    let outcome = try lines.forEachLine(after: number) { try replay.apply($0) }
    if let storeID = lines.storeID {
      try database.execute(sql: "UPDATE store SET store_id = ?", arguments: [storeID])
    }
    // Where the file does not end with the last line, it is written as a whole next time.
    try database.execute(
      sql: "UPDATE record SET lines = ?, bytes = ?, tail = ?, is_stale = ?",
      arguments: [
        outcome.last, outcome.end?.bytes ?? 0, outcome.end?.tail ?? "", outcome.end == nil,
      ])
    return outcome
  }

  /// A number that was given out is not given out again, even if all that is left of its step is a
  /// file or a reference.
  private func reserveNumbers(_ database: Database) throws {
    let highest = max(
      folder.highestStepNumber, sources.steps.map(\.rawValue).max() ?? 0,
      try Int64.fetchOne(database, sql: "SELECT max(id) FROM steps") ?? 0)
    guard highest > 0 else { return }
    try database.execute(
      sql: "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'steps'",
      arguments: [highest])
    if database.changesCount == 0 {
      try database.execute(
        sql: "INSERT INTO sqlite_sequence (name, seq) VALUES ('steps', ?)", arguments: [highest])
    }
  }

  private static func countSteps(_ database: Database) throws -> Int {
    try Int.fetchOne(database, sql: "SELECT count(*) FROM steps") ?? 0
  }

  /// Gives the database and the files beside it names that nothing has; returns that of the database.
  private func setAside() throws(StoreError) -> String {
    var number = 1
    func name(_ suffix: String) -> String {
      "\(folder.database.string).set-aside-\(number)\(suffix)"
    }
    while access(name(""), F_OK) == 0 { number += 1 }
    for suffix in ["-wal", "-shm", ""] {
      let old = folder.database.string + suffix
      guard rename(old, name(suffix)) == 0 || errno == ENOENT else {
        throw StoreError(errorNumber: errno, function: "rename", path: FilePath(old))
      }
    }
    return name("")
  }
}
