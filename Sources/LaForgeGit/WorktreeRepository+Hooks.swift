import Foundation
package import LaForgeCore
package import SystemPackage

/// Where git looks for the hooks of a worktree.
package struct HooksFolder {
  package var path: FilePath
  /// Where `core.hooksPath` is set: `local`, `global` and so on; `nil` where it is not.
  package var scope: String?
  /// Whether files in it are tracked, so that they are the project's.
  package var isTracked: Bool
}

/// What git hooks and their installation ask of git.
extension WorktreeRepository {
  /// Returns where git looks for hooks, by all of its own rules.
  package func hooksFolder() async throws(GitError) -> HooksFolder {
    // Without LaForge's own settings, which turn hooks off.
    let top = location.workingTree
    guard let named = try await git.git.question(["rev-parse", "--git-path", "hooks"], in: top)
    else {
      throw GitError(
        code: .notStarted, message: "git does not tell where hooks lie", function: "git rev-parse")
    }
    let path = top.pushing(FilePath(named.trimmingCharacters(in: .newlines))).lexicallyNormalized()
    let scope = try await git.git.question(
      ["config", "--show-scope", "--get", "core.hooksPath"], in: top)
    var isTracked = false
    var relative = path
    if relative.removePrefix(top), relative.components.first?.string != ".git" {
      let folder = relative.isEmpty ? "." : relative.string
      isTracked = try await !git.check(["ls-files", "--", folder]).output.isEmpty
    }
    return HooksFolder(
      path: path, scope: scope?.split(whereSeparator: \.isWhitespace).first.map(String.init),
      isTracked: isTracked)
  }

  /// Whether the installed git has hooks in its configuration; see "hook.<name>.event" in
  /// `man 1 git-config` of git 2.54 and newer.
  package func hasConfiguredHooks() async throws(GitError) -> Bool {
    let numbers = try await git.git.version()?.split(separator: ".").prefix(2).compactMap {
      Int($0)
    }
    guard let numbers, numbers.count == 2 else { return false }
    return (numbers[0], numbers[1]) >= (2, 54)
  }

  /// Returns a variable as the git that runs a hook has it, `git -c` included; `nil` where it is not set.
  package func gitConfiguration(
    _ name: String, type: String? = nil
  ) async throws(GitError) -> String? {
    let types = type.map { ["--type=\($0)"] } ?? []
    let result = try await git.run(["config", "-z"] + types + ["--get", name])
    guard result.status == 0 else { return nil }
    return String(decoding: result.output.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// Sets a variable in the repository's own configuration.
  package func setConfiguration(_ name: String, to value: String) async throws(GitError) {
    try await git.check(["config", "--local", name, value])
  }

  /// Removes a section of the repository's own configuration.
  package func removeConfiguration(section: String) async throws(GitError) {
    try await git.check(["config", "--local", "--remove-section", section])
  }

  /// Returns a commit message as git would take it, without comments and sign-offs; empty where git
  /// would not make a commit of it.
  ///
  /// - Throws: `GitError`.
  package func significantText(ofMessage message: [UInt8]) async throws(GitError) -> [String] {
    let scissors = " ------------------------ >8 ------------------------"
    let lines = message.split(separator: 10, omittingEmptySubsequences: false)
    // After the comment character; see "--cleanup" in `man 1 git-commit`.
    let kept = lines.prefix { !$0.dropFirst().elementsEqual(scissors.utf8) }
    let text = try await git.check(
      ["stripspace", "--strip-comments"], input: Array(kept.joined(separator: [10])) + [10]
    ).text
    return text.split(separator: "\n").map(String.init).filter {
      !$0.hasPrefix("Signed-off-by: ")
    }
  }

  /// Adds trailers to a commit message; see `man 1 git-interpret-trailers`.
  ///
  /// Where a rebase or a cherry-pick is in progress, other values of the same trailers stay: the
  /// message may be that of several commits.
  ///
  /// - Parameters:
  ///   - trailers: A name and a value each.
  ///   - path: The file of the message.
  /// - Throws: `GitError`.
  package func addTrailers(
    _ trailers: [(name: String, value: String)], toMessageIn path: FilePath
  ) async throws(GitError) {
    let inProgress = ["rebase-merge", "rebase-apply", "CHERRY_PICK_HEAD"]
    let isCombining = inProgress.contains {
      WorkingTreeFile.exists(location.gitDirectory.appending($0))
    }
    let options = [
      "--in-place", "--no-divider", "--where", "end", "--if-missing", "add", "--if-exists",
      isCombining ? "addIfDifferent" : "replace",
    ]
    try await git.check(
      ["-c", "trailer.separators=:", "interpret-trailers"] + options
        + trailers.flatMap { ["--trailer", "\($0.name): \($0.value)"] } + [path.string])
  }
}
