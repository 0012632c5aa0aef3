import CLaForgeSupport
import Foundation
package import GRDB
import Glibc
public import LaForgeCore
import Synchronization
import SystemPackage

/// The steps of one repository in an SQLite database.
///
/// One database serves all worktrees of a repository: `laforge/steps.db` in the common git
/// directory, in WAL mode with `synchronous = FULL`, so that a step that this type has reported as
/// written survives a power loss. Several processes may use it at once.
///
/// ```swift
/// let store = try SQLiteStepStore(creatingIn: "/home/ada/web/.git")
/// let step = try store.createStep(
///   NewStep(projectID: "web", headBefore: head, startTime: now))
/// // … the work …
/// try store.finishStep(step.id, with: completion)
/// ```
///
/// ## Topics
/// ### Opening
/// - ``init(creatingIn:)``
/// - ``init(readingIn:)``
/// - ``storeID``
/// ### Writing
/// - ``createStep(_:)``
/// - ``createStep(_:parent:)``
/// - ``finishStep(_:with:)``
/// - ``deactivateStep(_:)``
/// - ``deactivateStepAndDescendants(_:)``
/// ### Reading
/// - ``step(_:)``
/// - ``latestActiveStep(projectID:worktree:)``
/// - ``steps(matching:)``
/// - ``countSteps(matching:)``
/// - ``nextStepID()``
public final class SQLiteStepStore: StepStore, Sendable {
  /// The store's id, eight hexadecimal digits, made once; it tells clones of a repository apart.
  public let storeID: String

  let folder: StoreFolder
  /// The number of the newest migration that the database has.
  let schema: Int
  package let queue: DatabaseQueue
  /// What was done when the store was opened about a database that was lost; in a store for reading,
  /// what the next changing command will do.
  package let repair: StoreRepair?
  /// The locks of the steps that this store runs.
  let runLocks = Mutex<[StepID: HeldRunLock]>([:])
  /// The first failure of writing the record file that was not told yet.
  let recordFailures = Mutex<StoreError?>(nil)
  /// The database file that was opened, to notice when another takes its place.
  private let identity: FileIdentity?
  /// The same of its WAL, which SQLite keeps as long as this connection is open.
  private let walIdentity: FileIdentity?

  /// How many pages the WAL may hold.
  ///
  /// The first process that opens the database reads all of them,
  /// so this is far below SQLite's own 1,000.
  private static let checkpointPages = 64

  init(
    queue: DatabaseQueue, schema: Int, folder: StoreFolder, repair: StoreRepair? = nil
  ) throws(StoreError) {
    self.queue = queue
    self.schema = schema
    self.repair = repair
    self.folder = folder
    identity = FileIdentity(folder.database)
    let database = folder.database
    storeID = try Self.readOnce(queue, database) { database in
      guard let id = try String.fetchOne(database, sql: "SELECT store_id FROM store") else {
        throw StoreError(
          code: .damaged, message: "the store has no id", path: folder.database.string)
      }
      return id
    }
    // The first read has opened it.
    walIdentity = FileIdentity(FilePath("\(database.string)-wal"))
  }

  /// Keeps the database open until the process ends.
  ///
  /// Closing the last connection copies the WAL into the database and deletes it: three more waits
  /// for the disk in every run. What is in the WAL is as durable, and SQLite copies it once it has
  /// grown to `checkpointPages`; see <https://www.sqlite.org/wal.html>.
  package func keepOpenUntilExit() {
    _ = Unmanaged.passRetained(queue)
  }

  /// Fails if the database file is no longer the one that was opened: an agent may have deleted or
  /// replaced `.git`, and SQLite would go on writing into the deleted file without a word.
  func requireSameFile() throws(StoreError) {
    guard identity == FileIdentity(folder.database),
      walIdentity == FileIdentity(FilePath("\(folder.database.string)-wal"))
    else {
      throw StoreError(
        code: .replaced, message: "the step database was deleted or replaced during the run",
        path: folder.database.string)
    }
  }

  /// The path of the database file.
  package var databasePath: String { folder.database.string }

  /// Returns the version of SQLite that runs, such as `3.40.1`.
  package static func libraryVersion() throws(StoreError) -> String {
    do {
      return try DatabaseQueue().read { database in
        try String.fetchOne(database, sql: "SELECT sqlite_version()") ?? "unknown"
      }
    } catch {
      throw storeError(error, FilePath(":memory:"))
    }
  }

  /// Returns the value of a pragma of this connection.
  package func pragma(_ name: String) throws(StoreError) -> String? {
    try readOnce { try String.fetchOne($0, sql: "PRAGMA \(name)") }
  }

  // MARK: - Opening

