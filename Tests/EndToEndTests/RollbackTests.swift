import LaForgeTestSupport
import Testing

/// Rollback is exact, refuses for nobody's work, and loses none.
@Suite struct RollbackTests {
  @Test func everythingIsExactlyAsRightAfterTheStep() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        for f in a b c d; do echo $f > $f; done; git add .; git commit -q -m base
        git update-index --assume-unchanged c; git update-index --skip-worktree d; echo ita > ita
        git add -N ita; echo local >> c; echo local >> d; everything > ../start
        laforge run -q sh -c 'echo 1 > s1; git add s1; echo 2 >> s1; ln -s a link; chmod +x b; rm a'
        everything > ../first
        laforge run -q sh -c 'git add -A; git commit -q -m all; git update-index --no-assume-unchanged c
          git checkout -q -b z; echo x > x; git branch -f main; echo agent > c'
        everything > ../second; git branch -D -q main; git branch main HEAD~1; everything > ../mine
        laforge rollback 1 | head -1; is first; flags; laforge redo > /dev/null; is mine; flags
        laforge rollback --before 1 | head -1; git branch -D -q z; is start; flags
        laforge rollback 2 | head -1; git branch -f main; is second; laforge rollback | head -1; flags
        """)
    let lines = output.split(separator: "\n").map(String.init)
    // The branch that a step made stays, which is all that differs.
    #expect(lines.filter { $0.hasPrefix(">") || $0.hasPrefix("<") }.count == 1, "\(output)")
    #expect(lines.contains { $0.hasPrefix("> refs/heads/z ") })
    #expect(
      lines.filter { !$0.contains("refs/heads/z") && !$0.contains(/^[0-9]+a[0-9]+$/) } == [
        "Rolled back to exactly after S1; S2 is rolled back.", "1 (2)", "as mine", "1 2",
        "Rolled back to exactly before S1; S1 and S2 are rolled back.", "as start", "(1) (2)",
        "Rolled back to exactly after S2; S1 and S2 are active again.", "as second",
        "Rolled back to exactly before S2; S2 is rolled back.",
        "1 (2)",
      ], "\(output)")
  }

  @Test func thePersonsWorkOfEveryKindIsSetAsideAndReturned() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        echo 1 > f; git add f; git commit -q -m f; git branch other; git checkout -q other; echo o > f
        git commit -q -am o; git checkout -q main; laforge run -q sh -c 'echo m > f; echo made > made'
        everything > ../after; laforge undo > /dev/null; laforge redo > /dev/null
        git add f made; git commit -q -m mine; git merge other > /dev/null; echo more > staged
        git add staged; echo yet > staged; echo new > new; everything > ../work
        laforge rollback 1 | head -1; is after; laforge redo > /dev/null; is work
        git checkout -q -f -b topic; git clean -qfd; echo t > t; git add t; everything > ../topic
        laforge rollback > /dev/null; echo $?; cat f; ls; laforge restore O5 t | head -1; cat t; rm t
        laforge redo > /dev/null; is topic
        """)
    #expect(
      output == """
        Rolled back to exactly after S1.
        as after
        as work
        0
        1
        README.md
        f
        Restored 1 file as before O5.
        t
        as topic

        """, "\(output)")
  }

  @Test func whereNobodyWorkedSinceUndoAndRollbackMeet() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        echo mine > mine; echo staged > s; git add s
        laforge run -q sh -c 'mv mine moved; echo x > x; git add x; git commit -q -m x'
        laforge run -q sh -c 'git mv README.md READ; echo y >> x'; everything > ../after
        laforge undo 2 > /dev/null; everything > ../undone; laforge redo > /dev/null; is after
        laforge rollback > /dev/null; is undone; laforge redo > /dev/null; is after
        laforge rollback 1 > /dev/null; is undone; laforge redo > /dev/null
        laforge undo 1 > /dev/null; everything > ../start; laforge redo > /dev/null
        laforge rollback --before S1 > /dev/null; is start; git status --porcelain
        """)
    #expect(
      output == """
        as after
        as undone
        as after
        as undone
        as start
        A  s
        ?? mine

        """, "\(output)")
  }

  @Test func itGoesToAnyStepAlsoOneThatIsRolledBack() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        laforge run -q sh -c 'echo 1 > f1'; laforge run -q sh -c 'echo 2 > f2'; everything > ../two
        laforge undo > /dev/null; laforge run -q sh -c 'echo 3 > f3; git add f3; git commit -q -m 3'
        everything > ../three; echo mine > f1; laforge rollback 2 | head -1; is two; flags
        laforge redo > /dev/null; cat f1; flags; laforge rollback 3 > /dev/null; is three; flags
        laforge rollback 1 > /dev/null; flags; ls | one; laforge rollback 3 > /dev/null; is three
        laforge undo > /dev/null; flags; laforge rollback --before 3 | tail -1; laforge rollback 9; echo $?
        """)
    #expect(
      output == """
        Rolled back to exactly after S2; S3 is rolled back, S2 is active again.
        as two
        1 2 (3)
        mine
        1 (2) 3
        as three
        1 (2) 3
        1 (2) (3)
        README.md f1
        as three
        1 (2) (3)
        No file had to change. `laforge redo` reverses it.
        Error: There is no step S9.
        Hint: The latest step is S1. `laforge log --all` lists all.
        1

        """, "\(output)")
  }

  @Test func commitsOfThePersonThatLeaveAreKeptThroughEveryCollection() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        laforge run -q sh -c 'echo x > x'
        for i in 1 2 3; do echo $i > mine$i; git add mine$i; git commit -q -m "mine $i"; done
        git commit -q --amend -m amended; everything > ../work; laforge rollback | sed -n 3p | cut -d';' -f2
        git reflog expire --expire=now --all; git gc -q --prune=now; git fsck --strict --no-dangling
        git log --all --format=%s | one; laforge redo > /dev/null; is work; git log --format=%s | one
        """)
    #expect(
      output == """
         3 commits leave it and stay recorded
        start
        as work
        amended mine 2 mine 1 start

        """, "\(output)")
  }

  @Test func anIgnoredFileThatWasReplacedComesBackByRedo() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        laforge run -q sh -c 'echo agent > new'; laforge undo > /dev/null; echo new > .git/info/exclude
        echo mine > new; laforge rollback 1 | tail -1; cat new; laforge redo > /dev/null; echo $?; cat new
        """)
    #expect(output.hasSuffix("`laforge redo` reverses it.\nagent\n0\nmine\n"), "\(output)")
  }

  @Test func theFirstLineOfARedoThatReturnsOnlyWorkDoesNotSayNothing() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        laforge run -q sh -c 'echo x > x'; echo mine > mine; laforge rollback 1 > /dev/null
        laforge redo | head -1; cat mine
        """)
    #expect(!output.contains("nothing"), "\(output)")
  }
}
