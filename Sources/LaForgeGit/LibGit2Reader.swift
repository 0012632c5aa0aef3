import CLibgit2
import Foundation
package import LaForgeCore
package import SystemPackage

/// Reads a repository through libgit2.
///
/// It never writes.
///
/// libgit2 objects belong to one thread at a time, so this is not `Sendable`.
package final class LibGit2Reader: SourceRepository {
  package let location: RepositoryLocation
  let repository: Handle<RepositoryKind>

  private init(_ repository: consuming Handle<RepositoryKind>, location: RepositoryLocation) {
    self.repository = repository
    self.location = location
  }

  /// The version of libgit2 that runs, such as `1.5.1`.
  package static var libraryVersion: String { LibGit2.version }

  /// Opens the repository that a folder lies in.
  ///
  /// - Parameters:
  ///   - directory: An absolute path.
  ///   - git: The installed git, which is asked where libgit2 knows less than git: `GIT_DIR` and
  ///     its relatives, and who trusts whose repository.
  ///   - followsEnvironment: Whether `GIT_DIR`, `GIT_WORK_TREE` or `GIT_COMMON_DIR` is set.
  ///   - ceilings: `GIT_CEILING_DIRECTORIES`: folders that the search upward does not go into.
  /// - Returns: The repository, with a working tree.
  /// - Throws: `RepositoryError` for anything that cannot be recorded in.
  package static func open(
    from directory: FilePath, git: GitCommand, followsEnvironment: Bool, ceilings: String?
  ) async throws(RepositoryError) -> LibGit2Reader {
    _ = LibGit2.start
    if followsEnvironment {
      guard let place = try await resolve(directory, git) else {
        throw .notFound(directory: directory.string)
      }
      return try openResolved(place.gitDirectory, workingTree: place.workingTree)
    }
    var opened: OpaquePointer?
    let code = git_repository_open_ext(&opened, directory.string, 0, ceilings)
    let errorClass = lastErrorClass()
    switch code {
    case 0...: break
    case GIT_EOWNER.rawValue,
      GIT_ENOTFOUND.rawValue where errorClass == Int32(GIT_ERROR_CONFIG.rawValue):
      return try await openIfTrusted(directory, git, ceilings)
    case GIT_ENOTFOUND.rawValue:
      git_error_clear()
      throw .notFound(directory: directory.string)
    default:
      let cause = lastError("git_repository_open_ext", code)
      throw explain(cause, discover(directory, ceilings) ?? directory)
    }
    return try make(
      {
        $0 = opened
        return 0
      }, from: directory, ceilings)
  }

  /// libgit2 1.5 does not know `safe.directory = *` and others of git's rules about owners, so git
  /// decides.
  private static func openIfTrusted(
    _ directory: FilePath, _ git: GitCommand, _ ceilings: String?
  ) async throws(RepositoryError) -> LibGit2Reader {
    git_error_clear()
    guard try await resolve(directory, git) != nil else {
      throw .ownedByOther(path: directory.string)
    }
    laforge_git_trust_owners()
    return try make(
      { git_repository_open_ext(&$0, directory.string, 0, ceilings) }, from: directory, ceilings)
  }

  private static func openResolved(
    _ gitDirectory: FilePath, workingTree: FilePath
  ) throws(RepositoryError) -> LibGit2Reader {
    // Git has found and accepted it.
    laforge_git_trust_owners()
    do {
      let repository = try Handle<RepositoryKind>("git_repository_open") {
        git_repository_open(&$0, gitDirectory.string)
      }
      try check(
        "git_repository_set_workdir",
        git_repository_set_workdir(repository.pointer, workingTree.string, 0))
      var location = location(of: repository.pointer, workingTree: workingTree)
      location.isFromEnvironment = true
      return LibGit2Reader(repository, location: location)
    } catch {
      throw explain(error, gitDirectory)
    }
  }

  private static func resolve(
    _ directory: FilePath, _ git: GitCommand
  ) async throws(RepositoryError) -> (gitDirectory: FilePath, workingTree: FilePath)? {
    do throws(GitError) {
      return try await git.resolve(from: directory)
    } catch {
      throw .unreadable(path: directory.string, cause: error)
    }
  }

  private static func make(
    _ open: (inout OpaquePointer?) -> Int32, from directory: FilePath, _ ceilings: String?
  ) throws(RepositoryError) -> LibGit2Reader {
    let repository: Handle<RepositoryKind>
    do throws(GitError) {
      repository = try Handle<RepositoryKind>("git_repository_open_ext", open)
    } catch {
      throw explain(error, discover(directory, ceilings) ?? directory)
    }
    guard let workingTree = git_repository_workdir(repository.pointer) else {
      let path = git_repository_path(repository.pointer).map { String(cString: $0) }
      throw .bare(path: FilePath(path ?? directory.string).string)
    }
    let location = location(
      of: repository.pointer, workingTree: FilePath(String(cString: workingTree)))
    if location.hasInGitDirectory(directory) {
      throw .insideGitDirectory(path: location.gitDirectory.string)
    }
    return LibGit2Reader(repository, location: location)
  }

  private static func location(
    of repository: OpaquePointer, workingTree: FilePath
  ) -> RepositoryLocation {
    guard let path = git_repository_path(repository),
      let common = git_repository_commondir(repository)
    else { preconditionFailure("an open repository has no git directory") }
    let gitDirectory = FilePath(String(cString: path))
    let isLinked = git_repository_is_worktree(repository) == 1
    return RepositoryLocation(
      gitDirectory: gitDirectory, commonDirectory: FilePath(String(cString: common)),
      workingTree: workingTree,
      linkedName: isLinked ? gitDirectory.lastComponent?.string : nil)
  }

  // MARK: - Refusals

  /// Says why libgit2 refused to open a repository that it found.
  private static func explain(_ cause: GitError, _ gitDirectory: FilePath) -> RepositoryError {
    guard let name = unknownExtension(of: gitDirectory) else {
      return .unreadable(path: gitDirectory.string, cause: cause)
    }
    return .unsupportedExtension(name: name, path: gitDirectory.string)
  }

  private static func discover(_ directory: FilePath, _ ceilings: String?) -> FilePath? {
    var buffer = git_buf()
    defer { git_buf_dispose(&buffer) }
    guard git_repository_discover(&buffer, directory.string, 0, ceilings) == 0,
      let path = buffer.ptr
    else {
      git_error_clear()
      return nil
    }
    return FilePath(String(cString: path))
  }

  /// The first format extension in a repository's own configuration that this libgit2 does not know;
  /// it knows `objectFormat` only where that is SHA-1.
  private static func unknownExtension(of gitDirectory: FilePath) -> String? {
    let path = commonDirectory(of: gitDirectory).appending("config")
    guard
      let configuration = try? Handle<ConfigurationKind>(
        "git_config_open_ondisk", { git_config_open_ondisk(&$0, path.string) })
    else { return nil }
    var search = (known: knownExtensions(), unknown: [String]())
    let code = withUnsafeMutablePointer(to: &search) { search in
      git_config_foreach_match(
        configuration.pointer, "^extensions\\.",
        { entry, payload in
          guard let entry, let payload else { return 0 }
          let name = String(cString: entry.pointee.name)
          let value = String(cString: entry.pointee.value)
          let search = payload.assumingMemoryBound(to: (known: Set<String>, unknown: [String]).self)
          let isKnown =
            name == "extensions.objectformat"
            ? value == "sha1" : search.pointee.known.contains(name)
          if !isKnown { search.pointee.unknown.append("\(name) = \(value)") }
          return 0
        }, search)
    }
    return code == 0 ? search.unknown.first : nil
  }

  /// The format extensions that this libgit2 knows, as names of settings.
  private static func knownExtensions() -> Set<String> {
    var names = git_strarray()
    guard laforge_git_known_extensions(&names) == 0 else {
      git_error_clear()
      return []
    }
    defer { git_strarray_dispose(&names) }
    return Set(
      UnsafeBufferPointer(start: names.strings, count: names.count).compactMap { name in
        name.map { "extensions.\(String(cString: $0))" }
      })
  }

  /// The git directory that all worktrees share: a linked one's file `commondir` leads to it, see
  /// `man 5 gitrepository-layout`.
  private static func commonDirectory(of gitDirectory: FilePath) -> FilePath {
    let file = gitDirectory.appending("commondir").string
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return gitDirectory }
    return gitDirectory.pushing(FilePath(text.trimmingCharacters(in: .newlines)))
      .lexicallyNormalized()
  }
}
