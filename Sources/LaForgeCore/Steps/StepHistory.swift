/// Why a step that a person named cannot be shown.
package enum StepLookupError: Error, Equatable, Sendable {
  /// No step was recorded in this worktree yet.
  case noSteps
  /// There is no step of that number.
  case noSuchStep(StepID, latest: StepID?)
  /// The line of this worktree does not go back that far.
  case notThatFarBack(Int, available: Int)
  case store(StoreError)
}

/// The steps as they stand now, seen from one worktree: the use case behind the reading commands.
///
/// A running step whose recorder and agent are both gone reads as cut off, although only the next
/// changing command will close it.
package struct StepHistory {
  private let store: any StepReading
  private let worktree: String
  private let isAgentAlive: (AgentProcess) -> Bool

  package init(
    store: any StepReading, worktree: String, isAgentAlive: @escaping (AgentProcess) -> Bool
  ) {
    self.store = store
    self.worktree = worktree
    self.isAgentAlive = isAgentAlive
  }

  /// The store's id.
  package var storeID: String { store.storeID }

  /// Finds the step that a person named.
  ///
  /// A number names any step of the repository, `@` and its relatives go along the line of this
  /// worktree.
  package func step(_ reference: StepReference) throws(StepLookupError) -> Step {
    switch reference {
    case .id(let id):
      if let step = try find(id) { return step }
      throw .noSuchStep(id, latest: try latest()?.id)
    case .latest(let back):
      guard var step = try latest() else { throw .noSteps }
      for generation in 0..<back {
        guard let parent = try step.parent.flatMap(find) else {
          throw .notThatFarBack(back, available: generation)
        }
        step = parent
      }
      return step
    }
  }

  private func find(_ id: StepID) throws(StepLookupError) -> Step? {
    do throws(StoreError) {
      guard let step = try store.step(id) else { return nil }
      return try current(step)
    } catch {
      throw .store(error)
    }
  }

  /// Returns the latest active step of this worktree; `nil` where there is none.
  package func latest() throws(StepLookupError) -> Step? {
    do throws(StoreError) {
      guard let step = try store.latestActiveStep(worktree: worktree) else { return nil }
      return try current(step)
    } catch {
      throw .store(error)
    }
  }

  /// Lists the steps of this worktree, newest first.
  ///
  /// - Parameters:
  ///   - includesAll: Also rolled-back steps and steps that ran within another.
  ///   - limit: At most that many; `nil` for all.
  /// - Returns: The steps as they stand now.
  /// - Throws: `StepLookupError.store`.
  package func steps(
    includesAll: Bool, limit: Int?
  ) throws(StepLookupError) -> [Step] {
    do throws(StoreError) {
      var steps = try store.steps(matching: filter(includesAll: includesAll, limit: limit))
      for index in steps.indices where steps[index].status == .running {
        steps[index] = try current(steps[index])
      }
      return steps
    } catch {
      throw .store(error)
    }
  }

  /// Returns the newest rolled-back steps of this worktree, at most that many.
  package func rolledBack(limit: Int) throws(StepLookupError) -> [Step] {
    do throws(StoreError) {
      return try store.steps(
        matching: StepFilter(worktree: worktree, activity: .inactive, limit: limit))
    } catch {
      throw .store(error)
    }
  }

  /// Returns the steps of this worktree that run now, newest first; those within another as well.
  package func running() throws(StepLookupError) -> [Step] {
    do throws(StoreError) {
      var running: [Step] = []
      for step in try store.runningSteps() where step.start.worktree == worktree {
        let current = try current(step)
        if current.status == .running { running.append(current) }
      }
      return running
    } catch {
      throw .store(error)
    }
  }

  /// Counts the steps on the line of this worktree, or those that were rolled back from it.
  package func count(_ activity: StepFilter.Activity) throws(StepLookupError) -> Int {
    do throws(StoreError) {
      return try store.countSteps(
        matching: StepFilter(worktree: worktree, activity: activity))
    } catch {
      throw .store(error)
    }
  }

  private func filter(includesAll: Bool, limit: Int?) -> StepFilter {
    StepFilter(
      worktree: worktree, activity: includesAll ? .any : .active, includesEnclosed: includesAll,
      limit: limit)
  }

  /// The step as it stands now: running only if somebody still runs it.
  private func current(_ step: Step) throws(StoreError) -> Step {
    guard step.status == .running else { return step }
    if try store.isRecorderAlive(step.id) { return step }
    if step.start.agentProcess.map(isAgentAlive) == true { return step }
    // It may have ended well between the two looks.
    guard let latest = try store.step(step.id), latest.status != .running else {
      return step.asCutOff
    }
    return latest
  }
}
