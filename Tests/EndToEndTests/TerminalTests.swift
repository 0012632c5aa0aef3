import Foundation
import LaForgeTestSupport
import Testing

/// Commands at a terminal behave under `laforge run` as they do without it.
///
/// What deterministic programs show is compared byte by byte with the same program alone.
@Suite struct TerminalTests {
  /// Something that is typed once something was printed.
  struct Turn: Sendable {
    var expecting: String
    var typing: String
  }

  struct Dialog: Sendable, CustomTestStringConvertible {
    var words: [String]
    var turns: [Turn] = []

    var testDescription: String { words.joined(separator: " ") }
  }

  private static func shell(_ script: String, _ turns: [Turn] = []) -> Dialog {
    Dialog(words: ["bash", "-c", script], turns: turns)
  }

  private static let dialogs = [
    shell("stty -a; stty size; test -t 0 && test -t 1 && test -t 2 && echo all; exit 3"),
    // Nothing is a newline that was none, and sequences of any kind pass.
    shell(#"printf 'a\nb\r\nc\rd'; printf '\033]0;title\007\033[?1049h\033[?2004h\033[?1000h'"#),
    shell("stty raw -echo; printf 'x\\ny'; stty sane; echo; echo done"),
    shell(
      "read -r -p 'name? ' x; echo \"hello $x\"; cat",
      [Turn(expecting: "name? ", typing: "Ada\n"), Turn(expecting: "hello Ada", typing: "\u{4}")]),
    shell(
      "read -r -s -p 'password: ' x; echo; echo ${#x}",
      [Turn(expecting: "password: ", typing: "secret\n")]),
    shell(
      "stty -icanon -echo; echo ready; head -c 3 | od -c",
      [Turn(expecting: "ready", typing: "\u{1B}[A")]
    ),
    Dialog(
      words: ["sh", "-c", "echo ready; exec sleep 100"],
      turns: [Turn(expecting: "ready", typing: "\u{3}")]),
    Dialog(
      words: ["sh", "-c", "ulimit -c 0; echo ready; exec sleep 100"],
      turns: [Turn(expecting: "ready", typing: "\u{1C}")]),
    Dialog(
      words: [
        "python3", "-c",
        """
        import signal
        signal.pthread_sigmask(signal.SIG_BLOCK, {2}); print("ready", flush=True)
        signal.sigwait({2}); print("caught"); raise SystemExit(7)
        """,
      ],
      turns: [Turn(expecting: "ready", typing: "\u{3}")]),
    Dialog(
      words: ["python3", "-i"],
      turns: [
        Turn(expecting: ">>> ", typing: "1+1\n"), Turn(expecting: ">>> ", typing: "input('q? ')\n"),
        Turn(expecting: "\nq? ", typing: "a\n"), Turn(expecting: ">>> ", typing: "\u{4}"),
      ]),
    Dialog(
      words: ["less", "lines"],
      turns: [
        Turn(expecting: "23", typing: "G"), Turn(expecting: "(END)", typing: "?50\n"),
        Turn(expecting: "50", typing: "q"),
      ]),
    Dialog(words: ["tty-less"], turns: [Turn(expecting: "more? ", typing: "yes\n")]),
  ]

  private func transcript(
    of dialog: Dialog, behind prefix: [String], in environment: TestEnvironment
  ) async throws -> String {
    let terminal = try TerminalProcess(
      prefix + dialog.words, in: environment,
      // Since version 3.13 Python's own line editor draws each key by itself.
      adding: ["TERM": "xterm", "PYTHONDONTWRITEBYTECODE": "1", "PYTHON_BASIC_REPL": "1"])
    for turn in dialog.turns {
      try await terminal.expect(turn.expecting)
      terminal.type(turn.typing)
    }
    var (text, status) = try await terminal.end()
    // The kernel sends the signal of a typed key before it echoes the key, so a session may be gone
    // before the echo.
    if status >= 128 { for echo in ["^C", "^\\"] { text.replace(echo, with: "") } }
    return "\(text)[\(status)] modes \(terminal.modes)"
  }

  @Test(arguments: dialogs)
  func whatIsShownAndTypedIsTheSame(_ dialog: Dialog) async throws {
    let environment = try await TestEnvironment()
    try await environment.shell("seq 100 > lines")
    // Its input is a pipe, its terminal is still there.
    try environment.makeProgram(
      "tty-less", "echo data | $RECORD bash -c 'cat; read -r -p \"more? \" x < /dev/tty; echo $x'")
    let alone = try await transcript(of: dialog, behind: ["env", "RECORD="], in: environment)
    let prefix = ["env", "RECORD=laforge run -q"]
    let recorded = try await transcript(
      of: dialog,
      behind: dialog.words == ["tty-less"] ? prefix : prefix + ["laforge", "run", "-q"],
      in: environment)
    #expect(recorded == alone)
  }

  @Test func aCommandHasATerminalOfItsOwnInASessionOfItsOwn() async throws {
    let environment = try await TestEnvironment()
    let terminal = try TerminalProcess(
      [
        "bash", "-c",
        "GPG_TTY=$(tty) laforge run -q sh -c 'tty; echo $GPG_TTY; ps -o tpgid= -p $$; echo $$'",
      ],
      in: environment)
    let lines = try await terminal.end().text.split(separator: "\r\n").map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    #expect(lines.count == 4 && lines[0] == lines[1] && lines[0] != terminal.name, "\(lines)")
    #expect(lines[2] == lines[3])
  }

  @Test(arguments: ["vim", "claude", "codex", "sh -c claude", "env A=B npx @google/gemini-cli"])
  func aFullScreenProgramHasTheTerminalItself(_ command: String) async throws {
    let environment = try await TestEnvironment()
    for name in ["vim", "claude", "codex", "npx"] { try environment.makeProgram(name, "tty") }
    let terminal = try TerminalProcess(
      ["sh", "-c", "laforge run -q \(command); laforge show --json | grep capture"], in: environment
    )
    let text = try await terminal.end().text
    #expect(text == "\(terminal.name)\r\n  \"capture\" : \"direct\",\r\n")
  }

  @Test func anAgentThatIsAskedOnceIsSeen() async throws {
    let environment = try await TestEnvironment()
    try environment.makeProgram("claude", "tty")
    let terminal = try TerminalProcess(
      ["sh", "-c", "laforge run -q claude -p x; laforge show --json | grep capture"],
      in: environment)
    let text = try await terminal.end().text
    #expect(
      text.hasSuffix("\"capture\" : \"pty\",\r\n") && !text.hasPrefix(terminal.name), "\(text)")
  }

