import LaForgeCore
import Subprocess
import SystemPackage

/// Moves of references that are locked first, and written once the files are.
///
/// The corresponding command is `git update-ref --stdin` with `start`, `prepare` and `commit`; when
/// this process dies, git sees the end of its input, and gives the locks back.
struct ReferenceTransaction {
  let git: RepositoryGit
  let message: String

  /// Locks the references, runs `body`, and writes them; where `body` fails nothing is written.
  ///
  /// - Parameters:
  ///   - commands: Lines as `git update-ref --stdin` takes them; none needs no git.
  ///   - body: What is done while they are locked.
  /// - Throws: `OperationError.locked` where a reference cannot be locked or is not as expected,
  ///   with `body` not run; what `body` throws; `git` where the references could not be written.
  func perform(
    _ commands: [String], while body: () async throws(OperationError) -> Void
  ) async throws(OperationError) {
    guard !commands.isEmpty else { return try await body() }
    var failure: OperationError?
    do {
      let call = git.call(["update-ref", "-m", message, "--stdin"])
      let result = try await git.git.converse(call) { input, answers in
        var answers = answers
        _ = try await input.write((["start"] + commands + ["prepare", ""]).joined(separator: "\n"))
        guard try await answers.next() == "start: ok", try await answers.next() == "prepare: ok"
        else {
          try await input.finish()
          return Outcome.refused
        }
        do {
          try await body()
        } catch let error as OperationError {
          failure = error
          try await input.finish()
          return Outcome.bodyFailed
        }
        _ = try await input.write("commit\n")
        let isCommitted = try await answers.next() == "commit: ok"
        try await input.finish()
        return isCommitted ? Outcome.committed : Outcome.notCommitted
      }
      switch result.value {
      case .committed: return
      case .bodyFailed: break
      case .refused:
        failure = .locked(lockReport(commands) ?? LockReport(path: result.reason))
      case .notCommitted:
        failure = .git(
          GitError(code: .notStarted, message: result.reason, function: "git update-ref"))
      }
    } catch {
      failure =
        failure
        ?? .git(GitError(code: .notStarted, message: "\(error)", function: "git update-ref"))
    }
    if let failure { throw failure }
  }

  private enum Outcome: Sendable {
    case committed, notCommitted, refused, bodyFailed
  }

  /// The lock file that is in the way; `nil` where it is none of those that are looked for.
  private func lockReport(_ commands: [String]) -> LockReport? {
    let names = commands.compactMap { line in
      line.split(separator: " ").first { $0.hasPrefix("refs/") || $0 == "HEAD" }.map(String.init)
    }
    let location = git.location
    var paths = [
      location.gitDirectory.appending("HEAD.lock"),
      location.commonDirectory.appending("packed-refs.lock"),
    ]
    paths += names.map { location.commonDirectory.appending("\($0).lock") }
    return paths.first { WorkingTreeFile.exists($0) }.map(LockInspection.report)
  }
}
