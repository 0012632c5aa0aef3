import Foundation
import GRDB
import Glibc
public import LaForgeCore
public import SystemPackage

/// How a store is opened, and what is done where its database was lost.
extension SQLiteStepStore {
  /// Opens the store of a repository for reading and writing; makes and migrates it as needed.
  ///
  /// - Parameter commonDirectory: The git directory that all worktrees share.
  /// - Throws: `StoreError`, of code `newerSchema` where a newer program wrote the database.
  public convenience init(creatingIn commonDirectory: FilePath) throws(StoreError) {
    try self.init(changingIn: commonDirectory, rebuildingFrom: RebuildSources())
  }

  /// Opens the store of a repository for reading and writing, and mends or rebuilds a database that
  /// was lost.
  ///
  /// - Parameters:
  ///   - commonDirectory: The git directory that all worktrees share.
  ///   - sources: What there is besides the files of the store; `nil` rebuilds nothing.
  /// - Throws: `StoreError`, of code `lost` where the database must be rebuilt and may not be.
  package convenience init(
    changingIn commonDirectory: FilePath, rebuildingFrom sources: RebuildSources?
  ) throws(StoreError) {
    let folder = StoreFolder(commonDirectory: commonDirectory)
    try StoreFolder.makePrivate(folder.path)
    try StoreFolder.makePrivate(folder.runLocks)
    var (queue, fault) = try Self.openForChanges(folder)
    var repair: StoreRepair?
    if let fault {
      guard let sources else { throw Self.lost(fault, folder) }
      queue = nil
      let lock = try FileLock(folder.setupLock)
      repair = try Self.repair(StoreRebuilding(folder: folder, sources: sources))
      _ = consume lock
      queue = try Self.openForChanges(folder).queue
    }
    if queue == nil {
      try Self.makePrivateFile(folder.database)
      queue = try Self.open(folder.database)
    }
    guard let queue else { preconditionFailure("a database that was opened is there") }
    try Self.migrate(queue, in: folder)
    try self.init(queue: queue, schema: Migrations.current, folder: folder, repair: repair)
  }

  /// Mends or replaces a database that was found to be lost; the caller holds the lock of the set-up.
  ///
  /// - Returns: `nil` where another command has done it meanwhile.
  private static func repair(_ rebuilding: StoreRebuilding) throws(StoreError) -> StoreRepair? {
    let folder = rebuilding.folder
    let (queue, fault) = try openForChanges(folder)
    guard let fault else { return nil }
    if fault == .behind, let queue {
      do throws(StoreError) {
        return try rebuilding.catchUp(queue)
      } catch  where error.code == .damaged {
        try close(queue, folder)
        return try rebuilding.replaceDatabase(.damaged)
      }
    }
    if let queue { try close(queue, folder) }
    return try rebuilding.replaceDatabase(fault)
  }

  /// Opens a database that is there, and looks whether it is what it should be.
  ///
  /// - Returns: No database where there is none, or one that cannot be opened.
  private static func openForChanges(
    _ folder: StoreFolder
  ) throws(StoreError) -> (queue: DatabaseQueue?, fault: StoreFault?) {
    if let fault = try StoreFault.find(in: folder) { return (nil, fault) }
    guard access(folder.database.string, F_OK) == 0 else { return (nil, nil) }
    do throws(StoreError) {
      let queue = try open(folder.database)
      return (queue, try fault(of: queue, folder))
    } catch  where error.code == .damaged {
      guard try folder.hasTraces else { throw error }
      return (nil, .damaged)
    }
  }

  /// What is wrong with a database that can be opened.
  private static func fault(
    of queue: DatabaseQueue, _ folder: StoreFolder
  ) throws(StoreError) -> StoreFault? {
    try readOnce(queue, folder.database) { database in
      let version = try version(of: database)
      // A store that is being made right now has nothing beside it yet.
      if version == 0 { return try folder.hasTraces ? .empty : nil }
      guard version >= 8 else {
        // The record file came with the eighth migration, which is lost.
        return RecordFile(path: folder.record).holdsAnything ? .damaged : nil
      }
      guard version == Migrations.current else { return nil }
      return try isBehind(database, folder) ? .behind : nil
    }
  }

  /// Whether the record file holds lines that the database does not know of.
  static func isBehind(_ database: Database, _ folder: StoreFolder) throws -> Bool {
    let position = try position(database)
    let file = RecordFile(path: folder.record)
    do throws(StoreError) {
      if !position.isStale, try file.standing(at: position) == .equal { return false }
      let content = try file.content()
      let own = try readID(database, folder)
      if let other = RecordSources.storeID(of: content), other != own { return false }
      return RecordSources.lastNumber(in: content) > position.lines
    } catch {
      // What cannot be read tells nothing; the next transaction tries to write it.
      return false
    }
  }

