import Foundation
import LaForgeTestSupport
import SystemPackage
import Testing

/// What passes between the command and the caller.
@Suite struct RelayTests {
  @Test func bothStreamsPassByteForByteAndApart() async throws {
    let environment = try await TestEnvironment()
    let script = """
      head -c 300000 /dev/urandom > "$TMPDIR/bytes"
      laforge run sh -c 'cat "$TMPDIR/bytes"; tac -s x "$TMPDIR/bytes" >&2' \
        > "$TMPDIR/out" 2> "$TMPDIR/err"
      cmp "$TMPDIR/bytes" "$TMPDIR/out" && tac -s x "$TMPDIR/bytes" | cmp - "$TMPDIR/err"
      laforge run cat "$TMPDIR/bytes" | cmp - "$TMPDIR/bytes"
      """
    let output = try await environment.shell(script)
    #expect(output.status == 0, "\(output)")
  }

  @Test func bytesThatAreNoTextPassUnchanged() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.laforge(["run", "printf", "\\377\\000\\033[31m\\r\\n"])
    #expect(output.standardOutputBytes == [0xFF, 0, 0x1B, 0x5B, 0x33, 0x31, 0x6D, 0x0D, 0x0A])
  }

  @Test func aPromptWithoutANewlineArrivesBeforeTheCommandEnds() async throws {
    let environment = try await TestEnvironment()
    // The reader answers through the fifo only once it has seen the prompt.
    let script = """
      mkfifo "$TMPDIR/answer"
      laforge run sh -c 'printf "name? "; read name < "$TMPDIR/answer"; echo "hello $name"' |
        { read -r -N 6 prompt; echo Ada > "$TMPDIR/answer"; printf '%s' "$prompt"; cat; }
      """
    let output = try await environment.shell(script)
    #expect(output.standardOutput == "name? hello Ada\n")
  }

  @Test func oneDescriptorForBothStreamsKeepsTheirOrder() async throws {
    let environment = try await TestEnvironment()
    let script = "for i in $(seq 300); do echo out $i; echo err $i >&2; done"
    let expected = (1...300).flatMap { ["out \($0)", "err \($0)"] }
    let output = try await environment.shell("laforge run bash -c '\(script)' 2>&1 | cat")
    #expect(output.standardOutput.split(separator: "\n").map(String.init) == expected)
    let file = try await environment.shell(
      "laforge run bash -c '\(script)' > \"$TMPDIR/log\" 2>&1; cat \"$TMPDIR/log\"")
    #expect(file.standardOutput.split(separator: "\n").map(String.init) == expected)
  }

  @Test func twoHundredMegabytesLeaveMemoryFlat() async throws {
    let environment = try await TestEnvironment()
    let script = """
      laforge run true; git config laforge.maxOutput 1m
      small=$( { \\time -f %M laforge run sh -c 'head -c 1000000 /dev/zero' > /dev/null; } 2>&1 )
      large=$( { \\time -f %M laforge run sh -c 'head -c 209715200 /dev/zero' | wc -c >&2; } 2>&1 )
      lines=$( { \\time -f %M laforge run sh -c 'yes "a line as long as agents print them, with some words in it to read" | head -c 209715200' | cat > /dev/null; } 2>&1 )
      echo "$small" $large $lines
      """
    let output = try await environment.shell(script)
    let numbers = output.standardOutput.split(separator: " ").compactMap { text in
      Int(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }
    #expect(numbers.count == 4, "\(output)")
    guard numbers.count == 4 else { return }
    #expect(numbers.contains(209_715_200), "nothing is dropped")
    let peaks = numbers.filter { $0 != 209_715_200 }
    let growth = (peaks.max() ?? 0) - (peaks.min() ?? 0)
    #expect(growth < 8 * 1024, "peak memory in KiB: \(peaks)")
  }

  @Test func aReaderThatGoesAwayReachesTheCommandAsItWouldWithoutLaForge() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      "laforge run yes | head -1; echo ${PIPESTATUS[0]}; laforge show --json")
    #expect(output.standardOutput.hasPrefix("y\n141\n"))
    #expect(output.standardOutput.contains("\"signal\" : 13"))
  }

  @Test func aReaderThatIsSlowSlowsTheCommandAndNotTheOtherStream() async throws {
    let environment = try await TestEnvironment()
    // Standard output is read only after standard error has come through whole.
    let script = """
      mkfifo "$TMPDIR/go"
      laforge run sh -c 'head -c 500000 /dev/zero & head -c 500000 /dev/zero >&2; wait' \
        2> >(head -c 500000 | wc -c > "$TMPDIR/count"; notify "$TMPDIR/go") | { await "$TMPDIR/go"; wc -c; }
      cat "$TMPDIR/count"
      """
    let output = try await environment.shell(script)
    #expect(output.standardOutput.split(separator: "\n") == ["500000", "500000"])
  }

  @Test func aFloodOfPiecesOfAnySizeArrivesWholeAndIsKeptWhole() async throws {
    let environment = try await TestEnvironment()
    // A reader of odd sizes, now fast, now slow, behind pieces of odd sizes.
    let script = """
      cat > "$TMPDIR/print" <<'END'
      import os, random
      random.seed(7)
      numbers = b"".join(b"%d\\n" % number for number in range(900000))
      while numbers:
          size = random.choice([1, 50, 4000, 4096, 70000, 300000])
          numbers = numbers[os.write(1, numbers[:size]):]
      END
      cat > "$TMPDIR/read" <<'END'
      import os, random, sys
      random.seed(8)
      while piece := os.read(0, random.choice([7, 3000, 65536, 1 << 20])):
          sys.stdout.buffer.write(piece)
      END
      seq 0 899999 > "$TMPDIR/expected"
      laforge run python3 "$TMPDIR/print" | python3 "$TMPDIR/read" | cmp - "$TMPDIR/expected" &&
        laforge output | cmp - "$TMPDIR/expected"
      """
    let output = try await environment.shell("set -o pipefail; \(script)")
    #expect(output.status == 0, "\(output)")
  }

  @Test func fewBytesInManyPiecesNeedNoReader() async throws {
    let environment = try await TestEnvironment()
    // As much as a pipe holds without LaForge, and nobody reads it before the run has ended.
    let script = """
      mkfifo "$TMPDIR/ended"
      { laforge run bash -c 'for i in $(seq 3000); do echo $i; done'; echo > "$TMPDIR/ended"; } |
        { await "$TMPDIR/ended"; wc -l; }
      """
    let output = try await environment.shell(script)
    #expect(output.standardOutput == "3000\n", "\(output)")
  }

  @Test func whatTheCommandLeavesBehindDoesNotHoldTheRun() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      laforge run sh -c 'sleep 600 & echo $!' > "$TMPDIR/pid" 2> "$TMPDIR/err"
      echo $?; cat "$TMPDIR/err"; kill $(cat "$TMPDIR/pid")
      """)
    #expect(output.standardOutput.hasPrefix("0\nWarning: Processes that the command left behind"))
  }

  @Test(.needsFullDevice)
  func outputThatCannotBeWrittenIsTold() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell("laforge run echo x > /dev/full")
    #expect(
      output.standardError.hasPrefix(
        "Warning: Standard output could not be written: No space left on device."))
  }

  @Test func aSignalWhileTheEndIsRecordedLosesNothing() async throws {
    let environment = try await TestEnvironment()
    // The diff of a large file takes a while; the signals come all along.
    let script = """
      laforge run sh -c 'seq 2000000 > big; git add big; git commit -qm big; echo > "$TMPDIR/done"
        exit 7' & pid=$!
      eventually '[ -e "$TMPDIR/done" ]'
      eventually '! pgrep -P $pid > /dev/null'
      eventually '! kill -INT $pid 2> /dev/null || ! kill -TERM $pid 2> /dev/null'
      wait $pid; echo $?; laforge show --json | grep -E 'exit_code|insertions'
      """
    let output = try await environment.shell("set -m; \(script)")
    #expect(
      output.standardOutput == "7\n  \"exit_code\" : 7,\n  \"insertions\" : 2000000,\n",
      "\(output)")
  }

  @Test func aRelayThatWaitsForItsReaderCanBeEnded() async throws {
    let environment = try await TestEnvironment()
    // More than the pipe behind LaForge holds, and nobody reads it.
    let script = """
      mkfifo "$TMPDIR/full" "$TMPDIR/ended"; exec 9<> "$TMPDIR/full"
      laforge run sh -c 'head -c 100000 /dev/zero; (echo > "$TMPDIR/ended" &); exit 3' \
        > "$TMPDIR/full" 2> /dev/null & pid=$!
      await "$TMPDIR/ended"; eventually '! pgrep -P $pid > /dev/null'
      kill -TERM $pid; wait $pid; echo $?; laforge show --json | grep exit_code
      """
    let output = try await environment.shell(script)
    #expect(output.standardOutput == "3\n  \"exit_code\" : 3,\n", "\(output)")
  }

  @Test func closedDescriptorsStayClosedAndNothingIsWrittenIntoTheDatabase() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      laforge run sh -c 'test -e /proc/self/fd/0 || echo closed > "$TMPDIR/seen"' <&-
      laforge run sh -c 'echo lost; echo lost >&2' >&- 2>&-
      cat "$TMPDIR/seen"; laforge log --json | grep -c '"id"'
      sqlite=$(head -c 15 .git/laforge/steps.db); echo "$sqlite"
      """)
    #expect(output.standardOutput == "closed\n2\nSQLite format 3\n")
  }

  @Test(arguments: ["TERM", "HUP", "USR1", "INT"])
  func aSignalForLaForgeReachesTheCommand(_ signal: String) async throws {
    let environment = try await TestEnvironment()
    let script = """
      mkfifo "$TMPDIR/ready"
      laforge run bash -c 'trap "echo got; exit 7" \(signal); echo > "$TMPDIR/ready"
        while :; do read -t 1 < /dev/zero; done' > "$TMPDIR/out" & pid=$!
      await "$TMPDIR/ready"; kill -\(signal) $pid; wait $pid; echo $?; cat "$TMPDIR/out"
      """
    // A background job of a script ignores SIGINT unless job control is on.
    let output = try await environment.shell("set -m; \(script)")
    #expect(output.standardOutput == "7\ngot\n")
  }

  @Test func theCommandKeepsTheSignalDispositionsOfItsCaller() async throws {
    let environment = try await TestEnvironment()
    // The last eight digits: signals 32 and 33 are the C library's own.
    let script = "sed -nE 's/^(Sig(Ign|Blk|Cgt)).*(.{8})$/\\1 \\3/p' /proc/self/status"
    let direct = try await environment.shell("trap '' HUP PIPE; \(script)")
    let recorded = try await environment.shell("trap '' HUP PIPE; laforge run \(script)")
    #expect(recorded.standardOutput == direct.standardOutput)
  }
}
