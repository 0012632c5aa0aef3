import LaForgeTestSupport
import Testing

/// Worktrees share the numbers, not the line of work.
@Suite struct WorktreeTests {
  /// Steps 1 and 3 in the repository, 2 and 4 in a worktree beside it.
  private static let interleaved = """
    git worktree add -q ../side; side() { laforge -C ../side "$@"; }
    laforge run -q sh -c 'echo 1 > m1'; side run -q sh -c 'echo 2 > s2'
    laforge run -q sh -c 'echo 3 > m3'; side run -q sh -c 'echo 4 > s4'
    """

  @Test func latestLaterAndTheStackAreThoseOfOneWorktree() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        \(Self.interleaved)
        laforge undo | head -1; laforge undo 1 | head -1; side undo @- | head -1; ls . ../side | one
        side run -q true; laforge redo | head -1; laforge redo | head -1; ls . ../side | one
        side redo | head -1; side redo 4 | head -1; flags; side log --jsonl | grep -c active.:true
        laforge rollback --before 1 | head -1; ls . ../side | one; laforge log | wc -l; side ops | wc -l
        """)
    #expect(
      output == """
        Undid S3 (sh: echo 3 > m3).
        Undid S1 (sh: echo 1 > m1).
        Undid S2 and S4.
        .: README.md  ../side: README.md
        Redid S1 (sh: echo 1 > m1).
        Redid S3 (sh: echo 3 > m3).
        .: README.md m1 m3  ../side: README.md
        Error: There is nothing to redo: S5 ran since the last undo.
        Hint: Rolled-back steps are kept: `laforge log --all`, then `laforge redo 4`.
        Redid S2 and S4; S5 is rolled back.
        1 3
        2
        Rolled back to exactly before S1; S1 and S3 are rolled back.
        .: README.md  ../side: README.md s2 s4
        1
        3

        """, "\(output)")
  }

  @Test func aStepOfAnotherIsRefusedWithTheCommandToUseThere() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        \(Self.interleaved)
        everything > ../now; for c in undo rollback 'rollback --before' redo; do for dry in '' --dry-run; do
          laforge $c 2 $dry &> ../out; echo $? $(is now); grep -o "/side'.*" ../out
          hint=$(grep -o '`.*`' ../out | tr -d '`'); echo "${hint#*/}" | sed 's:.*/::'
        done; done; eval "$hint"; echo $?; laforge undo 2 &> ../out; eval "$(grep -o '`.*`' ../out | tr -d '`')" | head -1
        ls ../side | one
        """)
    let refusals = [
      "undo 2", "undo 2", "rollback 2", "rollback 2", "rollback --before 2", "rollback --before 2",
      "redo 2", "redo 2",
    ].map { "1 as now\n/side'.\nside \($0)\n" }.joined()
    #expect(
      output == refusals
        + """
        Error: S2 is not rolled back.
        Hint: `laforge rollback 2` goes back to exactly after it.
        1
        Undid S2 and S4.
        README.md

        """, "\(output)")
  }

  @Test func aBranchThatIsDeletedWithItsWorktreeComesBack() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        git worktree add -q -b topic ../side; git -C ../side commit -q --allow-empty -m only
        git rev-parse topic > ../id
        laforge run -q sh -c 'git worktree remove ../side; git branch -q -D topic'; laforge show | grep refs
        git reflog expire --expire=now --all; git gc -q --prune=now
        laforge undo | head -1; git rev-parse topic | diff - ../id; laforge redo | head -1; git branch
        """)
    #expect(
      output == """
          refs      deleted refs/heads/topic
        Undid S1 (sh: git worktree remove ../side; git branch -q …).
        Redid S1 (sh: git worktree remove ../side; git branch -q …).
        * main
          topic

        """, "\(output)")
  }

  @Test(arguments: ["branch -m foo bar", "checkout -q --detach"])
  func aBranchThatItsWorktreeRenamesOrLeavesIsItsOwn(_ command: String) async throws {
    let output = try await RecordedScript.outcome(
      of: """
        git worktree add -q -b foo ../side; git -C ../side commit -q --allow-empty -m only
        laforge run -q sh -c 'git -C ../side \(command); git branch -q -D foo 2>/dev/null'
        laforge show | grep -c refs; laforge undo 2>&1 | head -1; git branch --list foo
        """)
    #expect(output == "0\nError: S1 changed nothing.\n", "\(output)")
  }

  @Test func aBranchThatAnotherHasCheckedOutIsLeftAlone() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        git branch topic; laforge run -q sh -c 'git checkout -q -b new; echo x > x; git add x; git commit -q -m x
          git branch -f topic'
        git worktree add -q ../side topic; git -C ../side status --porcelain | wc -l
        laforge undo | grep stays; git rev-parse topic new | uniq | wc -l; git -C ../side status --porcelain
        git symbolic-ref HEAD; git -C ../side checkout -q new; everything > ../now
        laforge redo; echo $?; is now; laforge rollback 1; echo $?; is now; laforge redo 1 --dry-run &> ../out; echo $?
        git -C ../side checkout -q --detach; laforge redo | head -1; git symbolic-ref HEAD
        """)
    #expect(output.hasPrefix("0\n  stays    "), "\(output)")
    #expect(output.contains("branch topic"))
    #expect(
      output.contains(
        """
        1
        refs/heads/main
        Error: Cannot redo: 'refs/heads/new' is checked out in another worktree.
        Nothing was changed.
        Hint: `git worktree list` shows where.
        1
        as now
        Error: Cannot roll back: 'refs/heads/new' is checked out in another worktree.
        Nothing was changed.
        Hint: `git worktree list` shows where.
        1
        as now
        1
        Redid S1
        """), "\(output)")
    #expect(output.hasSuffix("\nrefs/heads/new\n"))
  }

  @Test func aStepInOneMayRunWhileAnotherIsTakenBack() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        \(Self.interleaved); mkfifo ../ready ../go
        side run -q sh -c 'echo 5 > s5; echo > ../ready; read _ < ../go; git add .; git commit -q -m s' & pid=$!
        await ../ready; laforge undo 1 | head -1; laforge rollback 3 | head -1; laforge redo > /dev/null
        ls | one; laforge redo | head -1; notify ../go; wait $pid; side undo 2 | head -1; ls ../side | one; git worktree remove --force ../side
        laforge undo 2; echo $?; laforge restore 2 --to ../out | cut -d' ' -f1-3; cat ../out/s2
        """)
    #expect(
      output.hasPrefix(
        """
        Undid S1 and S3.
        Rolled back to exactly after S3; S1 and S3 are active again.
        README.md
        Redid S1 and S3.
        Undid S2, S4 and S5.
        README.md
        Error: S2 belongs to the worktree '
        """), "\(output)")
    #expect(output.hasSuffix("\n1\nWrote 1 file\n2\n"))
  }
}
