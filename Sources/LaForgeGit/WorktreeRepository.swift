import Foundation
package import LaForgeCore
package import SystemPackage

/// A repository seen from one worktree: its reader, its objects, and git for what touches files.
package final class WorktreeRepository: StateRepository {
  let reader: any RepositoryReader
  let objects: any ObjectDatabase
  let git: RepositoryGit
  /// Files outside the repository that give attributes to its files.
  private let attributesFiles: [String]
  /// Whether the environment sets configuration that only git itself reads.
  private let hasConfigurationInEnvironment: Bool

  init(
    reader: any RepositoryReader, objects: any ObjectDatabase, git: RepositoryGit,
    attributesFiles: [String], hasConfigurationInEnvironment: Bool
  ) {
    self.hasConfigurationInEnvironment = hasConfigurationInEnvironment
    self.reader = reader
    self.objects = KeptObjects(objects, reader: reader)
    self.git = git
    self.attributesFiles = attributesFiles
  }

  /// Opens the repository that a folder lies in; one that libgit2 cannot open because of its format
  /// is left to the git command, where that can.
  ///
  /// - Parameters:
  ///   - directory: An absolute path.
  ///   - git: The installed git.
  ///   - followsEnvironment: Whether `GIT_DIR`, `GIT_WORK_TREE` or `GIT_COMMON_DIR` is set.
  ///   - ceilings: `GIT_CEILING_DIRECTORIES`: folders that the search upward does not go into.
  ///   - attributesFiles: Where files outside the repository may give attributes to its files.
  ///   - hasConfigurationInEnvironment: Whether variables such as `GIT_CONFIG_COUNT` are set.
  ///   - destination: Where objects go that are stored.
  /// - Returns: The repository, with a working tree.
  /// - Throws: `RepositoryError` for anything that cannot be recorded in.
  package static func open(
    from directory: FilePath, git: GitCommand, followsEnvironment: Bool, ceilings: String?,
    attributesFiles: [String], hasConfigurationInEnvironment: Bool,
    storingIn destination: ObjectDestination
  ) async throws(RepositoryError) -> WorktreeRepository {
    let (reader, objects, repositoryGit) = try await backend(
      from: directory, git: git, followsEnvironment: followsEnvironment, ceilings: ceilings,
      destination)
    return WorktreeRepository(
      reader: reader, objects: objects, git: repositoryGit, attributesFiles: attributesFiles,
      hasConfigurationInEnvironment: hasConfigurationInEnvironment)
  }

  /// What a repository is read and written through.
  typealias Backend = (any RepositoryReader, any ObjectDatabase, RepositoryGit)

  private static func backend(
    from directory: FilePath, git: GitCommand, followsEnvironment: Bool, ceilings: String?,
    _ destination: ObjectDestination
  ) async throws(RepositoryError) -> Backend {
    let reader: LibGit2Reader
    do {
      reader = try await LibGit2Reader.open(
        from: directory, git: git, followsEnvironment: followsEnvironment, ceilings: ceilings)
    } catch {
      guard case .unsupportedExtension = error else { throw error }
      return try await commandBackend(
        from: directory, git: git, followsEnvironment: followsEnvironment, destination,
        unless: error)
    }
    do throws(GitError) {
      return try libGit2Backend(reader, git, destination)
    } catch {
      throw .unreadable(path: reader.location.gitDirectory.string, cause: error)
    }
  }

  static func libGit2Backend(
    _ reader: LibGit2Reader, _ git: GitCommand, _ destination: ObjectDestination
  ) throws(GitError) -> Backend {
    let repositoryGit = RepositoryGit(
      git: git, location: reader.location, idLength: LibGit2Objects.sha1Length,
      incoming: IncomingObjects(reader.location, destination))
    let objects = try LibGit2Objects(reader.repository.pointer, git: repositoryGit)
    return (reader, objects, repositoryGit)
  }

  /// What git alone works with; where git refuses as well, what libgit2 said stays.
  private static func commandBackend(
    from directory: FilePath, git: GitCommand, followsEnvironment: Bool,
    _ destination: ObjectDestination, unless refusal: RepositoryError
  ) async throws(RepositoryError) -> Backend {
    do {
      let reader = try await GitCommandReader.open(
        from: directory, git: git, followsEnvironment: followsEnvironment, storingIn: destination)
      return (reader, GitCommandObjects(reader.git), reader.git)
    } catch {
      if case .notFound = error { throw refusal }
      throw error
    }
  }

  // MARK: - States

  package func captureState() async throws(GitError) -> CapturedState {
    for _ in 0..<5 {
      let head = try await readHead()
      let result = try await capture(at: head)
      // HEAD must be what the listing was made against.
      guard try await readHead() == head else { continue }
      var snapshot: ObjectID?
      if !result.isClean {
        snapshot = try await Snapshot(objects: objects).write(result.trees)
      }
      // Some may exist as bytes alone, and are walked from now on.
      try await CommitRevival(objects: objects).revive(result.commits)
      return CapturedState(
        state: RepositoryState(head: head, snapshot: snapshot), summary: result.summary,
        leftOut: result.leftOut, commits: try await existingCommits(result.commits))
    }
    throw GitError(
      code: .contention, message: "HEAD is moved by other processes all the time",
      function: "git status")
  }

  /// What the files of an operation in progress name need not be there any more.
  private func existingCommits(_ ids: [ObjectID]) async throws(GitError) -> [ObjectID] {
    guard !ids.isEmpty else { return [] }
    let found = try await objects.read(Array(Set(ids)))
    return found.filter { $0.value.kind == .commit }.keys.sorted { $0.hex < $1.hex }
  }

  func capture(at head: Head) async throws(GitError) -> StateCapture.Found {
    try await StateCapture(
      git: git, objects: objects, settings: try await captureSettings()
    ).take(at: head)
  }

  func captureSettings() async throws(GitError) -> CaptureSettings {
    var settings = try CaptureSettings(
      try await reader.configurationEntries(), attributesFiles: attributesFiles)
    if hasConfigurationInEnvironment { settings.mayConvert = true }
    return settings
  }

  private func readHead() async throws(GitError) -> Head {
    do {
      return try await reader.head()
    } catch .unreadable(_, let cause) {
      throw cause
    } catch {
      throw GitError(code: .missingObject, message: "\(error)", function: "HEAD")
    }
  }

  package func filesTree(of state: RepositoryState) async throws(GitError) -> ObjectID? {
    try await Snapshot(objects: objects).load(state).worktree
  }

  package func objectForDiff(
    of state: RepositoryState
  ) async throws(GitError) -> ObjectID {
    var tree = try await filesTree(of: state)
    if tree == nil { tree = try await objects.write(TreeObject().object) }
    try await objects.flush()
    guard let tree else { preconditionFailure("an empty tree was not written") }
    return tree
  }

  /// The objects that lie in no repository; `nil` if there are none.
  package var temporaryObjects: TemporaryObjects? {
    guard case .temporary = git.incoming.destination, let directory = git.incoming.existing
    else { return nil }
    return TemporaryObjects(
      directory: directory, variables: git.incoming.variables(stores: false))
  }

  package func difference(
    from old: RepositoryState, to new: RepositoryState
  ) async throws(GitError) -> StateDifference {
    try await StateComparison(objects: objects).difference(from: old, to: new)
  }

  package func staged(
    in state: RepositoryState, at paths: [GitPath]
  ) async throws(GitError) -> [GitPath: TrackedEntry] {
    let trees = try await Snapshot(objects: objects).load(state)
    return try await TreeComparison(objects: objects).entries(of: trees.index, at: paths)
  }

  // MARK: - Reading

  package var location: RepositoryLocation { reader.location }
  package func hasWorktree(_ name: String) -> Bool {
    if name == "main" { return true }
    let folder = name == "worktrees/main" ? "main" : name
    return WorkingTreeFile.exists(
      location.commonDirectory.appending("worktrees").appending(folder))
  }
  package func head() async throws(RepositoryError) -> Head { try await reader.head() }
  package func referenceTips() async throws(GitError) -> ReferenceTips {
    try await reader.referenceTips()
  }
  package func commitsMade(
    since before: RepositoryPosition, until after: RepositoryPosition
  ) async throws(GitError) -> [ObjectID] {
    try await reader.commitsMade(since: before, until: after)
  }
  package func changes(
    from old: ObjectID?, to new: ObjectID?
  ) async throws(GitError) -> ChangeSummary {
    // The reader sees what is in the repository.
    try await objects.flush()
    return try await reader.changes(from: old, to: new)
  }
  package func configuration(_ name: String) async throws(GitError) -> String? {
    try await reader.configuration(name)
  }
  package func flag(_ name: String) async throws(GitError) -> Bool? {
    try await reader.flag(name)
  }
  package func abbreviation(of id: ObjectID) -> String { reader.abbreviation(of: id) }
}
