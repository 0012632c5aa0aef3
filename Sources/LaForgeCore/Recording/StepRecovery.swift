/// Closes the steps whose LaForge died, for the next changing command.
package struct StepRecovery {
  private let repository: any StateRepository
  private let store: any StepStore
  private let keeper: StateKeeper
  private let isAgentAlive: (AgentProcess) -> Bool

  package init(
    repository: any StateRepository, store: any StepStore, keeper: StateKeeper,
    isAgentAlive: @escaping (AgentProcess) -> Bool
  ) {
    self.repository = repository
    self.store = store
    self.keeper = keeper
    self.isAgentAlive = isAgentAlive
  }

  /// Marks those of this worktree as interrupted, each with the state as it is now: the best that is
  /// still to be had.
  ///
  /// A step of another worktree waits for a command there; where that worktree is gone, it is closed
  /// without a state.
  ///
  /// - Returns: What could not be taken; the steps are closed all the same.
  /// - Throws: `StateError` where they cannot be closed.
  func closeInterruptedSteps() async throws(StateError) -> [RecordWarning] {
    var closed: [StepID]
    do throws(StoreError) {
      closed = try store.closeInterruptedSteps { step in
        let isOurs =
          step.start.worktree == repository.location.worktree
          || !repository.hasWorktree(step.start.worktree)
        return isOurs && step.start.agentProcess.map(isAgentAlive) != true
      }
      // One that was closed before, by a command that could not take the state.
      let waiting = try store.stepAwaitingState(worktree: repository.location.worktree)
      if let waiting, !closed.contains(waiting) { closed.append(waiting) }
    } catch {
      throw .store(error)
    }
    var warnings: [RecordWarning] = []
    for id in closed {
      do throws(StateError) {
        try await recordLate(id)
      } catch {
        warnings.append(.notTidied(error))
      }
    }
    return warnings
  }

  private func recordLate(_ id: StepID) async throws(StateError) {
    let step: Step?
    do { step = try store.step(id) } catch { throw .store(error) }
    guard let step else { return }
    if step.start.worktree == repository.location.worktree {
      let captured: CapturedState
      do { captured = try await repository.captureState() } catch { throw .git(error) }
      try await keeper.keep(captured)
      let moves = try await keeper.moves(during: id)
      let late = LateState(
        head: captured.state.head, snapshot: captured.state.snapshot,
        referenceMoves: moves.references, droppedStashes: moves.stashes)
      do { try store.recordLate(late, of: id) } catch { throw .store(error) }
    }
    // What the references named before is what the protecting reference still reaches.
    try await keeper.release(id, naming: step.start.headBefore)
  }

  /// Takes away protecting references of steps that have ended and could not do it themselves.
  func releaseEndedSteps() async throws(StateError) {
    for id in repository.protectedSteps() {
      let step: Step?
      do { step = try store.step(id) } catch { throw .store(error) }
      if step?.status == .running { continue }
      try await keeper.release(id, naming: step?.start.headBefore)
    }
  }
}
