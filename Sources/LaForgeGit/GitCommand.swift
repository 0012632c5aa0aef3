package import LaForgeCore
import Subprocess
import SystemPackage

/// The installed `git`, run as a child with this process's environment for what libgit2 cannot do or
/// must not.
package struct GitCommand: Sendable {
  package init() {}

  /// Returns git's version, such as `2.39.5`; `nil` where there is no git.
  package func version() async throws(GitError) -> String? {
    guard let text = try await output(of: ["version"], in: nil) else { return nil }
    let words = text.split(whereSeparator: \.isWhitespace)
    return words.count > 2 ? String(words[2]) : text
  }

  /// Where git says that the repository of a folder lies, by all of git's own rules: `GIT_DIR` and
  /// its relatives, `safe.directory`, format extensions.
  ///
  /// - Returns: `nil` where git finds or accepts none.
  func resolve(
    from directory: FilePath
  ) async throws(GitError) -> (gitDirectory: FilePath, workingTree: FilePath)? {
    let arguments = ["rev-parse", "--absolute-git-dir", "--show-toplevel"]
    guard let text = try await output(of: arguments, in: directory) else { return nil }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count >= 2 else { return nil }
    return (FilePath(String(lines[0])), FilePath(String(lines[1])))
  }

  /// Runs git and returns its standard output; `nil` where it exits with a failure or does not
  /// exist.
  private func output(
    of arguments: [String], in directory: FilePath?
  ) async throws(GitError) -> String? {
    let result: ExecutionResult<Void, StringOutput<UTF8>, DiscardedOutput>
    do {
      result = try await run(
        .name("git"), arguments: Arguments(arguments), workingDirectory: directory,
        output: .string(limit: 1 << 16), error: .discarded)
    } catch let error as SubprocessError where error.code == .executableNotFound {
      return nil
    } catch {
      throw GitError(
        code: GitError.Code(rawValue: -1), message: "\(error)", function: "git \(arguments[0])")
    }
    return result.terminationStatus.isSuccess ? result.standardOutput : nil
  }
}
