import Foundation
import LaForgeTestSupport
import Testing

/// What the commands say, in the situations that people meet most.
@Suite struct TextsTests {
  /// Runs a script and returns what it printed, standard error included.
  private func outcome(of script: String) async throws -> String {
    let environment = try await TestEnvironment()
    return try await environment.shell("exec 2>&1; \(script)").standardOutput
  }

  /// The text holds each of these parts, in this order.
  private func expect(
    _ text: String, holds parts: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    var rest = text[...]
    for part in parts {
      guard let found = rest.range(of: part) else {
        Issue.record(
          "'\(part)' is not where it should be in\n\(text)", sourceLocation: sourceLocation)
        return
      }
      rest = rest[found.upperBound...]
    }
  }

  @Test func whatChangedInTheIndexAloneIsSaid() async throws {
    let text = try await outcome(
      of: """
        echo a > a; echo b > b; git add .; git commit -qm ab; echo 2 >> a; echo 2 >> b; git add b
        laforge run -v sh -c 'git add a; git reset -q b'; laforge show
        laforge undo --dry-run; laforge undo; laforge redo
        """)
    expect(
      text,
      holds: [
        "S1 ok, ", ": only the index or the like changed  (`laforge undo`)\n",
        "  changed   only the index or the like changed\n",
        "Undo would take out S1 (sh: ", "  index    staged as it was: b; no longer staged: a\n",
        "Saved first: everything as it is now; `laforge redo` will reverse it.\n",
        "Nothing was changed.\n", "Undid S1 (sh: ",
        "  index    staged as it was: b; no longer staged: a\n",
        "Checked: all of this is as before S1. `laforge redo` brings S1 back.\n",
        "Redid S1 (sh: ", "  index    staged as it was: a; no longer staged: b\n",
      ])
  }

  @Test func aMergeInProgressGoesAndComesBack() async throws {
    let text = try await outcome(
      of: """
        git checkout -qb x; echo x > c; git add c; git commit -qm x; git checkout -q main
        echo m > c; git add c; git commit -qm m; laforge run -q git merge x > /dev/null
        laforge; laforge undo; laforge redo
        """)
    expect(
      text,
      holds: [
        ", 1 file changed (1 in conflict); worktree ", "  index    no longer in conflict: c\n",
        "MERGE_HEAD", " gone from the git directory\n", "  index    in conflict again: c\n",
        " back in the git directory\n",
      ])
  }

  @Test func aLockIsNamedAndSoIsTheWayPastIt() async throws {
    let text = try await outcome(
      of: """
        git config laforge.lockTimeout 0; laforge run -q sh -c 'echo x > x'
        touch .git/index.lock; laforge undo; rm .git/index.lock
        laforge run -q sh -c 'sleep 0.1; touch .git/index.lock; sleep 0.1'; cd .git/..; laforge undo 1
        laforge undo 1 --remove-stale-lock > /dev/null; ls
        laforge run -q sh -c 'sleep 0.1; touch .git/index.lock; sleep 0.1'; laforge redo 1
        laforge redo --remove-stale-lock 1 | head -1
        """)
    expect(
      text,
      holds: [
        "Cannot undo S1: another git is at work in this repository ('.git/index.lock', made ",
        "Nothing was changed.\nHint: Let it finish and run `laforge undo` again.\n",
        "Cannot undo S1: '.git/index.lock' is in the way. It was made during S2, ",
        "Nothing was changed.\nHint: `laforge undo --remove-stale-lock 1`\n", "README.md\n",
        "Hint: `laforge redo --remove-stale-lock 1`\n", "Redid S1 (sh: ",
      ])
  }

  @Test func aLongPlanNamesSomeAndCountsTheRest() async throws {
    let text = try await outcome(
      of: """
        laforge run -q sh -c 'for i in $(seq 100 140); do echo $i > n$i; done'; laforge undo --dry-run
        """)
    expect(text, holds: ["  delete   n100  n101  ", "  n123  and 17 more: `--json`\n"])
  }

  @Test func whatStaysIsNamedWithItsReason() async throws {
    let text = try await outcome(
      of: """
        git branch old; echo mine >> README.md; git stash -q
        laforge run -q sh -c 'git stash drop -q; git branch -Dq old; git tag v1; git checkout -qb new
          echo x > x; git add x; git commit -qm x'
        laforge undo; echo later > later; laforge redo; git stash list | wc -l
        """)
    expect(
      text,
      holds: [
        "  HEAD     new ", " -> main ", "  ref      branch old -> ",
        "  stash    1 entry that had been dropped stored again\n",
        "  stays    branch new (made by S1) and tag v1 (made by S1)\n",
        "  HEAD     main ", " -> new ",
        "  yours    later, changed since the undo, is as you left it\n",
        "  stays    branch old (deleted by S1) and stash, 1 entry that had been dropped\n",
        "Checked: the file is as before O1. `laforge undo` takes it back again.\n", "1\n",
      ])
  }