  @Test func aNewSizeReachesTheCommand() async throws {
    let environment = try await TestEnvironment()
    let script = """
      import os, signal
      signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGWINCH}); print("ready", flush=True)
      signal.sigwait({signal.SIGWINCH}); print(*reversed(os.get_terminal_size(0)))
      """
    let terminal = try TerminalProcess(
      ["laforge", "run", "-q", "python3", "-c", script], in: environment)
    try await terminal.expect("ready")
    terminal.resize(rows: 33, columns: 111)
    let text = try await terminal.end().text
    #expect(text == "ready\r\n33 111\r\n")
  }

  /// An interactive shell whose prompt is `next> `.
  private func makeShell(in environment: TestEnvironment) async throws -> TerminalProcess {
    let terminal = try TerminalProcess(
      ["bash", "--norc", "--noprofile", "--noediting", "-i"], in: environment,
      adding: ["PS1": "next> ", "TERM": "dumb"])
    try await terminal.expect("next> ")
    return terminal
  }

  @Test func ctrlZStopsBothAndForegroundContinuesBoth() async throws {
    let environment = try await TestEnvironment()
    let shell = try await makeShell(in: environment)
    let command = "laforge run -q sh -c 'echo ready; exec cat'"
    shell.type("\(command)\n")
    try await shell.expect("\r\nready\r\n")
    shell.type("one\n")
    try await shell.expect("one\r\none\r\n")
    shell.type("\u{1A}")
    try await shell.expect("Stopped")
    try await shell.expect("next> ")
    shell.type("stty -a | grep -c ' echo '\n")
    try await shell.expect("\r\n1\r\n")
    try await shell.expect("next> ")
    shell.type("fg\n")
    try await shell.expect("fg\r\n\(command)\r\n")
    shell.type("two\n")
    try await shell.expect("two\r\ntwo\r\n")
    shell.type("\u{4}")
    try await shell.expect("next> ")
    shell.type("laforge show --json | grep -E 'exit_code'\n")
    try await shell.expect("\"exit_code\" : 0")
  }

