import LaForgeTestSupport
import Testing

/// Commands that only read leave nothing behind.
@Suite struct ReadOnlyTests {
  /// Prints the files of the git directory and of the folder for temporary files.
  private static let functions = """
    files() { find .git "$TMPDIR" -type f -not -name 'steps.db-*' -not -path '*/laforge-test*' | sort; }
    """

  @Test(arguments: [
    "status", "diff", "diff @ now", "diff @ now --stat", "log", "log --graph", "show",
    "blame README.md", "undo --dry-run",
    "rollback --before --dry-run", "restore 1 --before README.md --dry-run",
  ])
  func noObjectFileOrReferenceIsLeft(_ command: String) async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      \(Self.functions)
      laforge run -q sh -c 'echo 1 >> README.md; echo 2 > made'
      echo 3 >> README.md; echo 4 > untracked; head -c 20000000 /dev/urandom > large
      files > ../before; laforge \(command) > /dev/null; files | diff ../before -
      git fsck --no-dangling
      """)
    #expect(output.standardOutput.isEmpty, "\(output)")
  }

  @Test func aRepositoryThatNeverUsedLaForgeStaysAsItIs() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      \(Self.functions)
      echo 4 > untracked; head -c 20000000 /dev/urandom > large
      files > ../before; laforge > /dev/null; files | diff ../before -
      """)
    #expect(output.standardOutput.isEmpty, "\(output)")
  }
}
