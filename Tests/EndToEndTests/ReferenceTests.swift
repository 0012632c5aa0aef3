import LaForgeTestSupport
import Testing

/// The current branch and HEAD follow the state; other references go back only where nobody has
/// moved them since.
@Suite struct ReferenceTests {
  @Test func whatTheStepMovedOrDeletedGoesBackUnlessSomebodyMovedItSince() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        git branch moved; git branch theirs; git tag light; git tag -a -m note heavy; git notes add -m note
        git branch packed; git branch taken; git update-ref refs/x/old HEAD; git pack-refs --all
        refs() { git for-each-ref --format='%(refname) %(objectname)' | grep -v refs/laforge; }; refs > ../before
        laforge run -q sh -c 'git commit -q --allow-empty -m c; for b in moved theirs; do git branch -f $b; done
          git tag -f light > /dev/null; git tag -d heavy > /dev/null; git notes add -f -m changed 2> /dev/null
          git branch -q -D packed taken; git update-ref refs/x/old HEAD; git tag made; git branch extra'
        git branch -q -f theirs "$(git commit-tree -m mine HEAD^{tree})"; git branch taken theirs
        laforge undo --dry-run &> ../plan; laforge undo &> ../done; grep -E '^  (ref|stays|main)' ../done
        grep -E '^  (ref|stays|main)' ../plan | diff - <(grep -E '^  (ref|stays|main)' ../done)
        refs | diff ../before - | grep '^[<>]' | cut -d' ' -f1,2; refs > ../undone
        laforge redo > /dev/null; git rev-parse HEAD moved light refs/x/old | uniq | wc -l
        laforge undo > /dev/null; refs | diff ../undone -
        """)
    let lines = output.split(separator: "\n").map(String.init)
    #expect(
      lines.filter { $0.hasPrefix("  ref") }.map {
        $0.split(separator: ">")[0].replacing(#/[0-9a-f]{7} /#, with: "")
      } == [
        "  ref      branch moved -", "  ref      branch packed -",
        "  ref      refs/notes/commits -",
        "  ref      tag heavy -", "  ref      tag light -", "  ref      refs/x/old -",
      ], "\(output)")
    #expect(
      lines.contains(
        "  stays    branch extra (made by S1), branch taken (moved since, or checked out elsewhere),"
          + " branch theirs (moved since, or checked out elsewhere) and tag made (made by S1)"),
      "\(output)")
    #expect(
      lines.filter { !$0.hasPrefix("  ") } == [
        "> refs/heads/extra", "< refs/heads/taken", "< refs/heads/theirs", "> refs/heads/taken",
        "> refs/heads/theirs", "> refs/tags/made", "1",
      ], "\(output)")
  }

  @Test func droppedStashEntriesAreStoredOnceInTheirOrder() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        for i in one two three; do echo $i > README.md; git stash -q -m $i; done; git stash list > ../before
        laforge run -q sh -c 'git stash drop -q; git stash drop -q; git gc -q --prune=now'
        laforge undo --dry-run | grep '  stash'; laforge undo | grep '  stash'; git stash list | diff ../before -
        laforge redo > /dev/null; git stash list | diff ../before -; laforge undo > /dev/null
        git stash list | diff ../before -; laforge run -q git stash clear; laforge rollback > /dev/null
        git stash list | diff ../before -; git stash pop -q 2> /dev/null; cat README.md
        laforge run -q sh -c 'git stash -q -m four'; laforge undo > /dev/null; git stash list | cut -d: -f3 | one
        cat README.md; git fsck --strict --no-dangling
        """)
    #expect(
      output == """
          stash    2 entries that had been dropped stored again
          stash    2 entries that had been dropped stored again
        three
         four  two  one
        three

        """, "\(output)")
  }

  @Test func headFollowsToTheBranchOrCommitOfTheState() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        git commit -q --allow-empty -m two; git checkout -q --detach HEAD~1; everything > ../detached
        laforge run -q sh -c 'git checkout -q main; git commit -q --allow-empty -m three'
        laforge run -q sh -c 'git checkout -q --detach HEAD~1; git branch -f main HEAD~1'; everything > ../last
        laforge undo | grep '^  HEAD' | cut -d' ' -f1-10; git log -1 --format=%s main; laforge undo > /dev/null
        is detached; laforge redo > /dev/null; laforge redo > /dev/null; is last
        git checkout -q main; git checkout -q --orphan fresh; git rm -q -r --cached .; everything > ../unborn
        laforge run -q sh -c 'git add .; git commit -q -m first; git branch other'; everything > ../born
        laforge undo > /dev/null; git branch -q -D other; is unborn; git branch other born 2> /dev/null
        laforge redo > /dev/null; git log -1 --format=%s; laforge rollback 2 > /dev/null; is last
        """)
    #expect(output.contains("  HEAD     detached "), "\(output)")
    #expect(
      output.contains("\nthree\nas detached\nas last\nas unborn\nfirst\n1a2\n> refs/heads/fresh "),
      "\(output)")
  }

  @Test func whatIsOnARemoteIsSaidAndTheRemoteBranchStays() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        git init -q --bare ../hub.git; git remote add origin ../hub.git; git push -q -u origin main
        laforge run -q sh -c 'echo x > x; git add x; git commit -q -m x; git push -q'; everything > ../after
        for c in undo rollback; do laforge $c | grep -c '`git pull` would fetch it'; git status -sb | head -1
          git log -1 --format=%s origin/main; laforge redo > /dev/null; is after; done
        laforge undo > /dev/null; git pull -q; is after
        """)
    #expect(
      output == """
        1
        ## main...origin/main [behind 1]
        x
        as after
        1
        ## main...origin/main [behind 1]
        x
        as after
        as after

        """, "\(output)")
  }

  @Test func aStashWhoseReflogAStepExpiredIsAsBefore() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        echo mine > README.md; git stash -q; git stash list > ../before
        laforge run -q git reflog expire --expire=now --all; git stash list | wc -l
        laforge undo > /dev/null; git stash list | diff ../before -
        """)
    #expect(output == "0\n", "\(output)")
  }
}
