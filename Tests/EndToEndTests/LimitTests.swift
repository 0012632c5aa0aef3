import LaForgeTestSupport
import Testing

/// Runs that are ended from outside.
@Suite struct LimitTests {
  /// What a script printed, run where `ended` shows how step 1 ended.
  private func outcome(of script: String) async throws -> CommandOutput {
    let environment = try await TestEnvironment()
    return try await environment.shell(
      """
      ended() { laforge show ${1:-1} --json | grep -E '"(ended_by|exit_code|signal|status)"' | tr -d ' \\n'; echo; }
      gone() { for pid in $(cat "$TMPDIR/pids"); do ps -o stat= -p $pid | grep -v Z; done; }
      note='for pid in $(jobs -p) $$; do echo $pid >> "$TMPDIR/pids"; done'
      \(script)
      """)
  }

  @Test func aTimeoutEndsTheWholeGroup() async throws {
    let output = try await outcome(
      of: """
        export note; laforge run --timeout 1s bash -c 'sleep 100 & sleep 100 & eval "$note"; wait'
        echo $?; ended; gone; laforge show | head -1
        """)
    #expect(
      output.standardOutput
        == "143\n\"ended_by\":\"timeout\",\"exit_code\":null,\"signal\":15,\"status\":\"failed\",\n"
        + "S1  stopped by --timeout, SIGTERM\n", "\(output)")
    #expect(
      output.standardError.hasPrefix("S1 stopped after ")
        && output.standardError.contains("(--timeout 1.0s), SIGTERM: nothing changed"), "\(output)"
    )
  }

  @Test func whoeverIgnoresSIGTERMIsKilledAfterTheGrace() async throws {
    let output = try await outcome(
      of: """
        export note
        laforge run -q --timeout 1s --grace 1s bash -c 'trap "" TERM; sleep 100 & eval "$note"
          while :; do read -t 1 < /dev/zero; done'; echo $?; ended; gone
        """)
    #expect(
      output.standardOutput
        == "137\n\"ended_by\":\"timeout\",\"exit_code\":null,\"signal\":9,\"status\":\"failed\",\n",
      "\(output)")
    #expect(output.standardError.isEmpty)
  }

  @Test func whatIgnoresSIGTERMIsKilledThoughItsLeaderEnded() async throws {
    let output = try await outcome(
      of: """
        export note
        laforge run -q --timeout 1s --grace 1s bash -c \\
          '(trap "" TERM; while :; do read -t 1 < /dev/zero; done) & eval "$note"; wait'; echo $?; gone
        """)
    #expect(output.standardOutput == "143\n", "\(output)")
  }

  @Test func outputPutsAnIdleTimeoutOff() async throws {
    let output = try await outcome(
      of: """
        laforge run -q --idle-timeout 3s bash -c 'for i in 1 2 3 4 5 6 7 8; do echo $i; read -t 0.5 < <(sleep 9)
          done; echo last; sleep 100'; echo $?; ended
        """)
    #expect(
      output.standardOutput.hasPrefix(
        "1\n2\n3\n4\n5\n6\n7\n8\nlast\n143\n\"ended_by\":\"idle_timeout\""),
      "\(output)")
  }

  @Test func aRunThatCostsTooMuchIsEndedWhenItIsSeen() async throws {
    let output = try await outcome(
      of: """
        laforge run --max-cost 0.50 bash -c 'for cost in 0.2 0.4 0.6 0.8; do
          echo "TOKEN_USAGE: prompt_tokens=10, completion_tokens=5, total_tokens=15, cost=$cost"
          read -t 0.2 < <(sleep 9); done; sleep 100' > /dev/null; echo $?; ended
        """)
    #expect(output.standardOutput.hasPrefix("143\n\"ended_by\":\"max_cost\""), "\(output)")
    #expect(
      output.standardError.contains(
        "(--max-cost $0.50), SIGTERM: nothing changed, 15 tokens, $0.6"),
      "\(output)")
  }

  @Test func aLimitThatNeedsUnseenOutputIsRefused() async throws {
    let output = try await outcome(
      of: """
        laforge run --capture none --idle-timeout 5m touch ran; echo $?; laforge log --json; ls
        laforge run --capture none --max-cost 1 touch ran; echo $?
        laforge run --capture none --timeout 5m -q true; echo $?
        """)
    #expect(output.standardOutput == "125\n[]\nREADME.md\n125\n0\n", "\(output)")
    #expect(
      output.standardError.hasPrefix(
        "Error: --idle-timeout needs the command's output, and this command gets the terminal itself.\n'touch' was not started.\n"
      ), "\(output)")
  }

  @Test(arguments: ["TERM", "HUP"])
  func whoeverIgnoresThatLaForgeIsToldToEndIsKilledAfterTheGrace(
    _ signal: String
  ) async throws {
    let output = try await outcome(
      of: """
        mkfifo "$TMPDIR/ready"; set -m
        laforge run -q --grace 300ms bash -c 'trap "" \(signal); echo > "$TMPDIR/ready"
          while :; do read -t 1 < /dev/zero; done' & pid=$!
        await "$TMPDIR/ready"; kill -\(signal) $pid; wait $pid; echo $?; ended
        """)
    #expect(output.standardOutput.hasPrefix("137\n\"ended_by\":\"signal\""), "\(output)")
  }

  @Test func timeInWhichTheCommandIsStoppedDoesNotCount() async throws {
    let output = try await outcome(
      of: """
        mkfifo "$TMPDIR/ready"
        laforge run -q --timeout 900ms bash -c 'echo $$ > "$TMPDIR/ready"; read -t 0.5 < <(sleep 9); exit 3' & pid=$!
        await "$TMPDIR/ready" agent; kill -STOP $agent
        eventually 'ps -o stat= -p $pid | grep -q T'
        sleep 1.2; kill -CONT $pid; wait $pid; ended; laforge show --json | grep -E '"(active|duration)_ms"'
        """)
    #expect(output.standardOutput.hasPrefix("\"ended_by\":\"exit\",\"exit_code\":3"), "\(output)")
    let numbers = output.standardOutput.matches(of: /_ms" : ([0-9]+)/).compactMap { Int($0.1) }
    #expect(numbers.count == 2 && numbers[1] - numbers[0] > 1000, "\(output)")
  }

  @Test(arguments: [
    "--timeout x", "--timeout 0", "--grace -1s", "--max-cost free", "--capture tty",
  ])
  func whatIsNoLimitIsRefused(_ option: String) async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell("laforge run \(option) touch ran; echo $?; ls")
    #expect(output.standardOutput == "125\nREADME.md\n", "\(output)")
    #expect(output.standardError.contains("'touch' was not started."), "\(output)")
  }

  /// A shell lets what it starts with `&` ignore SIGINT.
  @Test func whatAShellStartedInTheBackgroundIgnoresAnInterruptButNoLimit() async throws {
    let output = try await outcome(
      of: """
        mkfifo "$TMPDIR/ready"; trap '' HUP TERM
        laforge run -q --timeout 1s --grace 100ms sh -c 'echo > "$TMPDIR/ready"; exec sleep 100' &
        pid=$!; await "$TMPDIR/ready"; kill -INT $pid; kill -TERM $pid; wait $pid; ended
        """)
    #expect(output.standardOutput.contains("\"timeout\""), "\(output)")
    #expect(output.standardOutput.contains("\"signal\":9,"), "\(output)")
  }

  @Test func whatTheMachineGaveIsMeasured() async throws {
    let output = try await outcome(
      of: """
        laforge run -q python3 -c 'x = bytearray(90_000_000); sum(i * i for i in range(1_500_000))'
        laforge show --json | grep -E '"(user_ms|max_rss_bytes)"'; laforge show | grep -c 'ran .*(CPU .*, .* MiB)'
        """)
    let numbers = output.standardOutput.matches(of: /([0-9]+)/).compactMap { Int($0.1) }
    #expect(numbers.count == 3, "\(output)")
    guard numbers.count == 3 else { return }
    #expect((90_000_000...160_000_000).contains(numbers[0]) && numbers[1] > 20 && numbers[2] == 1)
  }
}

