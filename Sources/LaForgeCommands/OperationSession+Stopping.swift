import LaForgeAgent
import LaForgeCore
import LaForgeGit
import LaForgeStore

/// `undo --stop`: a running step is ended first.
extension OperationSession {
  /// How long an agent whose LaForge is gone has to end, in milliseconds.
  private static let grace: Int64 = 10_000
  /// How long a run may take to end and to be recorded, in milliseconds.
  private static let patience: Int64 = 600_000

  /// Ends the steps that run in this worktree, as a time limit would, and waits for their records.
  ///
  /// - Throws: `CommandFailure`; nothing was ended where it is called from inside one of them.
  func stopRunningSteps(in context: CommandContext) throws {
    let enclosing = try lookup { () throws(StepLookupError) in
      do throws(StoreError) {
        return try RecordingSession.enclosingStep(
          store, repository.location.worktree, in: context)
      } catch {
        throw .store(error)
      }
    }
    // The undo itself refuses, and says why.
    guard enclosing == nil else { return }
    let running = try lookup { () throws(StepLookupError) in try history.running() }
    let ids = Set(running.map(\.id))
    // What runs within another ends with it.
    for step in running where !(step.start.enclosing.map(ids.contains) ?? false) {
      try stop(step)
      let duration = step.durationMilliseconds(now: now)
        .map { " It had run for \(Readable.duration(milliseconds: $0))." }
      context.error.say(
        UserMessage(
          code: "stopped", summary: "Stopped \(step.id) (\(step.agentText)).\(duration ?? "")"),
        as: "Note")
    }
  }

  private func stop(_ step: Step) throws {
    guard !step.isBegun else {
      throw CommandFailure(
        UserMessage(
          code: "not_stoppable",
          summary: "\(step.id) was begun by \(step.agentText), which LaForge did not start.",
          consequence: "It was left running, and nothing was changed.",
          hint: "Interrupt it there, then `\(step.stoppingCommand)`."))
    }
    let hasEnded = try lookup { () throws(StepLookupError) in
      do throws(StoreError) {
        guard let recorder = try store.recorder(of: step.id), StepEnding.request(of: recorder)
        else {
          if let process = step.start.agentProcess {
            StepEnding.end(process, grace: Self.grace)
          }
          return true
        }
        return try store.waitForEnd(of: step.id, milliseconds: Self.patience)
      } catch {
        throw .store(error)
      }
    }
    guard hasEnded else {
      throw CommandFailure(
        UserMessage(
          code: "not_stopped", summary: "\(step.id) was told to end and has not.",
          consequence: "Nothing was changed.", hint: "`laforge status` shows its process."))
    }
  }

  private func lookup<Value>(
    _ body: () throws(StepLookupError) -> Value
  ) throws -> Value {
    do {
      return try body()
    } catch {
      throw CommandFailure(UserMessage(error, in: history))
    }
  }
}
