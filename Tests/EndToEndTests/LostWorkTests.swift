import LaForgeTestSupport
import Testing

/// What counts as lost, where it is told, and what brings it back.
@Suite struct LostWorkTests {
  /// Prints `path kind` for everything lost in the latest step.
  private static let lost = """
    lost() {
      laforge show --json | sed -n '/"lost" : \\[/,/^  \\]/p' | grep -oE '"(kind|path)" : "[^"]*' |
        cut -d'"' -f4 | paste -d' ' - - | one
    }
    """

  @Test func contentThatIsNowhereAnyMoreIsLost() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        \(Self.lost); for f in a b c d; do echo 1 > $f; done; git add .; git commit -q -m base
        echo dirty > a; echo staged > b; git add b; echo both > c; git add c; echo further > c
        echo new > new; echo added > added; git add added; rm d; everything > ../before
        laforge run -q sh -c 'git reset -q --hard; rm new'; lost
        laforge restore 1 --lost | head -1; git status --porcelain; cat a b c new added | one
        laforge undo 1 > /dev/null; git reset -q --hard; git clean -qfd; laforge rollback --before 1 > /dev/null
        is before
        """)
    #expect(
      output.hasSuffix(
        """
        reverted a deleted added reverted b reverted c deleted new
        Restored 5 files lost in S1.
         M a
         M b
         M c
        ?? added
        ?? new
        dirty staged further new added
        as before

        """), "\(output)")
  }

  @Test func contentThatIsAnywhereElseIsNotLost() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        \(Self.lost); fresh() { git stash clear; git checkout -q -f main; git clean -qfd; echo mine > mine
          echo mine too >> README.md; }
        fresh; laforge run -q sh -c 'git stash -q -u'; lost
        fresh; laforge run -q sh -c 'git checkout -q -b b; git add .; git commit -q -m b; git checkout -q main'
        lost; git branch -q -D b; fresh; laforge run -q sh -c 'mv mine moved; cp README.md copy; git checkout -q README.md'
        lost; fresh; laforge run -q sh -c 'git add .; rm mine'; lost; git reset -q; fresh
        laforge run -q sh -c 'git commit -q -am all; git add .; git commit -q -m more; rm mine'; lost
        git reset -q --hard HEAD~2; fresh; laforge run -q sh -c 'echo mine > .git/info/exclude'; lost
        """)
    #expect(output == "\n\n\n\n\n\n")
  }

  @Test func contentInCommitsAndStashesThatNothingNamesIsLost() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        \(Self.lost); fresh() { git checkout -q -f main; git reset -q --hard; git clean -qfd; echo $1 > mine
          echo $1 >> README.md; }
        fresh stash; laforge run sh -c 'git stash -q -u; git stash drop -q' 2>&1 | grep -c Warning; lost
        laforge restore @ --lost > /dev/null; cat mine; fresh reset
        laforge run -q sh -c 'git add .; git commit -q -m x; git reset -q --hard HEAD~1' 2> ../out; lost
        grep -c Warning ../out; fresh branch
        laforge run -q sh -c 'git checkout -q -b x; git add .; git commit -q -m x; git checkout -q main
          git branch -q -D x; git reflog expire --expire=now --all; git gc -q --prune=now' 2> ../out; lost
        laforge restore @ --lost > /dev/null; cat mine README.md | one; laforge show | grep -c ' lost '
        """)
    #expect(
      output == """
        1
        reverted README.md deleted mine
        stash
        reverted README.md deleted mine
        1
        reverted README.md deleted mine
        branch hello branch
        1

        """, "\(output)")
  }

  @Test func onlyThatIsWrittenAndItIsAnOperation() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        \(Self.lost); echo mine > mine; echo kept > kept; echo two > two; laforge run -q sh -c 'rm mine two
          echo agent > made; echo agent >> kept; git add kept; git commit -q -m agent' 2> /dev/null
        lost; everything > ../after; laforge restore 1 --lost --dry-run | sed -n 2p; is after
        laforge restore 1 --lost > /dev/null; git status --porcelain; cat kept | one; laforge restore 1 --lost; echo $?
        laforge restore O1 > /dev/null; is after; laforge restore 1 --lost two > /dev/null; ls | one
        laforge restore 1 --lost --to ../out > /dev/null; ls ../out | one
        laforge run -q true; laforge restore @ --lost; echo $?
        """)
    #expect(
      output == """
        deleted mine deleted two
          write    mine  two
        as after
        ?? made
        ?? mine
        ?? two
        kept agent
        Error: Cannot restore: the files are as they were already.
        Nothing was changed.
        1
        as after
        README.md kept made two
        mine two
        Error: Cannot restore: S2 destroyed no uncommitted work.
        Nothing was changed.
        1

        """, "\(output)")
  }

  @Test func whatTheHintPromisesComesBackAlsoWhereOnlyTheIndexHeldAFile() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        \(Self.lost); echo mine > mine; echo staged > staged; git add staged; rm staged
        laforge run -q sh -c 'rm mine; git rm -q --cached staged' 2> /dev/null; lost
        laforge restore 1 --lost > /dev/null; echo $?; cat mine staged
        """)
    #expect(output == "deleted mine deleted staged\n0\nmine\nstaged\n", "\(output)")
  }
}
