import Glibc
import LaForgeCore
import SystemPackage

extension RepositoryLocation {
  /// Whether a folder lies inside the git directory.
  ///
  /// A worktree may itself lie inside the git directory; its files do not count as such.
  func hasInGitDirectory(_ directory: FilePath) -> Bool {
    let directory = Self.realPath(directory)
    for inner in [gitDirectory, commonDirectory].map(Self.realPath)
    where directory.starts(with: inner) {
      let workingTree = Self.realPath(workingTree)
      return !(workingTree.starts(with: inner) && directory.starts(with: workingTree))
    }
    return false
  }

  /// The folders with the HEADs of the main worktree and of the linked ones, this one left out, by
  /// the names that git knows those HEADs by; see "Multiple working trees" in `man 1 git-worktree`.
  func otherWorktrees(named names: [String]) -> [(head: String, folder: FilePath)] {
    var folders: [(head: String, folder: FilePath)] = []
    if linkedName != nil { folders.append(("main-worktree/HEAD", commonDirectory)) }
    for name in names where name != linkedName {
      guard let component = FilePath.Component(name) else { continue }
      let folder = commonDirectory.appending("worktrees").appending(component)
      folders.append(("worktrees/\(name)/HEAD", folder))
    }
    return folders
  }

  private static func realPath(_ path: FilePath) -> FilePath {
    guard let resolved = realpath(path.string, nil) else { return path }
    defer { free(resolved) }
    return FilePath(String(cString: resolved))
  }
}
