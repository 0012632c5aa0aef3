import LaForgeTestSupport
import Testing

/// What a command printed, kept and shown again.
@Suite struct OutputTests {
  private func outcome(of script: String) async throws -> CommandOutput {
    try await TestEnvironment().shell("exec 2> \"$TMPDIR/err\"; \(script)\ncat \"$TMPDIR/err\"")
  }

  @Test func isShownAsItWas() async throws {
    let output = try await outcome(
      of: #"""
        laforge run -q bash -c 'printf "a\033[31mred\033[0m\r\n\377"; echo err >&2; echo end' > "$TMPDIR/out" 2> "$TMPDIR/errors"
        laforge output --stdout | cmp - "$TMPDIR/out"; laforge output 1 --stderr | cmp - "$TMPDIR/errors"
        laforge output @ | wc -c; laforge output --plain --stdout | od -An -c
        laforge show --json | grep -E '"(capture|output_bytes|output_kept_bytes)"'; laforge show | grep output
        """#)
    #expect(
      output.standardOutput == """
        24
           a   r   e   d  \\n 377   e   n   d  \\n
          "capture" : "pipe",
          "output_bytes" : 24,
          "output_kept_bytes" : 24,
          output    24 B kept  (`laforge output 1`)

        """, "\(output)")
  }

  @Test func ofATerminalIsKeptToo() async throws {
    let environment = try await TestEnvironment()
    let terminal = try TerminalProcess(
      ["sh", "-c", "laforge run -q ls --color=always; laforge output | od -c | head -3"],
      in: environment, adding: ["TERM": "xterm"])
    let text = try await terminal.end().text
    #expect(text.contains("R   E   A   D   M   E"), "\(text)")
  }

  @Test func holdsNoCredential() async throws {
    let output = try await outcome(
      of: """
        laforge run -q sh -c 'echo key sk-ant-api03-AbCdEfGhIjKlMnOp; echo "Authorization: Bearer abcdefghijkl" >&2' 2> /dev/null
        laforge output; grep -r -l -a -e AbCdEfGh -e abcdefghijkl .git/laforge
        """)
    #expect(
      output.standardOutput == """
        key sk-ant-api03-AbCdEfGhIjKlMnOp
        key [redacted]
        Authorization: [redacted]

        """, "\(output)")
  }

  @Test func isForThisUserAlone() async throws {
    let output = try await outcome(
      of:
        "umask 0; laforge run -q echo x > /dev/null; stat -c '%a %n' .git/laforge/output .git/laforge/output/*"
    )
    #expect(
      output.standardOutput == "700 .git/laforge/output\n600 .git/laforge/output/1.0\n", "\(output)"
    )
  }

  @Test func ofALargeOneBothEndsAreKept() async throws {
    let output = try await outcome(
      of: """
        git config laforge.maxOutput 64k; laforge run -q seq 100000 > /dev/null
        laforge output > "$TMPDIR/kept"; head -1 "$TMPDIR/kept"; tail -1 "$TMPDIR/kept"
        [ $(stat -c %s "$TMPDIR/kept") -le 65536 ] && [ $(stat -c %s "$TMPDIR/kept") -ge 50000 ] && echo bounded
        laforge show | grep -c 'of 575 KiB kept, its beginning and end'
        """)
    #expect(
      output.standardOutput == """
        1
        100000
        bounded
        1
        Note: The middle of the output of S1 was not kept (laforge.maxOutput).

        """, "\(output)")
  }

  @Test func theOldestGoWhereAllOfThemAreTooMuch() async throws {
    let output = try await outcome(
      of: """
        git config laforge.maxOutputs 9k
        for i in 1 2 3; do laforge run -q head -c 4096 /dev/urandom > /dev/null; done
        ls .git/laforge/output; laforge output 1; echo $?; laforge show 1 | grep output
        laforge output 2 | wc -c; laforge show 1 --json | grep kept
        """)
    #expect(
      output.standardOutput == """
        2.0
        3.0
        1
          output    4 KiB, removed to make room for later ones
        4096
          "output_kept_bytes" : 0,
        Error: The output of S1 was removed to make room for later ones.
        Hint: `git config laforge.maxOutputs 2g` makes more room.

        """, "\(output)")
  }

  @Test(arguments: ["laforge.keepOutput false", "laforge.maxOutput 0"])
  func isNotKeptWhereThatIsWanted(_ setting: String) async throws {
    let output = try await outcome(
      of: """
        git config \(setting); laforge run -q echo x; ls .git/laforge/output; laforge output; echo $?
        laforge show | grep output
        """)
    #expect(output.standardOutput.hasPrefix("x\n1\n  output    2 B, not kept\n"), "\(output)")
    #expect(output.standardOutput.contains("Error: The output of S1 was not kept."), "\(output)")
  }

  @Test func nothingPrintedIsNoError() async throws {
    let output = try await outcome(
      of: "laforge run -q true; laforge output; echo $?; laforge show | grep -c output")
    #expect(output.standardOutput == "0\n0\n", "\(output)")
  }

  @Test func whatWasNotSeenSaysSo() async throws {
    let output = try await outcome(
      of:
        "laforge run -q --capture none echo x; laforge output; echo $?; laforge show | grep output")
    #expect(
      output.standardOutput == """
        x
        1
          output    not seen: the command had the terminal itself
        Error: The output of S1 was not seen: its command had the terminal itself.
        Hint: `laforge run --capture pty` sends the output of the next one through LaForge.

        """, "\(output)")
  }

  @Test func aRunningOneIsFollowedToItsEnd() async throws {
    let output = try await outcome(
      of: """
        mkfifo "$TMPDIR/one" "$TMPDIR/two"
        laforge run -q sh -c 'echo first; read _ < "$TMPDIR/one"; echo second' > /dev/null & pid=$!
        eventually 'laforge output 1 2> /dev/null | grep -q first'
        laforge output --follow > "$TMPDIR/two" & follower=$!
        { read -t 60 line || give_up "nothing was followed"; echo "seen $line"; notify "$TMPDIR/one"; cat; } < "$TMPDIR/two"; wait $pid $follower; echo $?
        """)
    #expect(output.standardOutput == "seen first\nsecond\n0\n", "\(output)")
  }

  @Test func ofAKilledLaForgeIsWhatWasWrittenByThen() async throws {
    let output = try await outcome(
      of: """
        laforge run -q sh -c 'echo $$ > "$TMPDIR/agent"; echo first; exec sleep 100' > /dev/null & pid=$!
        eventually 'laforge output 1 2> /dev/null | grep -q first'
        kill -9 $pid $(cat "$TMPDIR/agent"); wait $pid; laforge run -q true; laforge output 1
        laforge run -q echo x > /dev/null; sqlite3 .git/laforge/steps.db 'SELECT output_disk_bytes > 0 FROM steps'
        git config laforge.maxOutputs 1; laforge run -q echo y > /dev/null; ls .git/laforge/output
        """)
    #expect(output.standardOutput.hasPrefix("first\n1\n0\n1\n"), "\(output)")
  }

  @Test func aPagerShowsItOnATerminal() async throws {
    let environment = try await TestEnvironment()
    try environment.makeProgram("my-pager", "echo paged; cat; echo \"$LESS\"")
    let terminal = try TerminalProcess(
      [
        "sh", "-c",
        "git config core.pager my-pager; laforge run -q --capture none true; laforge run -q echo text; laforge output",
      ],
      in: environment)
    let text = try await terminal.end().text
    #expect(text == "text\r\npaged\r\ntext\r\r\nFRX\r\n")
  }

  @Test func aPagerThatIsClosedEarlyIsNoError() async throws {
    let environment = try await TestEnvironment()
    let terminal = try TerminalProcess(
      [
        "sh", "-c",
        "git config core.pager 'head -1'; laforge run -q seq 100000 > /dev/null; laforge output; echo $?",
      ],
      in: environment)
    let text = try await terminal.end().text
    #expect(text == "1\r\n0\r\n")
  }

  @Test func theProgramsOwnReaderMayStall() async throws {
    let environment = try await TestEnvironment()
    // Keeping goes on while nobody reads; nothing is lost and nothing is twice.
    let output = try await environment.shell(
      """
      mkfifo "$TMPDIR/pipe"; (exec 3< "$TMPDIR/pipe"; eventually '[ -e "$TMPDIR/go" ]'; cat <&3 | md5sum) & reader=$!
      laforge run -q seq 300000 > "$TMPDIR/pipe" & pid=$!
      eventually 'laforge output 1 2> /dev/null | grep -q 100'; touch "$TMPDIR/go"; wait $pid $reader
      seq 300000 | md5sum; laforge output | md5sum
      """)
    let sums = Set(output.standardOutput.split(separator: "\n"))
    #expect(sums.count == 1, "\(output)")
  }
}
