import Foundation
import LaForgeTestSupport
import SystemPackage
import Testing

/// Listings, mistakes and strange places, as a person meets them.
@Suite struct CommandLineTests {
  @Test func beforeTheFirstRunEveryListingSaysSo() async throws {
    let environment = try await TestEnvironment()
    let log = try await environment.laforge(["log"])
    #expect(
      log.standardOutput
        == "No steps in this worktree yet. `laforge run -- <command>` records one.\n")
    #expect(try await environment.laforge(["log", "--json"]).standardOutput == "[]\n")
    #expect(try await environment.laforge(["log", "--jsonl"]).standardOutput == "")
    let status = try await environment.laforge([])
    #expect(status.status == 0)
    #expect(status.standardOutput.contains("latest    none yet"))
    let show = try await environment.laforge(["show"])
    #expect(show.status == 1)
    #expect(show.standardError.hasPrefix("Error: There are no steps in this worktree yet.\nHint:"))
    #expect(
      !FileManager.default.fileExists(
        atPath: environment.repository.appending(".git/laforge").string))
  }

  @Test func theStatusTellsTheLatestStep() async throws {
    let environment = try await TestEnvironment()
    try await environment.shell("laforge run true; laforge run sh -c 'exit 2'")
    let short = try await environment.git("rev-parse", "--short", "HEAD")
    let text = try await environment.laforge(["status"]).standardOutput
    #expect(text.hasPrefix("web  main \(short); worktree \(environment.repository)\n"))
    #expect(text.contains("  latest    S2 sh, exit 2, "))
    #expect(text.contains("  steps     2 active\n"))
    let json = try await environment.laforge(["status", "--json"]).json()
    #expect(json["latest"]?["id"] == 2)
    #expect(json["running"]?.array == [])
    #expect(json["active_steps"] == 2)
  }

  @Test func theLogListsAndLimits() async throws {
    let environment = try await TestEnvironment()
    try await environment.shell("for i in 1 2 3; do laforge run sh -c \"exit $i\"; done")
    let lines = try await environment.laforge(["log", "-n2"]).standardOutput
      .split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines[1].hasPrefix("S3 "))
    #expect(lines[3].contains("older ones: `laforge log -n 4`"))
    let jsonl = try await environment.laforge(["log", "--jsonl", "-n", "2"]).standardOutput
    #expect(
      try jsonl.split(separator: "\n").map { try TestJSON(parsing: String($0))["id"] } == [3, 2])
    for alias in ["steps", "list"] {
      let same = try await environment.laforge([alias, "-n", "2"]).standardOutput
      #expect(same.split(separator: "\n").map { $0.prefix(3) } == lines.map { $0.prefix(3) })
    }
  }

  @Test func emptyRunsShareALineUnlessAllAreAskedFor() async throws {
    let environment = try await TestEnvironment()
    try await environment.shell("for i in 1 2 3; do laforge run true; done")
    let folded = try await environment.laforge(["log"]).standardOutput
    #expect(folded.contains("S1-S3  3 runs without commit or usage\n"))
    let all = try await environment.laforge(["log", "--all"]).standardOutput
    #expect(all.split(separator: "\n").count == 5)
  }

  @Test func theTableFitsTheWidthInCOLUMNS() async throws {
    let environment = try await TestEnvironment()
    try await environment.laforge(["run", "-m", String(repeating: "long ", count: 40), "false"])
    let text = try await environment.laforge(["log"], adding: ["COLUMNS": "60"]).standardOutput
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 60 })
    #expect(text.contains("…"))
  }

  @Test func aLabelCannotWriteOnTheScreen() async throws {
    let environment = try await TestEnvironment()
    try await environment.laforge([
      "run", "-m", "\u{1B}[2Jgone\u{07}\u{1B}]0;x\u{07}\nnext", "false",
    ])
    for arguments in [["log"], ["show"], ["status"]] {
      let bytes = try await environment.laforge(arguments).standardOutputBytes
      #expect(!bytes.contains { $0 < 32 && $0 != 10 })
    }
    let json = try await environment.laforge(["show", "--json"]).json()
    #expect(json["label"] == "\u{1B}[2Jgone\u{07}\u{1B}]0;x\u{07}\nnext")
  }

  @Test(arguments: [
    (["show", "12"], "no_such_step", Int32(1)), (["show", "@-5"], "no_such_step", 1),
    (["show", "src/x"], "not_a_step", 64), (["log", "--bogus"], "usage", 64),
    (["log", "-n", "x"], "usage", 64), (["log", "-n", "-1"], "usage", 64),
    (["log", "-n", "9223372036854775807"], "usage", 64),
    (["rn"], "no_such_command", 64),
  ])
  func anErrorIsOneDocumentWithJSON(
    _ arguments: [String], _ code: String, _ status: Int32
  ) async throws {
    let environment = try await TestEnvironment()
    try await environment.laforge(["run", "true"])
    let output = try await environment.laforge(arguments + ["--json"])
    #expect(output.status == status)
    #expect(output.standardError.isEmpty)
    let error = try output.json()["error"]
    #expect(error?["code"]?.string == code)
    #expect(error?.keys == ["code", "message", "hint"])
    let text = try await environment.laforge(arguments)
    #expect(text.status == status)
    #expect(text.standardError.hasPrefix("Error: "))
    #expect(text.standardOutput.isEmpty)
  }

  @Test(arguments: [
    (["run"], "Error: There is no command to run.\n"),
    (["run", "--"], "Error: There is no command to run.\n"),
    (["run", "--bogus", "x"], "Error: Unknown option '--bogus'.\n'x' was not started.\n"),
    (["run", "-xh", "x"], "Error: Unknown option '-xh'.\n'x' was not started.\n"),
    (["run", "-m", "--", "x"], "Error: Missing value for '-m"),
    (["run", "--label"], "Error: Missing value for '--label"),
    (["run", "--meta", "novalue", "x"], "Error: '--meta novalue' is not of the form KEY=VALUE.\n"),
    (
      ["run", "--agent-config", "/nonexistent", "x"],
      "Error: The agent configuration '/nonexistent' cannot be read.\n"
    ),
    (
      ["run", "--agent-config", "README.md", "x"],
      "Error: The agent configuration 'README.md' is no JSON object.\n"
    ),
    (
      ["-C", "/nonexistent", "run", "x"],
      "Error: Cannot change to '/nonexistent': No such file or directory.\n"
    ),
  ])
  func everythingWrongBeforeTheStartIs125(_ arguments: [String], _ text: String) async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.laforge(arguments)
    #expect(output.status == 125)
    #expect(output.standardError.hasPrefix(text), "\(output)")
    #expect(output.standardError.contains("Hint: ") || arguments[0] == "-C")
    #expect(try await environment.laforge(["log", "--json"]).standardOutput == "[]\n")
  }

  @Test func anotherFolderIsGivenAsInGit() async throws {
    let environment = try await TestEnvironment()
    try await environment.shell("mkdir deep")
    let output = try await environment.laforge(
      ["-C", "web", "-C", "deep", "run", "pwd"], in: environment.root)
    #expect(output.standardOutput == "\(environment.repository)/deep\n")
  }

  @Test func helpNamesOnlyWhatExists() async throws {
    let environment = try await TestEnvironment()
    let help = try await environment.laforge(["--help"])
    #expect(help.status == 0)
    #expect(help.standardError.isEmpty)
    let words = Set(help.standardOutput.split { !$0.isLetter }.map(String.init))
    for absent in ["doctor", "stats", "rewind", "info"] {
      #expect(!words.contains(absent))
    }
    for arguments in [["help"], ["help", "run"], ["run", "--help"], ["log", "-h"]] {
      let output = try await environment.laforge(arguments)
      #expect(output.status == 0)
      #expect(output.standardOutput.contains("USAGE: laforge"))
    }
    let run = try await environment.laforge(["run", "--help"]).standardOutput
    #expect(run.contains("USAGE: laforge run [options] [--] <command> [args...]"))
  }

  @Test(arguments: [
    (["log", "-n", "0"], "'-n' needs a number from 1 on, not '0'.", "`laforge help log` shows"),
    (["ops", "-n", "-1"], "'-n' needs a number from 1 on, not '-1'.", "`laforge help ops` shows"),
    (
      ["log", "-n", "99999999999999999999"], "'-n' needs a number from 1 on, not '9999", "`laforge"
    ),
    (["log", "-5"], "Unknown option '-5'.", "`laforge log -n 5`\n"),
    (["undo", "-1"], "Unknown option '-1'.", "`laforge undo @-1` counts back"),
    (["log", "-xh"], "Unknown option '-xh'.", "`laforge help log` shows"),
    (["restore", "1", "-dash"], "Unknown option '-dash'.", "`laforge restore STEP -- -dash`\n"),
    (["-n", "3", "log"], "Unknown option '-n'.", "`laforge log -n 3`\n"),
    (["-Cweb", "log"], "Unknown option '-Cweb'.", "`laforge -C web log`\n"),
    (["version"], "There is no command 'version'.", "`laforge --version`\n"),
    (["help", "bogus"], "There is no command 'bogus'.", "`laforge help` lists the commands.\n"),
    (["help", "lgo"], "There is no command 'lgo'.", "did you mean `laforge log`?\n"),
    (
      ["diff", "1", "README.md"], "'README.md' is not a step.",
      "`laforge diff 1 -- README.md` takes"
    ),
    (
      ["log", "--color", "x"], "The value 'x' is invalid for '--color <when>'.",
      "`laforge help log`"
    ),
    (["UNDO"], "There is no command 'UNDO'.", "did you mean `laforge undo`?\n"),
    ([""], "There is no command ''.", "`laforge help` lists the commands.\n"),
    (["diff", "now"], "'now' needs another state.", "`laforge diff @ now`\n"),
  ])
  func aMistakeIsAnsweredWithWhatToType(
    _ words: [String], _ summary: String, _ hint: String
  ) async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.laforge(words)
    #expect(output.status == 64)
    #expect(output.standardError.hasPrefix("Error: \(summary)"), "\(output)")
    #expect(
      output.standardError.contains("Hint: ") && output.standardError.contains(hint), "\(output)")
    #expect(output.standardOutput.isEmpty)
  }

  @Test func helpFitsANarrowWindow() async throws {
    let environment = try await TestEnvironment()
    for command in ["undo", "rollback", "redo", "restore", "log", "diff", "show", "ops"] {
      let help = try await environment.shell(
        "script -qec 'stty cols 60; laforge help \(command)' /dev/null", adding: ["TERM": "xterm"])
      let lines = help.standardOutput.split(separator: "\r\n")
      #expect(lines.count > 5 && lines.allSatisfy { $0.count <= 60 }, "\(help)")
    }
    let table = try await environment.laforge(["help", "undo"]).standardOutput
    #expect(table.contains("  undo 7          goes      stays, refused       redo\n"))
  }

  @Test func insideTheGitDirectoryTheWayOutIsNamed() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.laforge(
      ["run", "true"], in: environment.repository.appending(".git/refs"))
    #expect(output.status == 125)
    #expect(
      output.standardError.contains("`cd \(environment.repository)` leads to the working tree."))
  }

  @Test func theVersionNamesItsLibraries() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.laforge(["--version"])
    let names = output.standardOutput.split(separator: "\n").map { $0.prefix { $0 != " " } }
    #expect(names == ["laforge", "git", "libgit2", "SQLite"])
    let git = try await environment.git("version").split(separator: " ")[2]
    #expect(output.standardOutput.contains("git \(git)\n"))
  }

  @Test(.needsFullDevice)
  func aFullDiskUnderTheListingIsAnError() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell("laforge run false; laforge log > /dev/full")
    #expect(output.status == 1)
    #expect(output.standardError.contains("No space left on device"))
  }

  @Test func anErrorOfJSONLinesIsOneLine() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.laforge(["log", "--jsonl", "-n", "x"])
    #expect(output.standardOutput.split(separator: "\n").count == 1)
    #expect(try output.json()["error"]?["code"] == "usage")
  }

  @Test func partOfAPipelineLeavesTheTerminalToTheOthers() async throws {
    let environment = try await TestEnvironment()
    // The command runs until the reader has read from the terminal, which would stop the reader if
    // the command had taken it.
    let script = """
      mkfifo "$TMPDIR/go"
      printf 'typed\\n' | script -qec 'laforge run sh -c "seq 3; read _ < $TMPDIR/go" | \
        { read -r one; read -r line < /dev/tty; echo "got $line"; echo > $TMPDIR/go; cat; }' /dev/null
      """
    let output = try await environment.shell(script)
    #expect(output.standardOutput.contains("got typed"), "\(output)")
  }

  @Test func inATerminalColoursAndTheClosingLineAppear() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      "script -qec 'laforge run sh -c \"test -t 1 && echo terminal; exit 3\"; laforge log' /dev/null",
      adding: ["TERM": "xterm"])
    // `script` may echo the end of its own input first.
    #expect(output.standardOutput.contains("terminal\r\n"))
    #expect(output.standardOutput.contains("S1 failed (exit 3), "))
    #expect(output.standardOutput.contains("\u{1B}[31mS1"))
    let plain = try await environment.shell(
      "script -qec 'laforge log' /dev/null", adding: ["TERM": "xterm", "NO_COLOR": "1"])
    #expect(!plain.standardOutput.contains("\u{1B}"))
  }
}
