import LaForgeTestSupport
import Testing

/// What the next command does about an operation that was cut off, when somebody worked in between.
@Suite struct RecoveryTests {
  /// A git that kills the LaForge which called it, after the work of one subcommand is done.
  private static let killer = """
    case "$*" in
    *"$KILL_AFTER"*) [ -n "$KILL_AFTER" ] && { /usr/bin/git "$@"; kill -9 $PPID; exit; };;
    esac
    exec /usr/bin/git "$@"
    """

  @Test(arguments: ["read-tree", "update-ref", "--index-info"])
  func whatAPersonDoesAfterTheCrashStays(subcommand: String) async throws {
    let environment = try await TestEnvironment()
    try environment.makeProgram("git", Self.killer)
    let output = try await environment.shell(
      """
      echo a | tee a b other > staged; git add .; git commit -qm files
      laforge run -q sh -c 'echo agent | tee a made > staged; git add a; git commit -qm agent
        git add staged; rm b'
      KILL_AFTER=\(subcommand) laforge undo > /dev/null 2>&1; echo $?
      rm -f .git/index.lock; echo mine | tee other > new; git add other; echo more >> new
      laforge run -q true 2> /dev/null; echo $?
      git log -1 --format=%s; git status --porcelain; cat a b new other staged; ls
      """)
    #expect(
      output.standardOutput == """
        137
        0
        files
        M  other
        ?? new
        a
        a
        mine
        more
        mine
        a
        README.md
        a
        b
        new
        other
        staged

        """)
  }
}