  @Test func aBackgroundCommandThatReadsIsStoppedUntilItHasTheTerminal() async throws {
    let environment = try await TestEnvironment()
    let shell = try await makeShell(in: environment)
    shell.type("laforge run -q head -n 1 &\n")
    shell.type("until jobs -s | grep .; do :; done\n")
    try await shell.expect("Stopped")
    try await shell.expect("next> ")
    shell.type("fg\n")
    try await shell.expect("laforge run -q head -n 1\r\n")
    shell.type("line\n")
    try await shell.expect("line\r\nline\r\n")
  }

  @Test func jobsOfAnInteractiveShellInsideAreItsOwn() async throws {
    let environment = try await TestEnvironment()
    let shell = try await makeShell(in: environment)
    shell.type("laforge run -q bash --norc --noprofile --noediting -i\n")
    try await shell.expect("next> ")
    shell.type("cat\n")
    shell.type("x\n")
    try await shell.expect("x\r\nx\r\n")
    shell.type("\u{1A}")
    try await shell.expect("Stopped")
    try await shell.expect("next> ")
    shell.type("fg\n")
    try await shell.expect("fg\r\ncat\r\n")
    shell.type("y\n")
    try await shell.expect("y\r\ny\r\n")
    shell.type("\u{3}")
    try await shell.expect("next> ")
    shell.type("exit 5\n")
    try await shell.expect("exit\r\n")
    try await shell.expect("next> ")
    shell.type("echo status $?\n")
    try await shell.expect("status 5")
  }

  @Test func ctrlCEndsALoopAroundTheRun() async throws {
    let environment = try await TestEnvironment()
    let shell = try await makeShell(in: environment)
    shell.type("for i in 1 2 3; do laforge run -q sh -c 'echo round $0; exec sleep 100' $i; done\n")
    try await shell.expect("round 1\r\n")
    shell.type("\u{3}")
    let text = try await shell.expect("next> ")
    #expect(!text.contains("round 2"), "\(text)")
    let step = try await environment.laforge(["show", "--json"]).json()
    #expect(step["ended_by"] == "user" && step["signal"] == 2)
  }

  /// Newer kernels can be told to let nobody put back what was typed.
  private static let mayPutBack =
    (try? String(contentsOfFile: "/proc/sys/dev/tty/legacy_tiocsti", encoding: .utf8)) != "0\n"

  @Test(.enabled(if: mayPutBack, "this kernel lets nobody put back what was typed"))
  func whatIsTypedAheadIsForTheShell() async throws {
    let environment = try await TestEnvironment()
    let shell = try await makeShell(in: environment)
    try await environment.shell("mkfifo \"$TMPDIR/go\"")
    shell.type("laforge run -q sh -c 'echo ready; read -r x < \"$TMPDIR/go\"'\n")
    try await shell.expect("ready\r\n")
    shell.type("echo typed $((40 + 2))\n")
    try await shell.expect("echo typed")
    try await environment.shell("echo > \"$TMPDIR/go\"")
    try await shell.expect("typed 42")
  }

  @Test func theModesThatACommandLeavesStay() async throws {
    let environment = try await TestEnvironment()
    let terminal = try TerminalProcess(
      ["sh", "-c", "laforge run -q stty -echo; stty -a | grep -o -e '-echo '"], in: environment)
    #expect(try await terminal.end().text == "-echo \r\n")
  }

