import Foundation
import GRDB
public import LaForgeCore

extension SQLiteStepStore {
  /// Returns a step; `nil` where no step has that number.
  public func step(_ id: StepID) throws(StoreError) -> Step? {
    try read { try StepRow.fetch(id, $0) }
  }

  /// Returns the latest active step of a project and worktree; `nil` where there is none.
  ///
  /// Steps that ran within another are on no line and do not count.
  public func latestActiveStep(
    projectID: String, worktree: String
  ) throws(StoreError) -> Step? {
    try steps(matching: StepFilter(projectID: projectID, worktree: worktree, limit: 1)).first
  }

  package func latestActiveStep(worktree: String) throws(StoreError) -> Step? {
    try steps(matching: StepFilter(worktree: worktree, limit: 1)).first
  }

  /// Lists steps, newest first.
  public func steps(matching filter: StepFilter) throws(StoreError) -> [Step] {
    try read { try StepRow.fetchAll(filter, $0) }
  }

  /// Counts the steps that a filter matches; its limit is not regarded.
  public func countSteps(matching filter: StepFilter) throws(StoreError) -> Int {
    try readOnce { try StepRow.count(filter, $0) }
  }

  /// Returns the number that the next step will get unless another process is faster.
  public func nextStepID() throws(StoreError) -> StepID {
    try readOnce { database in
      let last = try Int64.fetchOne(
        database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'steps'")
      return StepID(rawValue: (last ?? 0) + 1)
    }
  }

  package func runningSteps() throws(StoreError) -> [Step] {
    try read { try StepRow.fetchRunning($0).reversed() }
  }

  package func isRecorderAlive(_ id: StepID) throws(StoreError) -> Bool {
    // A lock of this very process looks free to itself nowhere: flock(2) locks belong to the open
    // file, and this opens it anew.
    try FileLock.isHeld(HeldRunLock.path(of: id, in: folder))
  }

  package func recorder(of id: StepID) throws(StoreError) -> Int32? {
    try HeldRunLock.holder(of: id, in: folder)
  }

  package func waitForEnd(of id: StepID, milliseconds: Int64) throws(StoreError) -> Bool {
    try FileLock.waitUntilFree(
      HeldRunLock.path(of: id, in: folder), milliseconds: milliseconds)
  }

  /// Returns the steps that were cut off and whose outputs nobody has measured yet.
  package func stepsWithUncountedOutput() throws(StoreError) -> [StepID] {
    try readOnce { database in
      try Int64.fetchAll(
        database,
        sql: "SELECT id FROM steps WHERE status = 'interrupted' AND output_disk_bytes IS NULL")
    }.map(StepID.init(rawValue:))
  }

  /// Returns the steps, oldest first, whose outputs must go so that all of them take no more room
  /// than a limit, in bytes.
  package func outputsBeyond(_ limit: Int64) throws(StoreError) -> [StepID] {
    try readOnce { database in
      let total = try Int64.fetchOne(
        database, sql: "SELECT sum(output_disk_bytes) FROM steps WHERE output_disk_bytes > 0")
      var excess = (total ?? 0) - limit
      var ids: [StepID] = []
      guard excess > 0 else { return ids }
      let rows = try Row.fetchCursor(
        database,
        sql: "SELECT id, output_disk_bytes FROM steps WHERE output_disk_bytes > 0 ORDER BY id")
      while excess > 0, let row = try rows.next() {
        ids.append(StepID(rawValue: row[0]))
        excess -= row[1]
      }
      return ids
    }
  }
}
