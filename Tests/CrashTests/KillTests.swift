import Foundation
import LaForgeTestSupport
import SystemPackage
import Testing

/// LaForge is killed, or several of it work at once.
@Suite struct KillTests {
  /// Starts a run whose command tells through a fifo that it runs, kills LaForge, and goes on.
  private func killed(_ afterwards: String) -> String {
    """
    mkfifo "$TMPDIR/ready"
    laforge run true
    laforge run bash -c 'echo $$ > "$TMPDIR/agent"; echo > "$TMPDIR/ready"; exec sleep 600' & pid=$!
    await "$TMPDIR/ready"; kill -9 $pid; wait $pid 2>/dev/null; agent=$(cat "$TMPDIR/agent")
    \(afterwards)
    """
  }

  @Test func anAgentThatOutlivesLaForgeStillCountsAsRunning() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      killed(
        """
        laforge show 2 | head -1; laforge run true; laforge show 2 | head -1; kill -9 $agent
        """))
    #expect(output.standardOutput == "S2  running\nS2  running\n")
  }

  @Test func aRunThatWasCutOffIsShownAsSuchAndClosedByTheNextRun() async throws {
    let environment = try await TestEnvironment()
    let stored = "sqlite3 .git/laforge/steps.db 'SELECT status FROM steps WHERE id = 2'"
    let output = try await environment.shell(
      killed(
        """
        kill -9 $agent; eventually "is_gone $agent"
        laforge show 2 | head -1; laforge show 2 --json | grep -E '"(status|ended_by|exit_code)"'
        laforge log | grep -c 'cut off'; laforge | grep latest | cut -c1-26; \(stored)
        laforge run true; \(stored); laforge show 2 | head -1; laforge show 3 --json | grep parent
        ls .git/laforge/run
        """))
    #expect(
      output.standardOutput == """
        S2  cut off
          "ended_by" : "cut_off",
          "exit_code" : null,
          "status" : "interrupted",
        1
          latest    S2 bash, cut o
        running
        interrupted
        S2  cut off
          "parent_step_id" : 2,

        """, "\(output)")
  }

  /// Kills LaForge at every system call that touches a file or a process during one run, and looks
  /// at what is left.
  @Test(
    .needsTracing,
    arguments: [
      // The first calls of `openat` are the loader's.
      ("openat", "70 2 400"), ("fdatasync", "1 1 60"), ("pwrite64", "1 1 60"), ("clone", "1 1 60"),
      ("write", "1 1 60"), ("unlink", "1 1 60"), ("flock", "1 1 60"),
    ])
  func whereverARunIsKilledTheNextOneWorksAndNoNumberIsTwice(
    _ call: String, _ numbers: String
  ) async throws {
    let environment = try await TestEnvironment()
    let script = """
      laforge run true
      for n in $(seq \(numbers)); do
        strace -f -o /dev/null -e trace=\(call) -e inject=\(call):signal=KILL:when=$n \
          laforge run sh -c 'exit 3' > /dev/null 2>&1; status=$?
        [ $status = 3 ] && break
      done
      echo done $status
      laforge run sh -c 'exit 4'; echo $?
      sqlite3 .git/laforge/steps.db "PRAGMA integrity_check" \
        "SELECT count(*) FROM steps WHERE status = 'running'" \
        "SELECT exit_code FROM steps ORDER BY id DESC LIMIT 1"
      git fsck --strict --no-dangling 2>&1; ls .git/laforge/run
      """
    let output = try await environment.shell(script)
    #expect(output.standardOutput == "done 3\n4\nok\n0\n4\n", "\(call): \(output)")
  }

  @Test func manyRunsAtOnceAreAllRecordedUnderNumbersOfTheirOwn() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      for i in $(seq 12); do laforge run sh -c "exit $i" & done; wait
      laforge log --all --jsonl | grep -o '"exit_code":[0-9]*' | sort -t: -k2n | uniq | wc -l
      laforge log --all --jsonl | grep -o '"id":[0-9]*' | sort -t: -k2n | uniq | tail -1
      """)
    #expect(output.standardOutput == "12\n\"id\":12\n", "\(output)")
  }

  @Test func runsThatOverlapAreSiblingsAndKnowOfEachOther() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      mkfifo "$TMPDIR/ready" "$TMPDIR/go"
      laforge run sh -c 'echo > "$TMPDIR/ready"; read _ < "$TMPDIR/go"' & pid=$!
      await "$TMPDIR/ready"; laforge run true; laforge | grep running | cut -c1-18
      notify "$TMPDIR/go"; wait $pid
      laforge log --jsonl | grep -oE '"(overlaps|parent_step_id)":[^,]*'
      """)
    #expect(
      output.standardOutput == """
          running   S1 sh,
        "overlaps":[1]
        "parent_step_id":null
        "overlaps":[2]
        "parent_step_id":null

        """, "\(output)")
  }
}
