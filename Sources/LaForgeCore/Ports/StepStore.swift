/// Which steps to list.
public struct StepFilter: Hashable, Sendable {
  /// Whether a step is on the line of its worktree.
  public enum Activity: Hashable, Sendable {
    case active
    /// Rolled back.
    case inactive
    /// Either.
    case any
  }

  /// Only steps of this project; `nil` for all.
  public var projectID: String?
  /// Only steps of this worktree; `nil` for all.
  public var worktree: String?
  /// Only steps on their lines, only rolled-back ones, or both.
  public var activity: Activity
  /// Also steps that ran within another step.
  public var includesEnclosed: Bool
  /// At most that many, the newest; `nil` for all.
  public var limit: Int?

  /// Creates a value of these parts.
  public init(
    projectID: String? = nil, worktree: String? = nil, activity: Activity = .active,
    includesEnclosed: Bool = false, limit: Int? = nil
  ) {
    self.projectID = projectID
    self.worktree = worktree
    self.activity = activity
    self.includesEnclosed = includesEnclosed
    self.limit = limit
  }
}

/// What reading commands need of a store.
package protocol StepReading {
  /// The store's id, eight hexadecimal digits.
  var storeID: String { get }

  /// Returns a step; `nil` where no step has that number.
  func step(_ id: StepID) throws(StoreError) -> Step?

  /// Returns the latest active step of a worktree, running ones included, steps within others not.
  func latestActiveStep(worktree: String) throws(StoreError) -> Step?

  /// Lists steps, newest first.
  func steps(matching filter: StepFilter) throws(StoreError) -> [Step]

  /// Counts the steps that `steps(matching:)` would list.
  func countSteps(matching filter: StepFilter) throws(StoreError) -> Int

  /// Returns the begun steps of a worktree that nobody has ended, newest first, whether or not their
  /// agents still run.
  func begunSteps(worktree: String) throws(StoreError) -> [BegunStep]

  /// Returns what is known of the commits of steps, but for what hooks have noted since.
  func commitRecord() throws(StoreError) -> CommitRecord

  /// Returns what git hooks noted, in the order in which they did: a rewrite may go on from another.
  func hookNotes() -> [HookNote]

  /// Returns the steps that were never finished, newest first, whether or not they still run.
  func runningSteps() throws(StoreError) -> [Step]

  /// Returns whether the LaForge that records a step still lives: whether it holds the step's lock.
  func isRecorderAlive(_ id: StepID) throws(StoreError) -> Bool

  /// Returns the LaForge process that records a step; `nil` where none does.
  func recorder(of id: StepID) throws(StoreError) -> Int32?

  /// Waits until no LaForge records a step; false where that takes longer than a time.
  func waitForEnd(of id: StepID, milliseconds: Int64) throws(StoreError) -> Bool
}

/// What recording needs of a store.
package protocol StepStore: StepReading {
  /// Inserts a running step, committed when this returns, and holds its lock until it is finished.
  func createStep(_ step: NewStep) throws(StoreError) -> Step

  /// Inserts a running step that another process will end, committed when this returns.
  ///
  /// This process holds the step's lock until `handOver`.
  func createStep(_ step: NewStep, begun: BegunStep.Baseline) throws(StoreError) -> Step

  /// Releases the lock of a begun step: from here on it lives as long as its agent's process.
  func handOver(_ id: StepID)

  /// Records the end of a running step in one transaction and releases its lock.
  func finishStep(_ id: StepID, with completion: StepCompletion) throws(StoreError)

  /// Closes, as interrupted, running steps whose recorder is dead.
  ///
  /// - Parameter isOver: Tells of such a step whether nothing of it runs any more and it is the
  ///   caller's to close.
  /// - Returns: The steps that were closed.
  /// - Throws: `StoreError`.
  func closeInterruptedSteps(where isOver: (Step) -> Bool) throws(StoreError) -> [StepID]

  /// Returns the latest active step of a worktree if it was cut off and no command has taken the
  /// state after it yet; `nil` otherwise.
  func stepAwaitingState(worktree: String) throws(StoreError) -> StepID?

  /// Takes in what git hooks noted of commits of steps; the notes are gone then.
  func takeIn(_ notes: [HookNote]) throws(StoreError)

  /// Records the state that a later command found after an interrupted step.
  func recordLate(_ state: LateState, of id: StepID) throws(StoreError)

  /// Waits for the lock of a worktree, held while its state is taken or changed; it is released when
  /// the returned object goes.
  func lockWorktree(_ worktree: String) throws(StoreError) -> AnyObject

  /// Takes in the record of a step that ended but could not be written then. Taking in the same
  /// record again changes nothing.
  func adoptStep(_ step: Step) throws(StoreError)
}

/// The record of a step that could not be written into the store when the step ended.
package struct SpooledStep: Equatable, Sendable {
  /// The file that holds it.
  package var path: String
  package var step: Step

  package init(path: String, step: Step) {
    self.path = path
    self.step = step
  }
}

/// A spooled record that could not be taken in.
package struct SpoolRefusal: Equatable, Sendable {
  package var path: String
  /// Why, in one sentence without a full stop.
  package var reason: String

  package init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }
}

/// Keeps the records of steps that the store could not finish until it can take them in.
package protocol StepSpool {
  /// Writes the record where the next changing command finds it.
  ///
  /// - Returns: The file it was written to.
  func keep(_ step: Step, storeID: String) throws(StoreError) -> String

  /// Returns the records that wait for this store, and what looks like one but cannot be read.
  func waiting(storeID: String) -> (steps: [SpooledStep], refusals: [SpoolRefusal])

  /// Removes a record that the store has taken in.
  func remove(_ spooled: SpooledStep) throws(StoreError)
}
