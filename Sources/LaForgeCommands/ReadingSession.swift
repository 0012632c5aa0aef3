import LaForgeCore
import LaForgeStore
import SystemPackage

/// A repository and its steps, opened for reading.
struct ReadingSession {
  let repository: any SourceRepository
  /// `nil` where nothing was recorded yet.
  let history: StepHistory?

  /// - Throws: `CommandFailure`.
  init(in context: CommandContext) async throws {
    repository = try await Self.openRepository(in: context)
    let location = repository.location
    history = try Self.openStore(location).map {
      context.makeHistory($0, worktree: location.worktree)
    }
  }

  private static func openRepository(
    in context: CommandContext
  ) async throws -> any SourceRepository {
    do {
      return try await context.openRepository()
    } catch {
      throw CommandFailure(UserMessage(error))
    }
  }

  private static func openStore(_ location: RepositoryLocation) throws -> SQLiteStepStore? {
    do {
      return try SQLiteStepStore(readingIn: location.commonDirectory)
    } catch {
      if error.code == .noDatabase { return nil }
      throw CommandFailure(
        UserMessage(error, newestCopy: newestCopy(location.commonDirectory)))
    }
  }

  /// Runs a lookup and turns its failure into a message.
  func find<Value>(
    _ body: () throws(StepLookupError) -> Value
  ) throws(CommandFailure) -> Value {
    do {
      return try body()
    } catch {
      let copy = Self.newestCopy(repository.location.commonDirectory)
      throw CommandFailure(UserMessage(error, newestCopy: copy))
    }
  }

  /// The newest copy of a database that may itself be damaged; `nil` where there is none.
  static func newestCopy(_ commonDirectory: FilePath) -> String? {
    let folder = StoreFolder(commonDirectory: commonDirectory)
    return (try? SQLiteStepStore.backups(in: folder))?.last?.string
  }
}
