import Foundation
import Glibc
import LaForgeCore
import Synchronization
package import SystemPackage

/// Where the objects go that a command stores.
package enum ObjectDestination: Equatable, Sendable {
  /// They become packs of the repository.
  case repository
  /// The repository stays as it is: they lie in this folder, for temporary files, as long as the
  /// command works.
  case temporary(FilePath)
}

/// A temporary object directory of this process, for another git.
package struct TemporaryObjects: Sendable {
  package var directory: FilePath
  /// The environment variables that make a git read it.
  package var variables: [String: String]
}

/// A temporary object directory: git children store objects in it, out of reach of a `git gc`, until
/// they are moved into a pack of the repository or thrown away.
///
/// Git's own counterpart is the quarantine of `git receive-pack`; see "GIT_OBJECT_DIRECTORY" in
/// `man 1 git` for the variables.
final class IncomingObjects: Sendable {
  let destination: ObjectDestination
  /// The object directory itself; it exists only after `make()`.
  let path: FilePath
  /// The object directory of the repository.
  let main: FilePath
  private let made = Mutex(false)

  init(_ location: RepositoryLocation, _ destination: ObjectDestination) {
    self.destination = destination
    main = location.commonDirectory.appending("objects")
    let number = Self.count.add(1, ordering: .relaxed).newValue
    // A `git prune` removes names that begin with `tmp_`.
    path =
      switch destination {
      case .repository: main.appending("\(Self.prefix)\(number)-\(getpid())")
      case .temporary(let folder): folder.appending("laforge-objects-\(number)-\(getpid())")
      }
  }

  deinit {
    remove()
  }

  /// What the names of such directories in the repository begin with; a number and the process id
  /// follow.
  static let prefix = "laforge-incoming-"
  private static let count = Atomic(0)

  /// The directory, once something may be in it.
  var existing: FilePath? { made.withLock { $0 } ? path : nil }

  /// Makes the directory on the first call.
  ///
  /// - Throws: `GitError` if it cannot be made.
  func make() throws(GitError) {
    let isMade = made.withLock { isMade in
      defer { isMade = true }
      return isMade
    }
    guard !isMade else { return }
    // One of the same process id is of a process that is gone.
    discard()
    for folder in [path, path.appending("pack"), path.appending("new")] {
      guard mkdir(folder.string, 0o700) == 0 else {
        let number = errno
        made.withLock { $0 = false }
        throw GitError(
          code: .io, message: "'\(folder)': \(Errno(rawValue: number).description)",
          function: "mkdir")
      }
    }
  }

  /// The environment variables that make a git child read the directory; none if it does not exist.
  ///
  /// - Parameter stores: Whether the child stores objects, which then go here.
  /// - Returns: The variables by name.
  func variables(stores: Bool) -> [String: String] {
    guard existing != nil else { return [:] }
    return stores
      ? [
        "GIT_OBJECT_DIRECTORY": path.string,
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": Self.quote(main),
      ] : ["GIT_ALTERNATE_OBJECT_DIRECTORIES": Self.quote(path)]
  }

  /// Git takes a path that begins with a quotation mark as a quoted string, so that it may hold a
  /// colon; see "GIT_ALTERNATE_OBJECT_DIRECTORIES" in `man 1 git`.
  private static func quote(_ path: FilePath) -> String {
    let escaped = path.string.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      .replacing("\n", with: "\\n")
    return "\"\(escaped)\""
  }

  /// The loose objects in it.
  func looseObjects() -> [ObjectID] {
    guard let path = existing else { return [] }
    var ids: [ObjectID] = []
    for folder in Self.names(in: path) where folder.count == 2 {
      ids += Self.names(in: path.appending(folder)).compactMap { ObjectID(hex: folder + $0) }
    }
    return ids
  }

  /// The packs in it, without the ending of their names: git puts a very large file into one.
  func packs() -> [FilePath] {
    guard let path = existing?.appending("pack") else { return [] }
    return Self.names(in: path).filter { $0.hasSuffix(".pack") }
      .map { path.appending(String($0.dropLast(5))) }
  }

  /// Removes loose objects that are in a pack of the repository now.
  func removeLoose(_ ids: [ObjectID]) {
    for id in ids {
      let folder = path.appending(String(id.hex.prefix(2)))
      unlink(folder.appending(String(id.hex.dropFirst(2))).string)
    }
  }

  /// Removes the directory with all objects in it.
  func remove() {
    if made.withLock({ isMade in
      defer { isMade = false }
      return isMade
    }) {
      discard()
    }
  }

  private func discard() {
    if access(path.string, F_OK) == 0 { try? FileManager.default.removeItem(atPath: path.string) }
  }

  private static func names(in folder: FilePath) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
  }
}
