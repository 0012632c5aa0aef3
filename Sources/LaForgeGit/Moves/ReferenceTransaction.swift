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
  /// How long another git's lock is waited for.
  let lockTimeoutMilliseconds: Int

  /// Locks the references, runs `body`, and writes them; where `body` fails nothing is written.
  ///
  /// - Parameters:
  ///   - commands: Lines as `git update-ref --stdin` takes them; none needs no git.
  ///   - body: What is done while they are locked.
  /// - Returns: Why git would not lock them, with `body` not run; `nil` where all went well.
  /// - Throws: What `body` throws; `git` where the references could not be written.
  func perform(
    _ commands: [String], while body: () async throws(OperationError) -> Void
  ) async throws(OperationError) -> GitError? {
    guard !commands.isEmpty else {
      try await body()
      return nil
    }
    var failure: OperationError?
    do {
      let call = git.call([
        "-c", "core.filesRefLockTimeout=\(lockTimeoutMilliseconds)",
        "-c", "core.packedRefsTimeout=\(lockTimeoutMilliseconds)",
        "update-ref", "-m", message, "--stdin",
      ])
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
      case .committed: return nil
      case .bodyFailed: break
      case .refused:
        return GitError(code: .notStarted, message: result.reason, function: "git update-ref")
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
    return nil
  }

  private enum Outcome: Sendable {
    case committed, notCommitted, refused, bodyFailed
  }
}
