import Glibc
import LaForgeAgent
import LaForgeCore
import LaForgeGit
import LaForgeStore
import SystemPackage

/// A repository and its store, opened for recording.
struct RecordingSession {
  let repository: WorktreeRepository
  let store: SQLiteStepStore
  let recorder: StepRecorder
  let projectID: String
  /// The caller's folder relative to the top of the working tree; empty at the top.
  let directory: String
  /// The running step that this process runs within.
  let enclosing: StepID?

  init(_ repository: WorktreeRepository, in context: CommandContext) async throws(RecordError) {
    self.repository = repository
    do throws(RepositoryError) {
      projectID = try await repository.projectID
    } catch {
      throw .repository(error)
    }
    let location = repository.location
    let kept = try await Self.openStore(repository, in: context)
    store = kept.store
    enclosing = kept.enclosing
    store.keepOpenUntilExit()
    directory = Self.relative(context.directory, to: location.workingTree)
    recorder = context.makeRecorder(repository: repository, store: store)
  }

  private static func openStore(
    _ repository: WorktreeRepository, in context: CommandContext
  ) async throws(RecordError) -> (store: SQLiteStepStore, enclosing: StepID?) {
    do throws(StoreError) {
      let store = try await StoreOpening.open(repository, in: context)
      return (store, try enclosingStep(store, repository.location.worktree, in: context))
    } catch {
      throw .store(error)
    }
  }

  /// Removes the oldest outputs where all of them take more room than they may.
  ///
  /// The step is recorded already, so a failure is a warning.
  func trimOutputs(limit: Int64, in context: CommandContext) {
    let archive = OutputArchive(
      in: StoreFolder(commonDirectory: repository.location.commonDirectory).outputs)
    do {
      let uncounted = try store.stepsWithUncountedOutput()
      if !uncounted.isEmpty {
        try store.recordOutputSizes(
          Dictionary(uniqueKeysWithValues: uncounted.map { ($0, archive.diskBytes(of: $0)) }))
      }
      let due = try store.outputsBeyond(limit)
      guard !due.isEmpty else { return }
      for id in due { archive.remove(id) }
      try store.recordOutputSizes(Dictionary(uniqueKeysWithValues: due.map { ($0, nil) }))
    } catch {
      context.error.say(
        UserMessage(
          code: "outputs_not_trimmed", summary: "Old outputs could not be removed.",
          causes: [error.description]),
        as: "Warning")
    }
  }

  /// Makes the day's copy of the database, if it is due.
  ///
  /// The step is recorded already, so a failure is a warning.
  func backUp(in context: CommandContext) {
    store.sayRecordFailure(in: context)
    do {
      try store.backUp(on: context.clock.now())
    } catch {
      context.error.say(
        UserMessage(
          code: "backup_failed", summary: "The step database could not be copied to its backup.",
          causes: [error.description]),
        as: "Warning")
    }
  }

  /// The innermost running step of this store that this process runs within: the one that the
  /// environment names, or one that a process above has begun.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - worktree: The worktree.
  ///   - context: Where this process runs.
  ///   - process: A process whose own steps do not count.
  /// - Returns: `nil` where there is none.
  /// - Throws: `StoreError`.
  static func enclosingStep(
    _ store: SQLiteStepStore, _ worktree: String, in context: CommandContext,
    except process: AgentProcess? = nil
  ) throws(StoreError) -> StepID? {
    let named = try namedStep(store, worktree, in: context)
    let begun = try store.begunSteps(worktree: worktree)
    guard !begun.isEmpty else { return named }
    let ancestors = context.ancestors.map(\.process)
    let above = begun.filter { begun in
      begun.step.start.agentProcess.map { $0 != process && ancestors.contains($0) } == true
    }
    // What began later is within what began before.
    return (above.map(\.step.id) + [named].compactMap { $0 }).max()
  }

  /// The step of this store that the environment names, if it still runs.
  static func namedStep(
    _ store: SQLiteStepStore, _ worktree: String, in context: CommandContext
  ) throws(StoreError) -> StepID? {
    guard context.variable("LAFORGE_STORE") == store.storeID,
      let reference = context.variable("LAFORGE_STEP").flatMap(StepReference.init(parsing:))
    else { return nil }
    let history = context.makeHistory(store, worktree: worktree)
    do throws(StepLookupError) {
      let step = try history.step(reference)
      return step.status == .running ? step.id : nil
    } catch .store(let error) {
      throw error
    } catch {
      return nil
    }
  }

  static func relative(_ directory: FilePath, to workingTree: FilePath) -> String {
    var path = directory
    guard path.removePrefix(workingTree) else { return "" }
    return path.string
  }
}
