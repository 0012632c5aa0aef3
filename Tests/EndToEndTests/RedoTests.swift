import LaForgeTestSupport
import Testing

/// Redo reverses what was undone last, and goes forward to a step at any time.
@Suite struct RedoTests {
  @Test func theStackIsTakenFromTheTopWhateverIsOnIt() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        for i in 1 2 3; do laforge run -q sh -c "echo $i > f$i; git add f$i; git commit -q -m $i"
          everything > ../s$i; done
        laforge undo > /dev/null; laforge rollback 1 > /dev/null; laforge undo > /dev/null; flags
        laforge redo > /dev/null; is s1; laforge redo > /dev/null; is s2; laforge redo > /dev/null; is s3
        laforge redo; echo $?; flags; laforge undo > /dev/null; is s2; laforge undo > /dev/null; is s1
        flags; laforge redo > /dev/null; is s2; laforge undo 1 | head -1; flags
        """)
    #expect(
      output == """
        (1) (2) (3)
        as s1
        as s2
        as s3
        Error: There is nothing to redo: what was undone last is redone already (O6).
        1
        1 2 3
        as s2
        as s1
        1 (2) (3)
        as s2
        Undid S1 and S2.
        (1) (2) (3)

        """, "\(output)")
  }

  @Test func whatWasDoneSinceTheUndoStaysAndThroughUndoOfTheRedo() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        echo 1 > a; git add a; git commit -q -m a; laforge run -q sh -c 'echo 2 > a; echo b > b; git add b'
        laforge undo > /dev/null; echo mine > mine; git add mine; echo more >> mine; git branch mine
        laforge redo | grep yours; git status --porcelain; echo again > again
        laforge undo | grep yours; git status --porcelain; cat mine again a | one; git branch | one
        """)
    #expect(
      output == """
          yours    mine, changed since the undo, is as you left it
         M a
        A  b
        AM mine
          yours    again, changed since the redo, is as you left it
        AM mine
        ?? again
        mine more again 1
        * main   mine

        """, "\(output)")
  }

  @Test func itRefusesWhereWorkSinceTheUndoMeetsTheStep() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        echo 1 > f; echo 1 > g; git add .; git commit -q -m base
        laforge run -q sh -c 'echo 2 > f; echo new > n; rm g; git add f'; laforge undo > /dev/null
        for change in 'echo me > f' 'echo me > f; git add f; echo 1 > f' 'echo me > n' 'echo me > g' \\
          'mkdir n; echo me > n/x' 'git commit -q --allow-empty -m me' 'git checkout -q -b me' \\
          'printf "n\\n" > .git/info/exclude; echo me > n'; do
          for redo in redo 'redo 1'; do
            cp -a . ../copy; eval "$change"; everything > ../now; cp n ../n 2> /dev/null
            laforge $redo &> ../out; echo "$? $(is now) $(grep -c 'Nothing was changed' ../out)"
            find . -mindepth 1 -delete; cp -a ../copy/. .; rm -r ../copy
          done
        done; laforge redo > /dev/null; git status --porcelain
        """)
    let refused = Array(repeating: "1 as now 1\n", count: 16).joined()
    #expect(output == refused + "M  f\n D g\n?? n\n", "\(output)")
  }

  @Test func aStepIsGoneForwardToAcrossBranchesOfHistory() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        for i in 1 2 3; do laforge run -q sh -c "echo $i > f$i"; done; laforge undo 2 > /dev/null
        laforge run -q sh -c 'echo 4 > f4; git add f4; git commit -q -m 4'; echo mine > mine
        echo staged > staged; git add staged; everything > ../four; laforge redo 3 | head -1; flags
        git log -1 --format=%s; git status --porcelain | one; laforge redo 2; echo $?
        laforge redo 4 | head -1; is four; flags; laforge undo > /dev/null; flags; ls | one
        laforge redo 9; echo $?; laforge redo x; echo $?
        """)
    #expect(
      output == """
        Redid S2 and S3; S4 is rolled back.
        1 2 3 (4)
        start
        A  staged ?? f1 ?? f2 ?? f3 ?? mine
        Error: S2 is not rolled back.
        Hint: `laforge rollback 2` goes back to exactly after it.
        1
        Redid S4 (sh: echo 4 > f4; git add f4; git commit -q -m 4); S2 and S3 are rolled back.
        as four
        1 (2) (3) 4
        1 2 3 (4)
        README.md f1 f2 f3 mine staged
        Error: There is no step S9.
        Hint: The latest step is S3. `laforge log --all` lists all.
        1
        Error: 'x' is not a step.
        Hint: A step is 7, S7, @ or @-3; `laforge log` lists them.
        64

        """, "\(output)")
  }

  @Test func whatWasRedoneByItsNumberIsNotRedoneAgain() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        for i in 1 2; do laforge run -q sh -c "echo $i > f$i; git add .; git commit -q -m $i"; done
        laforge undo 1 >/dev/null; laforge redo 1 >/dev/null; laforge | grep '^  redo' | sed 's/, [^,]*)$/, AGO)/'
        laforge redo 2 >/dev/null; laforge | grep '^  redo'; laforge redo; echo $?; laforge ops | grep -c 'can redo'
        laforge undo | tail -1; laforge redo | head -1; flags
        """)
    #expect(
      output == """
          redo      what O1 took back (undo S1 and S2, AGO)
          redo      nothing
        Error: There is nothing to redo: what was undone last is redone already (O3).
        1
        0
        Checked: the file is as before O3. `laforge redo` reverses it.
        Redid S2 (sh: echo 2 > f2; git add .; git commit -q -m 2).
        1 2

        """, "\(output)")
  }

  @Test func itGoesForwardStepByStepThroughRolledBackAncestors() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        for i in 1 2 3; do laforge run -q sh -c "echo $i > f$i; git add .; git commit -q -m $i"
          everything > ../s$i; done; laforge undo 1 > /dev/null; laforge run -q sh -c 'echo 4 > f4'
        laforge undo > /dev/null; flags; laforge redo 2 | head -1; is s2; flags
        laforge redo 3 | head -1; is s3; flags; laforge redo 3; echo $?; laforge undo 3 > /dev/null
        laforge undo 2 > /dev/null; is s1; laforge redo 3 | head -1; is s3; flags
        """)
    #expect(
      output == """
        (1) (2) (3) (4)
        Redid S1 and S2.
        as s2
        1 2 (3) (4)
        Redid S3 (sh: echo 3 > f3; git add .; git commit -q -m 3).
        as s3
        1 2 3 (4)
        Error: S3 is not rolled back.
        Hint: `laforge rollback 3` goes back to exactly after it.
        1
        as s1
        Redid S2 and S3.
        as s3
        1 2 3 (4)

        """, "\(output)")
  }

  @Test func aRunClearsTheStackARestoreDoesNot() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        laforge run -q sh -c 'echo x > x'; laforge undo > /dev/null; laforge redo > /dev/null
        laforge run -q true; laforge undo; echo $?; laforge undo 1 > /dev/null; laforge restore 1 > /dev/null
        rm x; laforge redo | head -1; laforge undo | head -1; laforge run -q false
        laforge redo | head -1; laforge undo; echo $?
        """)
    #expect(
      output == """
        Error: S2 changed nothing. The latest step that did is S1.
        Hint: `laforge undo 1`
        1
        Redid S1 and S2.
        Took back the redo of S1 and S2.
        Error: There is nothing to redo: S3 ran since the last undo.
        Hint: Rolled-back steps are kept: `laforge log --all`, then `laforge redo 2`.
        Error: S3 changed nothing.
        1

        """, "\(output)")
  }
}
