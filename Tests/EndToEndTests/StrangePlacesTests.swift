import Foundation
import Glibc
import LaForgeTestSupport
import SystemPackage
import Testing

/// Where no record can be made, and where it cannot be finished.
@Suite struct StrangePlacesTests {
  @Test func outsideARepositoryTheCommandIsNotStarted() async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    let output = try await environment.laforge(["run", "--", "touch", "x y"])
    #expect(output.status == 125)
    #expect(
      output.standardError == """
        Error: '\(environment.repository)' is in no git repository, so nothing could be undone.
        'touch' was not started.
        Hint: `git init` makes one; `laforge run --best-effort -- touch 'x y'` goes without.

        """)
    #expect(
      try FileManager.default.contentsOfDirectory(
        atPath: environment.repository.string
      ).isEmpty)
    let log = try await environment.laforge(["log", "--json"])
    #expect(log.status == 1)
    #expect(try log.json()["error"]?["code"] == "no_repository")
  }

  @Test func bestEffortRunsTheCommandWithOneWarning() async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    let script = "exec 2>&1; laforge run --best-effort --record r.json sh -c 'echo ran; exit 5'"
    let output = try await environment.shell(script)
    #expect(output.status == 5)
    #expect(
      output.standardOutput == """
        Warning: '\(environment.repository)' is in no git repository, so nothing could be undone.
        'sh' runs without a record.
        ran

        """)
    #expect(
      try TestJSON(parsing: try environment.text(of: "r.json"))["error"]?["code"] == "no_repository"
    )
    try await environment.shell("git config --global laforge.bestEffort true")
    let configured = try await environment.laforge(["run", "true"])
    #expect(configured.status == 0)
    #expect(configured.standardError.hasPrefix("Warning: "))
  }

  @Test func switchedOffTheCommandRunsUntouched() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.laforge(
      ["run", "sh", "-c", "env | grep -c LAFORGE_; exit 4"], adding: ["LAFORGE": "off"])
    #expect(output.status == 4)
    #expect(output.standardOutput == "0\n")
    #expect(
      !FileManager.default.fileExists(
        atPath: environment.repository.appending(".git/laforge").string))
  }

  @Test(arguments: [
    ("git init -q --bare .", "bare_repository"),
    ("git init -q .; echo 1111111111111111111111111111111111111111 > .git/HEAD", "missing_commit"),
    ("git init -q .; : > .git/HEAD", "unreadable_repository"),
    (
      "git init -q .; git config core.repositoryFormatVersion 1; git config extensions.wonder true",
      "unsupported_extension"
    ),
    (
      "git init -q .; mkdir -p .git/laforge; echo nonsense > .git/laforge/steps.db",
      "damaged_database"
    ),
    (
      "git init -q .; mkdir -p .git/laforge; sqlite3 .git/laforge/steps.db 'PRAGMA user_version=9'",
      "newer_database"
    ),
    ("git init -q .; echo x > .git/laforge", "database_failed"),
  ])
  func aRepositoryThatCannotBeRecordedInSaysWhy(_ script: String, _ code: String) async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    try await environment.shell(script)
    let output = try await environment.laforge(["run", "--record", "../r.json", "touch", "ran"])
    #expect(output.status == 125)
    #expect(output.standardError.contains("'touch' was not started.\n"))
    #expect(output.standardError.split(separator: "\n").count <= 4)
    let record = try String(
      contentsOfFile: environment.root.appending("r.json").string, encoding: .utf8)
    #expect(try TestJSON(parsing: record)["error"]?["code"]?.string == code, "\(output)")
    #expect(
      !FileManager.default.fileExists(
        atPath: environment.repository.appending("ran").string))
    let effort = try await environment.laforge(["run", "--best-effort", "echo", "ran"])
    #expect(effort.standardOutput == "ran\n")
    #expect(effort.status == 0)
  }

  @Test func insideTheGitDirectoryItSaysSo() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.laforge(
      ["run", "true"], in: environment.repository.appending(".git/refs"))
    #expect(output.status == 125)
    #expect(output.standardError.contains("is inside the git directory"))
  }

  @Test(.needsRoot)
  func aRepositoryOfAnotherUserIsTrustedAsGitTrustsIt() async throws {
    let environment = try await TestEnvironment()
    try await environment.shell("chown -R 12345 .")
    let refused = try await environment.laforge(["run", "true"])
    #expect(refused.status == 125)
    #expect(refused.standardError.contains("belongs to another user"))
    #expect(refused.standardError.contains("git config --global --add safe.directory"))
    try await environment.shell("git config --global --add safe.directory '*'")
    #expect(try await environment.laforge(["run", "true"]).status == 0)
  }

  @Test func gitsOwnVariablesAreFollowed() async throws {
    let environment = try await TestEnvironment()
    let git = environment.repository.appending(".git").string
    let output = try await environment.laforge(
      ["run", "true"], in: environment.root,
      adding: ["GIT_DIR": git, "GIT_WORK_TREE": environment.repository.string])
    #expect(output.status == 0)
    let step = try await environment.laforge(["show", "--json"]).json()
    #expect(step["worktree"]?.string == environment.repository.string)
    #expect(step["branch_before"] == "refs/heads/main")
  }

  @Test func aDetachedHeadIsRecordedAsSuch() async throws {
    let environment = try await TestEnvironment()
    try await environment.git("checkout", "-q", "--detach")
    try await environment.laforge(["run", "git", "commit", "-q", "--allow-empty", "-m", "x"])
    let step = try await environment.laforge(["show", "--json"]).json()
    #expect(step["branch_before"] == nil as TestJSON)
    #expect(step["branch_after"] == nil as TestJSON)
    #expect(step["commits"]?.array.count == 1)
    #expect(
      try await environment.laforge(["show"]).standardOutput.contains("after     detached HEAD "))
  }

  @Test func aRepositoryThatTheCommandDeletedLeavesTheStatusAndTheRecord() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.laforge(["run", "sh", "-c", "rm -rf .git; exit 6"])
    #expect(output.status == 6)
    #expect(output.standardError.contains("could not be written into the step database"))
    let spool = environment.home.appending(".local/state/laforge/spool")
    let files = try FileManager.default.contentsOfDirectory(atPath: spool.string)
    #expect(files.count == 1)
    try await environment.shell("git init -q .; git commit -q --allow-empty -m again")
    try await environment.laforge(["run", "true"])
    let steps = try await environment.laforge(["log", "--all", "--json"]).json().array
    #expect(steps.map { $0["exit_code"] } == [0, 6])
    try await environment.laforge(["run", "true"])
    #expect(try await environment.laforge(["log", "--json"]).json().array.count == 3)
    #expect(try FileManager.default.contentsOfDirectory(atPath: spool.string).isEmpty)
  }

  @Test func aRecordThatFitsNowhereIsPrintedAsOneLine() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.laforge(
      ["run", "sh", "-c", "rm -rf .git; exit 6"],
      adding: ["HOME": "/proc/nowhere", "XDG_STATE_HOME": "/proc/nowhere"])
    #expect(output.status == 6)
    let line = output.standardError.split(separator: "\n").first { $0.hasPrefix("{") }
    let step = try TestJSON(parsing: String(try #require(line)))
    #expect(step["exit_code"] == 6)
    #expect(step["id"] == 1)
  }

  @Test func aDatabaseThatCannotBeWrittenAtTheEndIsSpooledBesideItAndTakenIn() async throws {
    let environment = try await TestEnvironment()
    let script = """
      laforge run true
      laforge run sh -c 'mv .git/laforge/steps.db .git/laforge/kept; exit 3' 2>/dev/null; echo $?
      mv .git/laforge/kept .git/laforge/steps.db
      laforge status | grep waiting; ls .git/laforge/spool
      laforge run true; ls .git/laforge/spool
      laforge show 2 --json | grep exit_code
      """
    let output = try await environment.shell(script)
    #expect(
      output.standardOutput == """
        3
          waiting   1 record that the next run takes into the database
        2.json
          "exit_code" : 3,

        """, "\(output)")
  }

  @Test(.needsMounting)
  func aReadOnlyDiskStillShowsTheSteps() async throws {
    let environment = try await TestEnvironment()
    try await environment.laforge(["run", "-m", "kept", "false"])
    let script = """
      mkdir "$TMPDIR/ro"; mount --bind "$PWD" "$TMPDIR/ro" && mount -o remount,ro,bind "$TMPDIR/ro"
      cd "$TMPDIR/ro"; laforge log | grep -c kept; laforge show 1 | head -1; laforge | grep latest
      laforge run touch x; echo $?
      cd /; umount "$TMPDIR/ro"
      """
    // A mount namespace of its own, so that nothing outlives the test.
    let output = try await environment.run(
      "/usr/bin/unshare", ["-m", "/bin/bash", "-c", script],
      adding: ["PATH": "\(TestEnvironment.products):/usr/bin:/bin:/usr/sbin:/sbin"])
    #expect(output.standardOutput.hasPrefix("1\nS1  failed, exit 1\n  latest    S1"), "\(output)")
    #expect(output.standardOutput.hasSuffix("125\n"), "\(output)")
    #expect(output.standardError.contains("read-only"), "\(output)")
  }

  @Test(.needsMounting)
  func aFullDiskAtTheStartIsToldAndTheCommandNotStarted() async throws {
    let environment = try await TestEnvironment()
    let script = """
      mount -t tmpfs -o size=800k none "$TMPDIR" && cd "$TMPDIR" && git init -q . &&
      git commit -q --allow-empty -m x && laforge run true && echo recorded
      dd if=/dev/zero of=fill bs=1k 2>/dev/null
      laforge run touch ran; echo $?; ls ran 2>/dev/null; rm fill
      laforge run sh -c 'dd if=/dev/zero of=fill bs=1k 2>/dev/null; exit 9'; echo $?; rm fill
      laforge run true; laforge log --jsonl | grep -o '"exit_code":[0-9]*'; cd /; umount "$TMPDIR"
      """
    let output = try await environment.run(
      "/usr/bin/unshare", ["-m", "/bin/bash", "-c", script],
      adding: ["PATH": "\(TestEnvironment.products):/usr/bin:/bin:/usr/sbin:/sbin"])
    #expect(output.standardOutput.hasPrefix("recorded\n125\n9\n"), "\(output)")
    #expect(output.standardError.contains("No space left on device"), "\(output)")
    #expect(
      output.standardOutput.hasSuffix("\"exit_code\":0\n\"exit_code\":9\n\"exit_code\":0\n"),
      "\(output)")
  }

  @Test(.needsMounting)
  func theBytesOfAFileComeBackWhereTheRepositoryLiesOnAnotherDisk() async throws {
    let environment = try await TestEnvironment()
    let script = """
      mount -t tmpfs none "$TMPDIR" && cd "$TMPDIR" && git init -q --separate-git-dir "$HOME/git" . &&
      echo '*.t text' > .gitattributes && git add . && git commit -q -m rules
      printf 'a\\r\\nb\\n' > x.t; laforge run -q rm x.t; laforge undo > /dev/null; echo $?
      od -An -c x.t; cd /; umount "$TMPDIR"
      """
    let output = try await environment.run(
      "/usr/bin/unshare", ["-m", "/bin/bash", "-c", script],
      adding: ["PATH": "\(TestEnvironment.products):/usr/bin:/bin:/usr/sbin:/sbin"])
    #expect(output.standardOutput == "0\n   a  \\r  \\n   b  \\n\n", "\(output)")
  }

  @Test func aDamagedDatabaseIsRebuiltBeforeTheRun() async throws {
    let environment = try await TestEnvironment()
    try await environment.laforge(["run", "true"])
    try await environment.shell(
      "git config laforge.bestEffort true; rm .git/laforge/steps.db-*; echo x > .git/laforge/steps.db"
    )
    let output = try await environment.laforge(["run", "echo", "ran"])
    #expect(output.standardOutput == "ran\n")
    #expect(output.standardError.hasPrefix("Warning: The step database"))
    let log = try await environment.laforge(["log"])
    #expect(log.standardOutput.contains("S1-S2"), "\(log)")
  }

  @Test func inAShallowCloneCommitsAndChangesAreRecorded() async throws {
    let environment = try await TestEnvironment()
    try await environment.shell(
      """
      for i in 1 2 3; do git commit -q --allow-empty -m $i; done
      git clone -q --depth 1 file://$PWD ../shallow
      """)
    let shallow = environment.root.appending("shallow")
    let script = "for i in 1 2; do echo $i >> x; git add x; git commit -qm new$i; done"
    let output = try await environment.laforge(["run", "sh", "-c", script], in: shallow)
    #expect(output.standardError.isEmpty)
    let step = try await environment.laforge(["show", "--json"], in: shallow).json()
    let made = try await environment.git("rev-list", "--reverse", "HEAD~2..HEAD", in: shallow)
    #expect(
      step["commits"]?.array.compactMap(\.string) == made.split(separator: "\n").map(String.init))
    #expect(step["insertions"] == 2)
  }
}