  @Test func aBranchThatMovesBesidesHEADIsNamed() async throws {
    let text = try await outcome(
      of: """
        laforge run -q sh -c 'echo x > x; git add x; git commit -qm x; git checkout -qb new'
        git rev-parse --short main; git rev-parse --short main~; laforge undo | paste -sd' '
        """)
    let ids = text.split(separator: "\n").prefix(2)
    expect(
      text,
      holds: [
        "HEAD     new \(ids[0]) -> main \(ids[1])", "ref      branch main \(ids[0]) -> \(ids[1])",
        "stays    branch new (made by S1)",
      ])
  }

  @Test func aSubmoduleThatStaysAtAnotherCommitIsNamed() async throws {
    let text = try await outcome(
      of: """
        git init -q ../lib; git -C ../lib commit -q --allow-empty -m start
        git -c protocol.file.allow=always submodule -q add ../lib lib; git commit -qm sub
        laforge run -q sh -c 'git -C lib commit -q --allow-empty -m in; git commit -qam bump'
        laforge undo --dry-run | grep outside; laforge undo | grep -E 'outside|Checked'
        git submodule -q update; git status --porcelain; laforge redo >/dev/null; git submodule -q update
        laforge run -q git -C lib checkout -q HEAD~1; laforge undo | grep -E 'outside|Checked'
        """)
    let row = "  outside  lib (submodule at another commit): not touched"
    expect(
      text,
      holds: [
        row + "\n",
        row + ", `git submodule update` moves it\n"
          + "Checked: all else is as before S1. `laforge redo` brings S1 back.\n",
        row + ", `git submodule update` moves it\n"
          + "Checked: all else is as before S2. `laforge redo` brings S2 back.\n",
      ])
    #expect(!text.contains(" M lib"), "\(text)")
  }

  @Test func workOfOnesOwnBetweenTwoStepsIsNamed() async throws {
    let text = try await outcome(
      of: """
        echo 0 > a; git add a; git commit -qm a; laforge run -q sh -c 'echo 1 >> a'
        echo mine >> a; git commit -qam mine; laforge run -q sh -c 'echo 2 >> a'
        git rev-parse --short HEAD; laforge undo 1 --dry-run; laforge undo 1
        """)
    let id = text.prefix(7)
    let rows = [
      "  goes     what you edited between the steps in a; it is kept in the operation\n",
      "  goes     \(id), made by none of these steps, leaves main and stays recorded\n",
    ]
    expect(text, holds: ["Undo would take out S1 and S2:\n"] + rows + ["Undid S1 and S2.\n"] + rows)
  }

  @Test func aRefusedRedoSaysWhyAndWhatElseThereIs() async throws {
    let text = try await outcome(
      of: """
        laforge run -q sh -c 'echo x > x'; laforge redo
        laforge undo > /dev/null; echo mine > x; laforge redo; rm x
        laforge redo > /dev/null; laforge redo
        laforge undo > /dev/null; laforge run -q sh -c 'echo y > y'; laforge redo; laforge redo 9
        """)
    expect(
      text,
      holds: [
        "There is nothing to redo: nothing was undone.\n",
        "Cannot redo: you edited 1 file since that S1 changed too:\n  x\nNothing was changed.\n",
        "Hint: `laforge rollback 1` goes to exactly after S1 and sets your work aside "
          + "(`laforge redo` returns it); `laforge restore 1 FILE` takes single files.\n",
        "There is nothing to redo: what was undone last is redone already (O3).\n",
        "There is nothing to redo: S2 ran since the last undo.\n",
        "then `laforge redo 1`.\n", "There is no step S9.\n",
        "Hint: The latest step is S2. `laforge log --all` lists all.\n",
      ])
  }

  @Test func whereEveryStepIsRolledBackThatIsSaid() async throws {
    let text = try await outcome(
      of: """
        laforge run -q sh -c 'echo x > x'; laforge undo > /dev/null
        for c in show diff 'diff @ now' 'restore @ x' undo log; do laforge $c; done
        """)
    let said = "Error: Every step of this worktree is rolled back.\n"
    let hint = "Hint: `laforge log --all` lists them; the latest is S1.\n"
    expect(
      text,
      holds: Array(repeating: [said, hint], count: 4).flatMap { $0 } + [
        "There is no step to go back from in this worktree.\n", "All steps of this worktree are",
      ])
  }