  @Test(arguments: ["TERM", "HUP", "SEGV", "ABRT", "ALRM", "KILL"])
  func theModesAreRestoredWhateverEndsLaForge(_ signal: String) async throws {
    let environment = try await TestEnvironment()
    let terminal = try TerminalProcess(
      [
        "bash", "-c",
        "laforge run -q sh -c 'echo ready; sleep 100; echo over'; echo next; read -r x; echo $x",
      ],
      in: environment, adding: ["SWIFT_BACKTRACE": "enable=no"])
    let before = terminal.modesBefore
    try await terminal.expect("ready")
    #expect(terminal.modes != before)
    try await environment.shell("kill -\(signal) $(cat .git/laforge/run/1)")
    // What is typed before would still be for the command.
    try await terminal.expect("next")
    try await terminal.expectModes(before)
    // The shell reads lines again, which a raw terminal has not.
    terminal.type("line\n")
    #expect(try await terminal.end().text.hasSuffix("line\r\n"))
    #expect(terminal.modes == before)
    let next = try await environment.shell("laforge run -q true; laforge show 1 --json")
    let step = try next.json()
    let isClosed = step["status"] == "interrupted" || step["status"] == "failed"
    #expect(isClosed, "\(next)")
  }

  @Test func whatIsLeftBehindPrintsOnWhileTheShellGoesOn() async throws {
    let environment = try await TestEnvironment()
    let shell = try await makeShell(in: environment)
    shell.type(
      "mkfifo go; laforge run -q sh -c '(read -r x < go; echo late $((40 + 2))) & echo early'; echo $?\n"
    )
    try await shell.expect("early\r\n")
    try await shell.expect("still use the terminal")
    try await shell.expect("\r\n0\r\n")
    shell.type("echo > go\n")
    try await shell.expect("late 42")
  }

  @Test func oneOfThreeMayBeATerminal() async throws {
    let environment = try await TestEnvironment()
    let probe =
      "for i in 0 1 2; do test -t $i && echo $i >> \"$TMPDIR/seen\"; done; echo out; echo err >&2"
    let script = """
      run() { eval "laforge run -q sh -c '$PROBE' $1"; cat "$TMPDIR/seen"; rm -f "$TMPDIR/seen"; echo; }
      run '< /dev/null > "$TMPDIR/out" 2> "$TMPDIR/err"'; run '> "$TMPDIR/out" 2> "$TMPDIR/err"'
      run '< /dev/null 2> "$TMPDIR/err"'; run '< /dev/null > "$TMPDIR/out"'; cat "$TMPDIR/out" "$TMPDIR/err"
      """
    let terminal = try TerminalProcess(
      ["bash", "-c", script], in: environment, adding: ["PROBE": probe])
    let text = try await terminal.end().text.replacing("\r\n", with: "\n")
    #expect(
      text == """
        cat: \(environment.root)/tmp/seen: No such file or directory

        0

        out
        1

        err
        2

        out
        err

        """)
  }

  @Test(arguments: ["auto", "pty"])
  func anEditorWritesWhatIsTyped(_ capture: String) async throws {
    let environment = try await TestEnvironment()
    let terminal = try TerminalProcess(
      ["laforge", "run", "-q", "--capture", capture, "vi", "-u", "NONE", "-n", "new"],
      in: environment, adding: ["TERM": "xterm"])
    // Lines behind the end of the file.
    try await terminal.expect("~")
    terminal.type("ihello\u{1B}:wq\r")
    #expect(try await terminal.end().status == 0)
    #expect(terminal.modes == terminal.modesBefore)
    #expect(try await environment.shell("cat new").standardOutput == "hello\n")
  }

  @Test func aWholeScreenProgramDrawsAndEnds() async throws {
    let environment = try await TestEnvironment()
    let terminal = try TerminalProcess(
      ["laforge", "run", "-q", "top"], in: environment, adding: ["TERM": "xterm"])
    try await terminal.expect("PID")
    terminal.type("q")
    #expect(try await terminal.end().status == 0)
  }
}
