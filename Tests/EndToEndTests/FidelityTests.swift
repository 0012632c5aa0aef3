import LaForgeTestSupport
import Testing

/// A command sees its caller, and the caller the command, as without LaForge.
@Suite struct FidelityTests {
  private func shell(
    _ script: String, _ environment: TestEnvironment
  ) async throws -> String {
    let output = try await environment.shell("exec 2>&1; \(script)")
    return output.standardOutput
  }

  @Test(.needsMounting) func withoutProcTheCommandRunsWithItsArgumentsAndStatus() async throws {
    let environment = try await TestEnvironment()
    let output = try await shell(
      "unshare -m sh -c 'umount -l /proc; laforge run -- sh -c \"echo ran \\$1; exit 3\" - a; echo $?'",
      environment)
    #expect(output.hasSuffix("ran a\n3\n"), "\(output)")
  }

  /// The reader lets the command go on once it has seen the end.
  @Test(arguments: ["exec >&-", "exec 1>&- 3>&-"])
  func aReaderSeesTheEndWhenTheCommandClosesItsOutput(_ close: String) async throws {
    let environment = try await TestEnvironment()
    let output = try await shell(
      """
      mkfifo go; export -f await give_up
      laforge run -- bash -c 'echo first; \(close); await go; echo over >&2' | (cat; notify go)
      """, environment)
    #expect(output.hasPrefix("first\nover\n"), "\(output)")
  }

  @Test func warningsFollowAStandardErrorThatTheCommandClosed() async throws {
    let environment = try await TestEnvironment()
    let output = try await shell(
      "echo mine > mine; laforge run -q sh -c 'exec 2>&-; rm mine'", environment)
    #expect(output.contains("uncommitted work you had before S1 is no longer there"), "\(output)")
  }

  @Test(.needsFullDevice) func outputThatCannotBeWrittenIsNoSuccess() async throws {
    let environment = try await TestEnvironment()
    let output = try await shell(
      """
      laforge run -q sh -c 'echo lost' > /dev/full; echo "status $?"
      laforge run -q sh -c 'yes || exit 7' > /dev/full; echo "status $?"
      laforge show 1 --json | grep exit_code
      """, environment)
    #expect(output.contains("status 1\n"), "\(output)")
    #expect(output.contains("status 7\n"), "\(output)")
    // The step tells how the command ended.
    #expect(output.hasSuffix("\"exit_code\" : 0,\n"), "\(output)")
  }

  @Test(arguments: ["HUP", "INT", "QUIT", "TERM", "USR1", "PIPE"])
  func aSignalThatTheCallerIgnoresIsIgnored(_ signal: String) async throws {
    let environment = try await TestEnvironment()
    let output = try await shell(
      "trap '' \(signal); laforge run -q sh -c 'kill -\(signal) $$; echo survived'", environment)
    #expect(output == "survived\n")
  }

  @Test(.needsMounting) func asProcess1ItReapsWhatIsLeftToIt() async throws {
    let environment = try await TestEnvironment()
    let output = try await shell(
      """
      unshare -pf --mount-proc laforge run -q bash -c '
        mkfifo go; (cat go & ) ; echo > go
        end=$((SECONDS + 60)); until ! ps -eo comm= | grep -q "^cat"; do
          [ $SECONDS -lt $end ] || break; done; ps -eo stat= | grep -c Z'
      """, environment)
    #expect(output == "\n0\n", "\(output)")
  }

  @Test func aSignalToLaForgeReachesTheCommandAlone() async throws {
    let environment = try await TestEnvironment()
    let output = try await shell(
      """
      mkfifo ready go; export -f await notify give_up
      laforge run -q bash -c 'trap "echo command; touch over" USR1
        bash -c "trap \\"echo child\\" USR1; notify ready; until [ -e over ]; do read -t 1 x <> go; done" &
        wait $!; wait' & pid=$!
      await ready; kill -USR1 $pid; wait $pid
      """, environment)
    #expect(output == "command\n", "\(output)")
  }

  @Test func nothingBehindALinkInPlaceOfTheUsageFolderIsRemoved() async throws {
    let environment = try await TestEnvironment()
    let output = try await shell(
      """
      mkdir out; echo kept > out/usage.json
      laforge run -q sh -c 'd=$(dirname "$LAFORGE_USAGE_FILE"); rm -r "$d"; ln -s "$PWD/out" "$d"'
      cat out/usage.json
      """, environment)
    #expect(output.hasSuffix("kept\n"), "\(output)")
  }

  @Test(arguments: [12, 18, 24, 30])
  func withFewDescriptorsNothingIsStarted(_ limit: Int) async throws {
    let environment = try await TestEnvironment()
    let output = try await shell(
      """
      (ulimit -n \(limit); laforge run -- touch made; echo "status $?"
       laforge run --best-effort -- echo ran)
      ls made 2> /dev/null
      """, environment)
    #expect(output.hasPrefix("Error: LaForge needs 32 free file descriptors"), "\(output)")
    #expect(output.contains("status 125\n"), "\(output)")
    #expect(output.hasSuffix("'echo' runs without a record.\nran\n"), "\(output)")
  }

  @Test func aLineOfAJobInTheBackgroundHasOneCarriageReturn() async throws {
    let environment = try await TestEnvironment()
    let output = try await shell(
      """
      mkfifo go; export -f await notify give_up eventually; : > typescript
      script -qefc "laforge run -q bash -c '(await go; echo late) & disown; echo early'
        bash -c 'notify go; eventually \\"grep -q ^late typescript\\"'" typescript < /dev/null > /dev/null
      grep -c '^late' typescript; grep -c $'\\r\\r' typescript
      """, environment)
    #expect(output == "1\n0\n", "\(output)")
  }
}
