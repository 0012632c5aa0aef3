import LaForgeCore

extension UserMessage {
  /// Says why there is no repository to work with.
  ///
  /// - Parameters:
  ///   - error: What is wrong with it.
  ///   - unstarted: The command that was to be recorded; `nil` for other commands.
  init(_ error: RepositoryError, unstarted: AgentCommand? = nil) {
    switch error {
    case .notFound(""):
      self.init(
        code: "no_folder", summary: "The folder that this was called in no longer exists.",
        hint: "`cd` to one that does.")
    case .notFound(let directory):
      self.init(
        code: "no_repository",
        summary: unstarted == nil
          ? "'\(directory)' is in no git repository."
          : "'\(directory)' is in no git repository, so nothing could be undone.",
        hint: unstarted.map {
          "`git init` makes one; `laforge run --best-effort -- \($0.display)` goes without."
        } ?? "`laforge -C FOLDER …` works in another folder.")
    case .bare(let path):
      self.init(
        code: "bare_repository",
        summary: "'\(path)' is a bare repository: it has no working tree.",
        hint: "`git worktree add FOLDER` makes one to work in.")
    case .insideGitDirectory(let path):
      self.init(
        code: "inside_git_directory",
        summary: "This folder is inside the git directory '\(path)', not in the working tree.",
        hint: path.hasSuffix("/.git")
          ? "`cd \(ShellWords.quote(String(path.dropLast(5))))` leads to the working tree."
          : "`cd` to the working tree and try again.")
    case .ownedByOther(let path):
      self.init(
        code: "owned_by_other",
        summary: "'\(path)' belongs to another user, and git does not trust it.",
        hint: "`git config --global --add safe.directory \(ShellWords.quote(path))`")
    case .unsupportedExtension(let name, let path):
      self.init(
        code: "unsupported_extension",
        summary: "'\(path)' uses a git extension that LaForge cannot read yet: \(name).",
        hint: unstarted.map { "`laforge run --best-effort -- \($0.display)` goes without." })
    case .missingCommit(let commit, let branch):
      let place = branch.map { "branch '\($0)'" } ?? "detached HEAD"
      self.init(
        code: "missing_commit",
        summary: "HEAD (\(place)) names commit \(commit), which this repository does not hold.",
        hint: "`git fsck` shows what else is missing.")
    case .unreadable(let path, let cause):
      self.init(
        code: "unreadable_repository",
        summary: "The git repository at '\(path)' cannot be read.",
        causes: [cause.description], hint: "`git status` says what git makes of it.")
    }
    consequence = unstarted.map { "'\($0.baseName)' was not started." }
  }
}