  private static func readID(
    _ database: Database, _ folder: StoreFolder
  ) throws(StoreError) -> String? {
    do {
      return try String.fetchOne(database, sql: "SELECT store_id FROM store")
    } catch {
      throw storeError(error, folder.database)
    }
  }

  private static func close(
    _ queue: DatabaseQueue, _ folder: StoreFolder
  ) throws(StoreError) {
    do { try queue.close() } catch { throw storeError(error, folder.database) }
  }

  private static func lost(_ fault: StoreFault, _ folder: StoreFolder) -> StoreError {
    let message =
      switch fault {
      case .missing: "the file is gone"
      case .empty: "the file is empty"
      case .damaged: "the file is damaged"
      case .behind: "the file beside it, '-wal', is gone"
      }
    return StoreError(code: .lost, message: message, path: folder.database.string)
  }

  /// Opens a store that is there for a git hook, which waits for nobody.
  ///
  /// - Parameter commonDirectory: The git directory that all worktrees share.
  /// - Throws: `StoreError`, of code `noDatabase` also where a changing command must migrate it first.
  package convenience init(forHookIn commonDirectory: FilePath) throws(StoreError) {
    let folder = StoreFolder(commonDirectory: commonDirectory)
    guard access(folder.database.string, F_OK) == 0 else { throw Self.nothingRecorded(folder) }
    let queue = try Self.open(folder.database, patience: nil)
    let version = try Self.readOnce(queue, folder.database) { try Self.version(of: $0) }
    guard version == Migrations.current else { throw Self.nothingRecorded(folder) }
    try self.init(queue: queue, schema: version, folder: folder)
  }

  private static func nothingRecorded(_ folder: StoreFolder) -> StoreError {
    StoreError(
      code: .noDatabase, message: "nothing was recorded yet", path: folder.database.string)
  }

  /// Opens the store of a repository for reading only; nothing on disk is changed.
  ///
  /// On a read-only disk the database is read as it lies there.
  ///
  /// - Parameter commonDirectory: The git directory that all worktrees share.
  /// - Throws: `StoreError`, of code `noDatabase` where nothing was recorded yet.
  public convenience init(readingIn commonDirectory: FilePath) throws(StoreError) {
    try self.init(readingIn: commonDirectory, rebuildingFrom: RebuildSources())
  }

  /// Opens the store of a repository for reading only; one that was lost is made again in memory.
  ///
  /// - Parameters:
  ///   - commonDirectory: The git directory that all worktrees share.
  ///   - sources: What there is besides the files of the store; `nil` makes nothing.
  /// - Throws: `StoreError`, of code `noDatabase` where nothing was recorded yet, of code `lost` where
  ///   it must be made again and may not be.
  package convenience init(
    readingIn commonDirectory: FilePath, rebuildingFrom sources: RebuildSources?
  ) throws(StoreError) {
    let folder = StoreFolder(commonDirectory: commonDirectory)
    let (queue, fault) = try Self.openForReading(folder)
    guard let fault else {
      guard let queue else { throw Self.nothingRecorded(folder) }
      let version = try Self.readOnce(queue, folder.database) { try Self.version(of: $0) }
      try Self.refuseNewer(version, folder.database)
      guard version > 0 else { throw Self.nothingRecorded(folder) }
      try self.init(queue: queue, schema: version, folder: folder)
      return
    }
    guard let sources else { throw Self.lost(fault, folder) }
    let (made, repair) = try StoreRebuilding(folder: folder, sources: sources)
      .makeInMemory(fault, from: queue)
    try self.init(queue: made, schema: Migrations.current, folder: folder, repair: repair)
  }

  private static func openForReading(
    _ folder: StoreFolder
  ) throws(StoreError) -> (queue: DatabaseQueue?, fault: StoreFault?) {
    if let fault = try StoreFault.find(in: folder) { return (nil, fault) }
    guard access(folder.database.string, F_OK) == 0 else { return (nil, nil) }
    func look(_ path: String) throws(StoreError) -> (queue: DatabaseQueue?, fault: StoreFault?) {
      let queue = try open(FilePath(path), named: folder.database, readOnly: true)
      return (queue, try fault(of: queue, folder))
    }
    do throws(StoreError) {
      do throws(StoreError) {
        return try look(folder.database.string)
      } catch  where error.code == .readOnly || error.code == .notPermitted {
        // Without a place for the shared-memory file a WAL database opens only as immutable, see
        // "Read-Only Databases" in <https://www.sqlite.org/wal.html>.
        return try look(immutableURI(of: folder.database))
      }
    } catch  where error.code == .damaged {
      guard try folder.hasTraces else { throw error }
      return (nil, .damaged)
    }
  }
}
