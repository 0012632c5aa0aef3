import Foundation
import LaForgeCore
import SystemPackage

/// Reads a repository through the git command alone, for what libgit2 cannot open.
///
/// Every answer costs a process or two, and none is remembered: the agent may change anything
/// meanwhile. Where git has a file that it reads at every start anyway, such as HEAD, the file is
/// read here.
final class GitCommandReader: RepositoryReader {
  let location: RepositoryLocation
  let git: RepositoryGit

  private init(_ git: RepositoryGit) {
    self.git = git
    location = git.location
  }

  /// Opens the repository that a folder lies in, by all of git's own rules: `GIT_DIR` and its
  /// relatives, `GIT_CEILING_DIRECTORIES`, `safe.directory`, format extensions.
  ///
  /// - Parameters:
  ///   - directory: An absolute path.
  ///   - git: The installed git.
  ///   - followsEnvironment: Whether `GIT_DIR`, `GIT_WORK_TREE` or `GIT_COMMON_DIR` is set.
  ///   - destination: Where objects go that are stored.
  /// - Returns: The repository, with a working tree.
  /// - Throws: `RepositoryError`: `notFound` where git finds or accepts none.
  static func open(
    from directory: FilePath, git: GitCommand, followsEnvironment: Bool,
    storingIn destination: ObjectDestination = .repository
  ) async throws(RepositoryError) -> GitCommandReader {
    let place: Place?
    do throws(GitError) {
      place = try await Place.find(from: directory, git)
    } catch {
      throw .unreadable(path: directory.string, cause: error)
    }
    guard let place else { throw .notFound(directory: directory.string) }
    if place.isBare { throw .bare(path: place.gitDirectory.string) }
    guard let workingTree = place.workingTree else {
      throw .insideGitDirectory(path: place.gitDirectory.string)
    }
    let isLinked = place.gitDirectory != place.commonDirectory
    let location = RepositoryLocation(
      gitDirectory: place.gitDirectory, commonDirectory: place.commonDirectory,
      workingTree: workingTree,
      linkedName: isLinked ? place.gitDirectory.lastComponent?.string : nil,
      isFromEnvironment: followsEnvironment)
    if !followsEnvironment, location.hasInGitDirectory(directory) {
      throw .insideGitDirectory(path: place.gitDirectory.string)
    }
    return GitCommandReader(
      RepositoryGit(
        git: git, location: location, idLength: place.idLength,
        incoming: IncomingObjects(location, destination)))
  }

  /// Returns the first seven digits: how many git itself would show depends on the number of objects,
  /// which only a process could tell.
  func abbreviation(of id: ObjectID) -> String { String(id.hex.prefix(7)) }
}

/// Where git says that a repository lies.
private struct Place {
  var idLength: Int
  var isBare: Bool
  var commonDirectory: FilePath
  var gitDirectory: FilePath
  /// `nil` for a bare repository, and inside of a git directory.
  var workingTree: FilePath?

  /// An option that git does not know and repeats, between paths that may hold anything; see
  /// `man 1 git-rev-parse`.
  private static let mark = "--laforge-next"

  /// Asks git; `nil` where it finds or accepts no repository.
  static func find(
    from directory: FilePath, _ git: GitCommand
  ) async throws(GitError) -> Place? {
    let basics = [
      "rev-parse", "--show-object-format", "--is-bare-repository", mark, "--path-format=absolute",
      "--git-common-dir", mark, "--git-dir", mark,
    ]
    if let text = try await git.question(basics + ["--show-toplevel"], in: directory) {
      return Place(text)
    }
    // Without a working tree the last question makes git fail.
    return try await git.question(basics, in: directory).flatMap(Place.init)
  }

  private init?(_ text: String) {
    let parts = text.components(separatedBy: Self.mark + "\n").map { $0.dropLast() }
    guard parts.count == 4 else { return nil }
    let words = parts[0].split(separator: "\n")
    guard words.count == 2 else { return nil }
    idLength = words[0] == "sha256" ? 32 : 20
    isBare = words[1] == "true"
    commonDirectory = FilePath(String(parts[1]))
    gitDirectory = FilePath(String(parts[2]))
    workingTree = parts[3].isEmpty ? nil : FilePath(String(parts[3]))
  }
}