  @Test func aRollbackSaysWhatGoesAndWhatComes() async throws {
    let text = try await outcome(
      of: """
        for i in 1 2 3; do laforge run -q sh -c "echo $i > f$i"; done
        laforge rollback 1; laforge rollback 3; laforge redo; laforge ops; laforge undo
        """)
    expect(
      text,
      holds: [
        "Rolled back to exactly after S1; S2 and S3 are rolled back.\n",
        "Checked: all 2 files are as after S1. `laforge redo` reverses it.\n",
        "Rolled back to exactly after S3; S2 and S3 are active again.\n",
        "Reversed O2 (rollback to S3); S2 and S3 are rolled back.\n",
        "STATE     WHAT\n", "can undo  reverses O2 (rollback to S3)\n", "reversed  to S3\n",
        "can redo  to S1\n", "Took back the redo O3; S2 and S3 are active again.\n",
        "Checked: all 2 files are as before O3. `laforge redo` reverses it.\n",
      ])
  }

  @Test func theStatusSaysWhatUndoWouldDo() async throws {
    let text = try await outcome(
      of: """
        laforge run -q sh -c 'echo x > x; echo y >> README.md'; echo mine > mine; laforge
        echo more >> x; laforge; git commit -qm mine --allow-empty; laforge; laforge rollback > /dev/null
        laforge; laforge redo > /dev/null; laforge; laforge run -q true; laforge
        touch .env .env2; echo '.env*' > .gitignore; laforge; laforge undo 1 --dry-run
        """)
    expect(
      text,
      holds: [
        "; since then you: 1 file\n  undo      S1, keeping your 1 file\n",
        "  undo      S1: refused, you edited 1 file that it changed too (`laforge rollback`)\n",
        "  undo      S1: refused, HEAD has moved since (`laforge rollback`)\n",
        "  latest    none: every step is rolled back (`laforge log --all`)\n  undo      nothing\n",
        "  redo      what O1 took back (rollback to before S1, ",
        "  undo      the redo of S1 (O2)",
        "  undo      nothing: S2 changed nothing (`laforge undo 1`)\n",
        "  covered   all but 2: .env, .env2 (ignored)\n",
        "  outside  .env, .env2 (ignored): not touched\n",
      ])
  }

  @Test func lostWorkIsNamedAsFarAsItCanBeRead() async throws {
    let text = try await outcome(
      of: """
        for i in 10 11 12 13 14 15 16 17 18 19; do echo $i > n$i; done
        laforge run -q sh -c 'rm n*'; laforge show
        """)
    expect(
      text,
      holds: [
        "no longer there: n10, n11, n12, n13, n14, n15, n16, n17 and 2 more are deleted.\n",
        "brings back these 10 files and nothing else.\n",
        "  lost      n10 (deleted), n11 (deleted), n12 (deleted), n13 (deleted), n14 (deleted), "
          + "n15 (deleted) and 4 more  (`laforge restore 1 --lost`)\n",
      ])
  }

  @Test func whatTheUserDoesNextIsSaid() async throws {
    let text = try await outcome(
      of: """
        mkdir web; echo 1 > web/package-lock.json; git add .; git commit -qm web
        laforge run -q sh -c 'echo 2 > web/package-lock.json; mkdir made; echo x > made/x'
        cd made; laforge undo; cd ..; pwd
        """)
    expect(
      text,
      holds: [
        "web/package-lock.json changed: run `npm ci` in 'web'\n",
        "Note: The folder you are in no longer exists: `cd /",
      ])
  }

  @Test func withoutATerminalAMessageIsOneLine() async throws {
    let environment = try await TestEnvironment()
    let narrow = ["COLUMNS": "40", "TERM": "xterm"]
    try await environment.laforge(["run", "sh", "-c", "echo x > x"])
    try await environment.shell("echo mine > x")
    let piped = try await environment.laforge(["undo"], adding: narrow)
    #expect(piped.standardError.split(separator: "\n").count == 4)
    let terminal = try await environment.shell(
      "script -qec 'laforge undo' /dev/null", adding: narrow)
    let lines = terminal.standardOutput.split(separator: "\r\n")
    #expect(lines.allSatisfy { $0.count <= 40 } && lines.count > 6, "\(terminal)")
  }
}
