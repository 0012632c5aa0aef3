import LaForgeCore
import LaForgeTestSupport
import SystemPackage
import Testing

@testable import LaForgeGit

/// The two readers, which must give the same answers.
enum ReaderKind: CaseIterable, Sendable {
  case libgit2, command
  /// A repository that only one of them can open.
  case commandOnSHA256

  static let git = GitCommand(program: "/usr/bin/git")

  /// The length of an object id in bytes.
  var idLength: Int { self == .commandOnSHA256 ? 32 : 20 }

  /// A folder with a repository that this reader can open.
  func makeEnvironment(makesRepository: Bool = true) async throws -> TestEnvironment {
    try await TestEnvironment(
      makesRepository: makesRepository, objectFormat: idLength == 32 ? "sha256" : "sha1")
  }

  /// Opens a repository as a command would, without any environment.
  func open(_ directory: FilePath) async throws(RepositoryError) -> any RepositoryReader {
    if self != .libgit2 {
      return try await GitCommandReader.open(
        from: directory, git: Self.git, followsEnvironment: false)
    }
    return try await LibGit2Reader.open(
      from: directory, git: Self.git, followsEnvironment: false, ceilings: nil)
  }

  /// Opens a repository with the objects behind this reader.
  func openWorktree(
    _ directory: FilePath, storingIn destination: ObjectDestination = .repository
  ) async throws -> WorktreeRepository {
    let backend: WorktreeRepository.Backend
    if self == .libgit2 {
      let reader = try await LibGit2Reader.open(
        from: directory, git: Self.git, followsEnvironment: false, ceilings: nil)
      backend = try WorktreeRepository.libGit2Backend(reader, Self.git, destination)
    } else {
      let reader = try await GitCommandReader.open(
        from: directory, git: Self.git, followsEnvironment: false, storingIn: destination)
      backend = (reader, GitCommandObjects(reader.git), reader.git)
    }
    return WorktreeRepository(
      reader: backend.0, objects: backend.1, git: backend.2, attributesFiles: [],
      hasConfigurationInEnvironment: false)
  }
}

/// HEAD and the references now.
func position(_ reader: any RepositoryReader) async throws -> RepositoryPosition {
  RepositoryPosition(head: try await reader.head(), tips: try await reader.referenceTips())
}
