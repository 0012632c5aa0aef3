/// What the store remembers about the states that are kept alive.
package protocol StateLedger {
  /// Waits for the lock that serialises changes of the keep reference; it is released when the
  /// returned object goes.
  func lockKeepReference() throws(StoreError) -> AnyObject

  /// The value that the keep reference was last given; `nil` before the first.
  func keepValue() throws(StoreError) -> ObjectID?

  /// Values that the keep reference had before, the latest first; not all of them.
  func earlierKeepValues() throws(StoreError) -> [ObjectID]

  /// Every object that is kept, or that a step or an operation names as a snapshot.
  func recordedObjects() throws(StoreError) -> Set<ObjectID>

  /// The recorded states among some snapshots.
  func recordedStates(of snapshots: Set<ObjectID>) throws(StoreError) -> [RecordedSnapshot]

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

  /// The commit that protects the references as they were when LaForge last looked.
  func lastProtection() throws(StoreError) -> ObjectID?

  /// Records how the references were when LaForge last looked; the commit that protected what they
  /// were before is superseded.
  func recordTips(_ tips: ProtectedTips, at time: Timestamp) throws(StoreError)

  /// Returns the objects that were superseded before a time, and forgets them.
  func takeSuperseded(before time: Timestamp) throws(StoreError) -> [ObjectID]
}

/// Where a snapshot is recorded.
package struct RecordedSnapshot: Equatable, Sendable {
  /// The place of a snapshot in the record.
  package enum Place: Equatable, Sendable {
    case before(StepID)
    case after(StepID)
    /// The state just before an operation.
    case operation(OperationID)
  }

  package var place: Place
  package var snapshot: ObjectID

  package init(place: Place, snapshot: ObjectID) {
    self.place = place
    self.snapshot = snapshot
  }
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
