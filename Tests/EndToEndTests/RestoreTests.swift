import LaForgeTestSupport
import Testing

/// Restore writes files and does nothing else.
@Suite struct RestoreTests {
  /// A repository with a step that changes, makes, moves and deletes files, undone.
  private static let step = """
    mkdir d; echo 1 > d/a; echo 1 > d/b; echo 1 > gone; git add .; git commit -q -m base
    laforge run -q sh -c 'echo 2 > d/a; echo 2 > d/b; rm gone; echo n > new; ln -s new link
      chmod +x README.md'
    laforge undo > /dev/null
    """

  @Test func withoutPathsItWritesWhatTheStepChangedAndDeletesNothing() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        \(Self.step)
        echo mine > mine; echo s > staged; git add staged; git branch b; git for-each-ref refs/heads > ../refs
        git ls-files -s > ../index; laforge restore 1 | head -1; git status --porcelain; ls gone
        git for-each-ref refs/heads | diff ../refs -; git ls-files -s | diff ../index -; flags
        laforge redo --dry-run | head -1; laforge restore 1; echo $?
        """)
    #expect(
      output == """
        Restored 5 files as after S1.
         M README.md
         M d/a
         M d/b
        A  staged
        ?? link
        ?? mine
        ?? new
        gone
        (1)
        Redo would bring back S1 (sh: echo 2 > d/a; echo 2 > d/b; rm gone; echo n…):
        Error: Cannot restore: the files are as they were already.
        Nothing was changed.
        1

        """, "\(output)")
  }

  @Test func pathsAndFoldersAreTakenFromWhereOneStandsAndMissingOnesAreErrors() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        \(Self.step)
        everything > ../now; for paths in gone nope 'new nope' ../x; do
          laforge restore 1 $paths &> ../out; echo "$? $(is now)"; grep -c -e '--before' ../out; done
        cd d; laforge restore 1 a | head -1; cat a b | one; laforge restore 1 ../new . | head -1; cat b ../new
        cd ..; laforge restore 1 d; echo $?; rm -r d gone; laforge restore 1 --before d gone | head -1
        cat d/a gone | one; laforge restore 7 d; echo $?; laforge restore 1 --before --lost; echo $?
        laforge restore O9; echo $?; laforge restore O1 --before; echo $?
        """)
    #expect(
      output == """
        1 as now
        1
        1 as now
        0
        1 as now
        0
        1 as now
        0
        Restored 1 file as after S1.
        2 1
        Restored 2 files as after S1.
        2
        n
        Error: Cannot restore: the files are as they were already.
        Nothing was changed.
        1
        Restored 3 files as before S1.
        1 1
        Error: There is no step S7.
        Hint: `laforge log --all` lists all.
        1
        Error: '--before' and '--lost' exclude each other.
        Hint: `laforge help restore` shows what there is.
        64
        Error: There is no operation O9 in this worktree.
        Hint: `laforge ops` lists them.
        1
        Error: 'O1' is an operation and stands for the state before it.
        Hint: Leave '--before' and '--lost' away.
        64

        """, "\(output)")
  }

  @Test func itIsReversedWithTheFilesThatItMadeAndAgain() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        \(Self.step)
        echo edited > d/a; git add d/a; echo twice > d/a; everything > ../before
        laforge restore 1 > /dev/null; everything > ../after; cat d/a; laforge ops | sed -n 2p | cut -c1-2
        echo later > later; laforge restore O2 | head -1; rm later; is before
        laforge restore O3 | head -1; is after; laforge restore O2 > /dev/null; is before
        laforge restore 1 d/a > /dev/null; laforge restore O6 d/a > /dev/null; cat d/a
        """)
    #expect(
      output == """
        2
        O2
        Restored 5 files as before O2.
        as before
        Restored 5 files as before O3.
        as after
        as before
        twice

        """, "\(output)")
  }

  @Test func anyOperationGivesBackWhatWasThereJustBeforeIt() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        laforge run -q sh -c 'echo 1 > f'; laforge run -q sh -c 'echo 2 > f; echo g > g'
        echo mine > mine; echo edit > f; laforge rollback 1 > /dev/null; cat f; ls mine
        laforge restore O1 f | head -1; cat f; laforge restore O1 mine g > /dev/null; cat mine g
        git status --porcelain; laforge diff O1 now | wc -l; flags; laforge restore O1 nope; echo $?
        """)
    #expect(
      output == """
        1
        ls: cannot access 'mine': No such file or directory
        Restored 1 file as before O1.
        edit
        mine
        g
        ?? f
        ?? g
        ?? mine
        0
        1 (2)
        Error: 'nope' is not in the state before O1.
        Nothing was changed.
        Hint: `laforge diff O1 now --stat` lists what differs from it.
        1

        """, "\(output)")
  }

  @Test func filesAreWrittenElsewhereAsTheyWere() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        \(Self.step)
        everything > ../now; laforge restore 1 --to ../out > /dev/null; is now; ls -R ../out | one
        readlink ../out/link; cat ../out/d/a; stat -c %a ../out/README.md; mkdir ../empty
        laforge restore 1 --before --to ../empty gone d/a; cat ../empty/gone ../empty/d/a | one
        laforge restore 1 --to ../none --dry-run; ls ../none; laforge ops | grep -c restore; is now
        """)
    #expect(
      output == """
        as now
        ../out: README.md d link new  ../out/d: a b
        new
        2
        755
        Wrote 2 files to '../empty'.
        1 1
        Would write 5 files to '../none'.
        ls: cannot access '../none': No such file or directory
        0
        as now

        """, "\(output)")
  }

  @Test func itNeverDestroysWhatStandsInThePlace() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        \(Self.step)
        mkdir new; echo mine > new/mine; everything > ../now; laforge restore 1 new; echo $?; is now
        laforge restore 1 &> ../out; echo $?; is now; rm -r new; rm -r d; echo mine > d
        everything > ../now; laforge restore 1 d/a &> ../out; echo $?; is now; rm d; git checkout -q .
        printf 'new\\n' > .git/info/exclude; echo ignored > new; laforge restore 1 new > /dev/null; cat new
        laforge restore O5 new > /dev/null; cat new
        """)
    #expect(
      output == """
        Error: Cannot restore: other files are in their place:
          new
        Nothing was changed.
        Hint: `laforge restore … --to FOLDER` writes the files elsewhere.
        1
        as now
        1
        as now
        1
        as now
        n
        ignored

        """, "\(output)")
  }

  @Test func aFolderThatHoldsSomethingIsRefused() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        \(Self.step)
        mkdir ../full; echo mine > ../full/new; laforge restore 1 --to ../full > /dev/null 2>&1; echo $?
        ls ../full; cat ../full/new
        """)
    #expect(output == "1\nnew\nmine\n", "\(output)")
  }

  @Test func aRestoreThatReplacedAnIgnoredFileIsReversed() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        laforge run -q sh -c 'echo agent > new'; laforge undo > /dev/null; echo new > .git/info/exclude
        echo mine > new; laforge restore 1 > /dev/null; cat new; laforge restore O2; echo $?; cat new
        """)
    #expect(output.hasPrefix("agent\n") && output.hasSuffix("0\nmine\n"), "\(output)")
  }
}
