package import SystemPackage

/// Where a repository and the worktree that LaForge was called in lie.
package struct RepositoryLocation: Equatable, Sendable {
  /// The git directory of this worktree: `.git`, or `.git/worktrees/NAME`.
  package var gitDirectory: FilePath
  /// The git directory that all worktrees share; `laforge/` lies in it.
  package var commonDirectory: FilePath
  /// The top-level folder of this worktree.
  package var workingTree: FilePath
  /// The name of this linked worktree under `worktrees/`; `nil` for the main one.
  package var linkedName: String?
  /// Whether `GIT_DIR` or a relative of it named the repository, so that git must be told it too.
  package var isFromEnvironment: Bool

  package init(
    gitDirectory: FilePath, commonDirectory: FilePath, workingTree: FilePath,
    linkedName: String?, isFromEnvironment: Bool = false
  ) {
    self.gitDirectory = gitDirectory
    self.commonDirectory = commonDirectory
    self.workingTree = workingTree
    self.linkedName = linkedName
    self.isFromEnvironment = isFromEnvironment
  }

  /// How the store knows this worktree: `main`, or its name under `worktrees/`.
  ///
  /// A linked worktree that is itself named `main` is `worktrees/main`.
  package var worktree: String {
    guard let linkedName else { return "main" }
    return linkedName == "main" ? "worktrees/main" : linkedName
  }

  /// The name of the main worktree's top-level folder: the project's id unless `laforge.project`
  /// names another.
  ///
  /// For a bare repository with linked worktrees, its own name without `.git`.
  package var defaultProjectID: String {
    let last = commonDirectory.lastComponent?.string ?? ""
    if last == ".git" {
      return commonDirectory.removingLastComponent().lastComponent?.string ?? "repository"
    }
    if let gitFileTarget = mainWorkingTreeName { return gitFileTarget }
    return last.hasSuffix(".git") ? String(last.dropLast(4)) : last
  }

  /// With `--separate-git-dir` the main worktree lies elsewhere; it is known only from inside it.
  private var mainWorkingTreeName: String? {
    linkedName == nil ? workingTree.lastComponent?.string : nil
  }
}
