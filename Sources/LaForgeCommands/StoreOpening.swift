import LaForgeCore
import LaForgeGit
import LaForgeStore

/// How the changing commands open the store: one that was lost is made again, and that is said.
enum StoreOpening {
  /// Opens the store of a repository for changes.
  ///
  /// - Parameters:
  ///   - repository: The repository.
  ///   - context: Where to say that the database was made again.
  /// - Returns: The store.
  /// - Throws: `StoreError`.
  static func open(
    _ repository: WorktreeRepository, in context: CommandContext
  ) async throws(StoreError) -> SQLiteStepStore {
    let folder = repository.location.commonDirectory
    let store: SQLiteStepStore
    do throws(StoreError) {
      store = try SQLiteStepStore(changingIn: folder, rebuildingFrom: nil)
    } catch  where error.code == .lost {
      store = try SQLiteStepStore(
        changingIn: folder, rebuildingFrom: await repository.rebuildSources())
    }
    if let repair = store.repair {
      context.error.say(UserMessage(repair, of: store.databasePath, isDone: true), as: "Warning")
    }
    return store
  }
}

extension StoreOpening {
  /// Opens the store of a repository for a command that only shows something.
  ///
  /// - Parameters:
  ///   - repository: The repository.
  ///   - context: Where to say that the database is lost.
  /// - Returns: The store.
  /// - Throws: `StoreError`, of code `noDatabase` where nothing was recorded yet.
  static func openForReading(
    _ repository: WorktreeRepository, in context: CommandContext
  ) async throws(StoreError) -> SQLiteStepStore {
    let folder = repository.location.commonDirectory
    let store: SQLiteStepStore
    do throws(StoreError) {
      store = try SQLiteStepStore(readingIn: folder, rebuildingFrom: nil)
    } catch  where error.code == .lost {
      store = try SQLiteStepStore(
        readingIn: folder, rebuildingFrom: await repository.rebuildSources())
    }
    if let repair = store.repair {
      context.error.say(
        UserMessage(repair, of: store.databasePath, isDone: false), as: "Warning")
    }
    return store
  }
}

extension WorktreeRepository {
  /// What git holds of a store that was lost.
  func rebuildSources() async -> RebuildSources {
    // A keep tree that cannot be read is one source less.
    let segments = (try? await recordSegments()) ?? []
    return RebuildSources(segments: segments, steps: protectedSteps())
  }
}

extension SQLiteStepStore {
  /// Says once that the record file could not be written; the step itself is recorded.
  func sayRecordFailure(in context: CommandContext) {
    guard let failure = takeRecordFailure() else { return }
    context.error.say(UserMessage(recordFile: failure), as: "Warning")
  }
}
