/// Whose work lies between two moments of a worktree.
package struct WorkOwner: Hashable, Sendable {
  /// The steps that it may be the work of, in the order of their numbers; one, unless steps
  /// overlapped or a state of one is not known.
  package var steps: [StepID]
  /// Whether it may be the work of the person, or of whoever else was not recorded.
  package var mayBePersons: Bool

  package init(steps: [StepID], mayBePersons: Bool) {
    self.steps = steps
    self.mayBePersons = mayBePersons
  }

  /// The step, where there is no doubt.
  package var step: StepID? { steps.count == 1 && !mayBePersons ? steps[0] : nil }
}

/// The recorded states of one worktree in the order in which they were taken.
///
/// What lies between a state and the one before it was done by the steps that ran meanwhile, or, where
/// none did, by the person.
package struct StepTimeline: Equatable, Sendable {
  /// A state that was taken.
  package struct Moment: Equatable, Sendable {
    package var state: RepositoryState
    /// Who made it what it is, beginning with the moment before.
    package var owner: WorkOwner
    /// When it was taken; `nil` where that is not recorded.
    package var time: Timestamp?

    package init(state: RepositoryState, owner: WorkOwner, time: Timestamp?) {
      self.state = state
      self.owner = owner
      self.time = time
    }
  }

  /// The oldest first.
  package private(set) var moments: [Moment] = []
  /// The step that the first moment is before; `nil` where it is after one.
  package private(set) var first: StepID?
  /// Who did what was done since the last moment.
  package private(set) var ownerSince = WorkOwner(steps: [], mayBePersons: true)

  private var running: [Step] = []
  private var candidates: Set<StepID> = []
  private var mayBePersons = false

  /// - Parameter steps: The active steps of one worktree in any order; those within others are passed
  ///   over.
  package init(_ steps: [Step]) {
    let line = steps.filter { $0.isActive && $0.start.enclosing == nil }.sorted { $0.id < $1.id }
    for step in line {
      // Which steps ran at the same time is recorded; the clock may have been set back meanwhile.
      end(running.filter { !Self.overlap($0, step) })
      pass()
      if moments.isEmpty, running.isEmpty, step.stateBefore != nil { first = step.id }
      take(step.stateBefore, at: step.start.startTime)
      running.append(step)
    }
    end(running.filter { $0.status != .running })
    pass()
    ownerSince = owner
  }

  private static func overlap(_ left: Step, _ right: Step) -> Bool {
    left.overlaps.contains(right.id) || right.overlaps.contains(left.id)
  }

  private mutating func end(_ steps: [Step]) {
    for step in steps.sorted(by: Self.endsEarlier) {
      pass()
      // What a later command found may hold edits that were made since the step was cut off.
      if step.late != nil { mayBePersons = true }
      take(step.stateAfter, at: step.end?.endTime)
      running.removeAll { $0.id == step.id }
    }
  }

  /// Steps without an end time come last.
  private static func endsEarlier(_ left: Step, _ right: Step) -> Bool {
    switch (left.end?.endTime, right.end?.endTime) {
    case (let one?, let other?) where one != other: one < other
    case (nil, _?): false
    case (_?, nil): true
    default: left.id < right.id
    }
  }

  /// Time passes up to the next event.
  private mutating func pass() {
    if running.isEmpty { mayBePersons = true }
    candidates.formUnion(running.map(\.id))
  }

  private var owner: WorkOwner {
    WorkOwner(steps: candidates.sorted(), mayBePersons: mayBePersons)
  }

  private mutating func take(_ state: RepositoryState?, at time: Timestamp?) {
    // Across a state that was not taken the work before and after it cannot be told apart.
    guard let state else { return }
    moments.append(Moment(state: state, owner: owner, time: time))
    candidates = []
    mayBePersons = false
  }
}