  static func open(
    _ path: FilePath, named name: FilePath? = nil, readOnly: Bool = false,
    patience: BusyPatience? = BusyPatience()
  ) throws(StoreError) -> DatabaseQueue {
    var configuration = Configuration()
    configuration.readonly = readOnly
    if let patience {
      configuration.busyMode = .callback { patience.wait(afterTry: $0) }
    } else {
      configuration.busyMode = .immediateError
    }
    configuration.prepareDatabase { database in
      // GRDB's own `journalMode = .wal` would lower this to NORMAL afterwards.
      try database.execute(sql: "PRAGMA synchronous = FULL")
      if !readOnly {
        try database.execute(sql: "PRAGMA wal_autocheckpoint = \(checkpointPages)")
      }
    }
    do {
      return try DatabaseQueue(path: path.string, configuration: configuration)
    } catch {
      throw storeError(error, name ?? path)
    }
  }

  /// SQLite gives its other files the mode of the database file, which GRDB would make with the
  /// mode that the umask leaves.
  static func makePrivateFile(_ path: FilePath) throws(StoreError) {
    do {
      try FileDescriptor.open(
        path, .writeOnly, options: [.create, .closeOnExec], permissions: [.ownerReadWrite]
      ).close()
    } catch {
      let number = (error as? Errno)?.rawValue ?? EIO
      throw StoreError(errorNumber: number, function: "open", path: path)
    }
  }

  static func immutableURI(of path: FilePath) -> String {
    let reserved = path.string.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed)
    return "file:\(reserved ?? path.string)?immutable=1"
  }

  static func migrate(
    _ queue: DatabaseQueue, in folder: StoreFolder
  ) throws(StoreError) {
    let version = try readOnce(queue, folder.database) { try Self.version(of: $0) }
    try refuseNewer(version, folder.database)
    guard version < Migrations.current else { return }
    // Two first runs at once: switching to WAL does not wait for the busy timeout.
    let lock = try FileLock(folder.setupLock)
    do {
      try queue.writeWithoutTransaction { database in
        try database.execute(sql: "PRAGMA journal_mode = WAL")
      }
      try Migrations.makeMigrator().migrate(queue)
    } catch {
      throw storeError(error, folder.database)
    }
    _ = consume lock
  }

  static func version(of database: Database) throws -> Int {
    try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
  }

  static func refuseNewer(_ version: Int, _ path: FilePath) throws(StoreError) {
    guard version > Migrations.current else { return }
    throw StoreError(
      code: .newerSchema,
      message: "the database has schema \(version), this program knows \(Migrations.current)",
      path: path.string)
  }

  // MARK: - Access

  /// Runs one statement that reads and turns every failure into a `StoreError`.
  ///
  /// A single statement sees one state of the database by itself; GRDB's transaction around it is
  /// four statements more.
  static func readOnce<Value>(
    _ queue: DatabaseQueue, _ path: FilePath, _ statement: (Database) throws -> Value
  ) throws(StoreError) -> Value {
    do { return try queue.unsafeRead(statement) } catch { throw storeError(error, path) }
  }

  /// Reads with one statement, outside any transaction.
  func readOnce<Value>(_ statement: (Database) throws -> Value) throws(StoreError) -> Value {
    do throws(StoreError) {
      return try Self.readOnce(queue, folder.database, statement)
    } catch {
      throw noticed(error)
    }
  }

  /// Leaves a mark where a damaged page was met, which opening does not see: the next changing command
  /// rebuilds the database.
  private func noticed(_ error: StoreError) -> StoreError {
    if error.code == .damaged, error.function != nil, !isReadOnly {
      let descriptor = laforge_open(folder.damageMark.string, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
      if descriptor >= 0 { laforge_close(descriptor) }
    }
    return error
  }

  private var isReadOnly: Bool { queue.configuration.readonly || queue.path == ":memory:" }

  /// Reads with several statements in one transaction.
  func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
    do {
      return try queue.read(body)
    } catch {
      throw noticed(Self.storeError(error, folder.database))
    }
  }

  /// Writes in one transaction that takes the write lock at its start, so that it cannot fail half
  /// way for another writer.
  ///
  /// What the body notes as changed is a line of the record file when this returns.
  func write<Value>(
    _ body: (Database, inout RecordedChanges) throws -> Value
  ) throws(StoreError) -> Value {
    try requireSameFile()
    do {
      return try queue.writeWithoutTransaction { database in
        var result: Value?
        var line: WrittenLine?
        try database.inTransaction(.immediate) {
          var changes = RecordedChanges()
          result = try body(database, &changes)
          line = try self.note(try changes.changes(in: database), database)
          return .commit
        }
        if let line { self.append(line) }
        guard let result else { preconditionFailure("a committed transaction returned nothing") }
        return result
      }
    } catch {
      throw noticed(Self.storeError(error, folder.database))
    }
  }

  static func storeError(_ error: any Error, _ path: FilePath) -> StoreError {
    switch error {
    case var error as StoreError:
      if error.path.isEmpty { error.path = path.string }
      return error
    case let error as DatabaseError: return StoreError(error, path: path)
    default:
      return StoreError(
        code: .failed, message: error.localizedDescription, path: path.string)
    }
  }
}
