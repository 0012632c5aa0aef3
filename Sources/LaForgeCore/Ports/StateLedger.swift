/// What the store remembers about the states that are kept alive.
package protocol StateLedger {
  /// Waits for the lock that serialises changes of the keep reference; it is released when the
  /// returned object goes.
  func lockKeepReference() throws(StoreError) -> AnyObject

  /// The value that the keep reference was last given; `nil` before the first.
  func keepValue() throws(StoreError) -> ObjectID?

  /// Returns those of the ids that are not kept yet.
  func notKept(_ ids: Set<ObjectID>) throws(StoreError) -> Set<ObjectID>

  /// The parts of the record file that the keep tree should have and does not have yet.
  func unkeptRecords() throws(StoreError) -> [RecordSegment]

  /// Records a new value of the keep reference in one transaction, and the parts of the record file
  /// that it holds from now on.
  func recordKeep(
    _ generation: KeepGeneration, _ segments: [RecordSegment], at time: Timestamp
  ) throws(StoreError)

  /// The references as they were when LaForge last looked, and the commit that protected them.
  func lastTips() throws(StoreError) -> ProtectedTips?

  /// Records how the references were when LaForge last looked; the commit that protected what they
  /// were before is superseded.
  func recordTips(_ tips: ProtectedTips, at time: Timestamp) throws(StoreError)

  /// Returns the objects that were superseded before a time, and forgets them.
  func takeSuperseded(before time: Timestamp) throws(StoreError) -> [ObjectID]
}

/// The references at one moment, and a commit that reaches everything they do.
package struct ProtectedTips: Equatable, Sendable {
  /// The targets by full name; `stash@{n}` for entries of the stash, `HEAD n` for worktrees.
  package var targets: [String: ObjectID]
  package var commit: ObjectID

  package init(targets: [String: ObjectID], commit: ObjectID) {
    self.targets = targets
    self.commit = commit
  }
}
