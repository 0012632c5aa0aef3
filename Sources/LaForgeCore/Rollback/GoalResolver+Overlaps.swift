/// What becomes of steps that ran at the same time in one worktree.
extension GoalResolver {
  /// What a chain of steps changed, without what an overlapping step that stays has changed.
  ///
  /// Each of two steps that ran at the same time saw what the other did. A change that both saw alike
  /// belongs to the one whose time lies within that of the other; anything else that both touched
  /// cannot be told apart.
  ///
  /// - Throws: `OperationError.overlapping` where their paths meet.
  func touched(
    _ chain: [Step], beside others: [Step]
  ) async throws(OperationError) -> StateMerge.Touched {
    var touched = StateMerge.Touched()
    for step in chain {
      var own = try await difference(of: step)
      for other in others where step.overlaps.contains(other.id) {
        let theirs = try await difference(of: other)
        let meeting = Self.takeOut(theirs, of: &own, isWithin: other.ran(within: step))
        let isOurs = step.ran(within: other)
        guard meeting.unequal.isEmpty, meeting.equal.isEmpty || isOurs else {
          let paths = isOurs ? meeting.unequal : meeting.unequal.union(meeting.equal)
          throw .overlapping(step.id, with: other.id, paths: paths.sorted())
        }
      }
      touched.add(own)
    }
    return touched
  }

  /// The active steps that ran at the same time as any of a chain and are not of it.
  func alongside(_ chain: InvolvedSteps) throws(OperationError) -> [Step] {
    let overlaps = Set(chain.steps.flatMap(\.overlaps))
    let others = overlaps.isEmpty ? [] : overlaps.subtracting(chain.ids).sorted()
    return try inStore { () throws(StoreError) in try store.steps(others) }.filter(\.isActive)
  }

  /// Removes what belongs to the other step.
  ///
  /// - Returns: The paths that both have, by whether both saw the same change.
  private static func takeOut(
    _ theirs: StateDifference, of own: inout StateDifference, isWithin: Bool
  ) -> (equal: Set<GitPath>, unequal: Set<GitPath>) {
    var (equal, unequal): (Set<GitPath>, Set<GitPath>) = ([], [])
    for (path, change) in own.files {
      guard let other = theirs.files[path] else { continue }
      if change == other { equal.insert(path) } else { unequal.insert(path) }
    }
    for (path, change) in own.index {
      guard let other = theirs.index[path] else { continue }
      if change == other { equal.insert(path) } else { unequal.insert(path) }
    }
    guard isWithin else { return (equal, unequal) }
    equal.subtract(unequal)
    for path in equal {
      own.files[path] = nil
      own.index[path] = nil
    }
    return ([], unequal)
  }
}

extension Step {
  /// Whether the step began after another and ended before it.
  fileprivate func ran(within other: Step) -> Bool {
    guard let end = end?.endTime, let otherEnd = other.end?.endTime else { return false }
    return start.startTime >= other.start.startTime && end <= otherEnd
  }
}
