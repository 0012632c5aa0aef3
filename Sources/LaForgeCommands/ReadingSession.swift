import LaForgeCore
import LaForgeGit
import LaForgeStore
import SystemPackage

/// A repository and its steps, opened for reading.
struct ReadingSession {
  let worktree: WorktreeRepository
  /// `nil` where nothing was recorded yet.
  let history: StepHistory?
  private let store: SQLiteStepStore?

  var repository: any StateRepository { worktree }

  /// The objects that were computed so far and that lie in no repository; `nil` if there are none.
  var temporaryObjects: TemporaryObjects? { worktree.temporaryObjects }

  /// - Throws: `CommandFailure`.
  init(in context: CommandContext) async throws {
    worktree = try await Self.openRepository(in: context)
    let location = worktree.location
    store = try await Self.openStore(worktree, in: context)
    history = store.map { context.makeHistory($0, worktree: location.worktree) }
  }

  private static func openRepository(
    in context: CommandContext
  ) async throws -> WorktreeRepository {
    do {
      return try await context.openRepository(readOnly: true)
    } catch {
      throw CommandFailure(UserMessage(error))
    }
  }

  private static func openStore(
    _ repository: WorktreeRepository, in context: CommandContext
  ) async throws -> SQLiteStepStore? {
    do throws(StoreError) {
      return try await StoreOpening.openForReading(repository, in: context)
    } catch {
      if error.code == .noDatabase { return nil }
      throw CommandFailure(
        UserMessage(error, newestCopy: newestCopy(repository.location.commonDirectory)))
    }
  }

  /// The user's prices, by model.
  func prices() async throws(CommandFailure) -> [String: ModelPrice] {
    do throws(GitError) {
      return try await worktree.runSettings().prices
    } catch {
      throw CommandFailure(.badConfiguration(error))
    }
  }

  /// Finds the step that a person named.
  func step(_ reference: StepReference) throws(CommandFailure) -> Step {
    guard let history else { throw CommandFailure(.noSteps) }
    return try find { () throws(StepLookupError) in try history.step(reference) }
  }

  /// The operation of this worktree that was cut off.
  func cutOffOperation() throws(StepLookupError) -> Operation? {
    do throws(StoreError) {
      return try store?.cutOffOperation(worktree: repository.location.worktree)
    } catch {
      throw .store(error)
    }
  }

  /// What is known of the commits of steps.
  func commitRecord() async throws(CommandFailure) -> CommitRecord {
    guard let store else { return CommitRecord() }
    do throws(StoreError) {
      return try await store.commitRecord(withNotesIn: worktree)
    } catch {
      throw failure(.store(error))
    }
  }

  /// The operations of this worktree, newest first.
  func operations(limit: Int?) throws(CommandFailure) -> [Operation] {
    try find { () throws(StepLookupError) in
      do throws(StoreError) {
        return try store?.operations(worktree: repository.location.worktree, limit: limit) ?? []
      } catch {
        throw .store(error)
      }
    }
  }

  /// The operation that `redo`, or for a redo `undo`, would reverse.
  func latestOnStack(_ kinds: Set<OperationKind>) throws(StoreError) -> Operation? {
    try store?.latestOnStack(worktree: repository.location.worktree, kinds: kinds)
  }

  /// The state just before an operation.
  func stateBefore(_ id: OperationID) throws(CommandFailure) -> RepositoryState {
    let operation = try find { () throws(StepLookupError) in
      do throws(StoreError) {
        return try store?.operation(id)
      } catch {
        throw .store(error)
      }
    }
    guard let before = operation?.before else {
      throw CommandFailure(
        UserMessage(
          code: "no_such_operation", summary: "There is no operation \(id) in this worktree.",
          hint: "`laforge ops` lists them."))
    }
    return before
  }

  /// Runs a lookup and turns its failure into a message.
  func find<Value>(
    _ body: () throws(StepLookupError) -> Value
  ) throws(CommandFailure) -> Value {
    do {
      return try body()
    } catch {
      throw failure(error)
    }
  }

  private func failure(_ error: StepLookupError) -> CommandFailure {
    let copy = Self.newestCopy(repository.location.commonDirectory)
    return CommandFailure(UserMessage(error, in: history, newestCopy: copy))
  }

  /// The newest copy of a database that may itself be damaged; `nil` where there is none.
  static func newestCopy(_ commonDirectory: FilePath) -> String? {
    let folder = StoreFolder(commonDirectory: commonDirectory)
    return (try? SQLiteStepStore.backups(in: folder))?.last?.string
  }
}