/// `undo --stop` ends a running step first.
@Suite struct StopTests {
  @Test func aRunningStepIsEndedAndTakenOut() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        mkfifo ../ready; laforge run -q touch first
        laforge run -q sh -c 'echo x > made; echo > ../ready; exec sleep 100' & pid=$!; await ../ready
        laforge undo &> ../out; grep -c 'undo --stop' ../out; laforge status | grep -c 'or `laforge undo --stop`'
        laforge undo --stop 2> ../err | head -1; cat ../err | cut -d. -f1; wait $pid; echo $?
        laforge show 2 --json | grep -E 'ended_by|signal'; ls; flags
        """)
    #expect(
      output == """
        1
        1
        Undid S2 (sh: echo x > made; echo > ../ready; exec sleep …).
        Note: Stopped S2 (sh)
        143
          "ended_by" : "user",
          "signal" : 15,
        README.md
        first
        1 (2)

        """, "\(output)")
  }

  @Test func anAgentWhoseLaForgeIsGoneIsEndedToo() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        mkfifo ../ready
        laforge run -q sh -c 'echo x > made; echo $$ > ../agent; echo > ../ready; exec sleep 600' & pid=$!
        await ../ready; kill -9 $pid; wait $pid 2> /dev/null
        laforge undo --stop 2> /dev/null | head -1; ps -o stat= -p $(cat ../agent) | grep -v Z || echo gone; ls; flags
        """)
    #expect(output.hasPrefix("Undid S1") && output.hasSuffix("gone\nREADME.md\n(1)\n"), "\(output)")
  }

  @Test func anAgentCannotStopItself() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        laforge run -q sh -c 'laforge undo --stop; echo $?; echo still here' 2> ../err; echo $?
        grep -c 'an agent cannot turn its own record back' ../err
        """)
    #expect(output == "1\nstill here\n0\n1\n", "\(output)")
  }

  @Test func withoutARunningStepItIsAnUndo() async throws {
    let output = try await RecordedScript.outcome(
      of:
        "laforge run -q touch made; laforge undo --stop | head -1; ls; laforge undo --stop --dry-run 2> /dev/null; echo $?"
    )
    #expect(output == "Undid S1 (touch: made).\nREADME.md\n64\n", "\(output)")
  }
}
