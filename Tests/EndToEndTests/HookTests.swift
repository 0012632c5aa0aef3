import Foundation
import LaForgeTestSupport
import Testing

/// What the installed git hooks do when real git runs them.
@Suite struct HookTests {
  /// `step SCRIPT` records a script as a step; `trailers` prints those of HEAD without the store's id;
  /// `fates` prints what `show` says of a step's commits, ids replaced.
  private static let functions = """
    exec 2>&1
    step() { laforge run -q -- bash -c "$1"; }
    trailers() {
      git log -1 --format='%(trailers)' "$@" | sed -E 's/^(LaForge-Step: )[0-9a-f]{8}/\\1ID/; /^$/d'
    }
    fates() {
      laforge log --all --commits | sed -E 's/[0-9a-f]{7}/ID/g; s/ +/ /g'
    }
    export GIT_EDITOR=true
    laforge run -q true; laforge hooks install >/dev/null || echo 'not installed'
    """

  private func outcome(of script: String, objectFormat: String = "sha1") async throws -> String {
    let environment = try await TestEnvironment(objectFormat: objectFormat)
    return try await environment.shell("\(Self.functions)\n\(script)").standardOutput
  }

  // MARK: - The trailer

  @Test(arguments: [
    "echo 1 > f; git add f; git commit -qm new", "echo 1 >> README.md; git commit -qam new",
    "git commit -q --amend -m new", "git commit -q --amend --no-edit",
    "printf 'new\\n\\nbody\\n\\nReviewed-by: Ada\\n' > m; git commit -q --allow-empty -F m",
    "git checkout -q -b s HEAD; git commit -q --allow-empty -m s;"
      + " git checkout -q main; git commit -q --allow-empty -m m; git merge -q --no-ff --no-edit s",
    "git commit -q --allow-empty -v -e -m new", "git -C sub/folder commit -q --allow-empty -m new",
    "GIT_DIR=$PWD/.git GIT_WORK_TREE=$PWD git -C / commit -q --allow-empty -m new",
    "GIT_INDEX_FILE=$PWD/i git read-tree HEAD; GIT_INDEX_FILE=$PWD/i git commit -q --allow-empty -m x",
    "git commit -q --allow-empty -m 'a: b'; git commit -q --allow-empty --fixup HEAD",
    "git checkout -q -b x; git commit -q --allow-empty -m x; git checkout -q main;"
      + " git cherry-pick --allow-empty --edit x >/dev/null",
  ])
  func aCommitMadeInsideAStepNamesIt(_ script: String) async throws {
    let text = try await outcome(
      of: """
        mkdir -p sub/folder; echo a > a; git add a; git commit -qm a
        step \(quoted(script)); trailers | grep LaForge; laforge which HEAD | tail -1 | cut -c1-4
        """)
    #expect(text == "LaForge-Step: ID/2\n  S2\n")
  }

  @Test(arguments: [
    // `git am` and `git stash` call no commit-msg hook.
    "git format-patch -q -1 -o ../p HEAD; git reset -q --hard HEAD~1; GIT_COMMITTER_DATE=2026-11-24T12:00:00Z git am -q ../p/*",
    "git commit-tree -p HEAD -m x HEAD^{tree} | xargs git reset -q --hard",
    "git revert --no-edit HEAD >/dev/null",
    "echo 1 > f; git add f; git stash -q; git stash pop -q; git commit -q --no-verify -m x",
  ])
  func aCommitThatGitMakesWithoutTheHookIsFoundAtTheEnd(_ script: String) async throws {
    let text = try await outcome(
      of: """
        echo a > a; git add a; git commit -qm a; git branch keep
        step \(quoted(script)); trailers; laforge which HEAD | tail -1 | cut -c1-4
        """)
    #expect(text == "  S2\n")
  }

  @Test func aCommitInALinkedWorktreeOrASHA256RepositoryNamesItsStep() async throws {
    let script = """
      git worktree add -q ../w -b w; cd ../w
      step 'echo 1 > f; git add f; git commit -qm new'; trailers; laforge which HEAD | tail -1 | cut -c1-4
      """
    for format in ["sha1", "sha256"] {
      #expect(try await outcome(of: script, objectFormat: format) == "LaForge-Step: ID/2\n  S2\n")
    }
  }

  @Test func aSubmoduleHasHooksAndStepsOfItsOwn() async throws {
    let text = try await outcome(
      of: """
        git init -q ../lib; git -C ../lib commit -q --allow-empty -m lib
        git -c protocol.file.allow=always submodule --quiet add ../lib lib; cd lib
        laforge run -q true; laforge hooks install >/dev/null || echo 'not installed'
        step 'git commit -q --allow-empty -m inner; cd ..; git commit -qm outer'; trailers
        git commit -q --amend --allow-empty -m amended; fates; cd ..; trailers; fates
        """)
    #expect(
      text == "LaForge-Step: ID/2\nS2 ID, now ID amended\nThe steps made no commit.\n", "\(text)")
  }

  @Test func anAmendInALaterStepReplacesTheTrailer() async throws {
    let text = try await outcome(
      of: """
        step 'git commit -q --allow-empty -m one'
        step 'git commit -q --amend --allow-empty -m two -m "LaForge-Step: 11111111/2"'; trailers
        git commit -q --amend --allow-empty --no-edit; trailers
        """)
    #expect(text == "LaForge-Step: ID/3\nLaForge-Step: ID/3\n")
  }

  @Test func aMessageThatIsEditedDuringARebaseInAStepNamesItsStepToo() async throws {
    let text = try await outcome(
      of: """
        step 'echo 1 > f; git add f; git commit -qm one'
        step 'GIT_SEQUENCE_EDITOR="sed -i s/pick/reword/" git rebase -qi HEAD~1 >/dev/null'; trailers
        """)
    #expect(text == "LaForge-Step: ID/2\nLaForge-Step: ID/3\n")
  }

  @Test(arguments: [
    "git commit -q --allow-empty", "git commit -q --allow-empty -m ''",
    "git commit -q --allow-empty -s", "git commit -q --allow-empty -v",
    "git -c commit.template=$PWD/t commit -q --allow-empty",
    "git commit -q --allow-empty -t t", "git commit -q --allow-empty -st t",
    "mkdir s; cd s; git commit -q --allow-empty --template=../t",
    "git -c commit.cleanup=scissors commit -q --allow-empty",
    "git -c core.commentChar=';' commit -q --allow-empty",
  ])
  func anAbortedCommitStaysAborted(_ command: String) async throws {
    let text = try await outcome(
      of: """
        printf 'subject\\n\\n# what to write\\n' > t; before=$(git rev-parse HEAD)
        step \(quoted(command)) 2>&1 | grep -ci abort; [ $before = $(git rev-parse HEAD) ] && echo same
        """)
    #expect(text == "1\nsame\n")
  }

  @Test func theConfigurationSaysWhatTheTrailerHolds() async throws {
    let text = try await outcome(
      of: """
        commit='git commit -q --allow-empty -m x'
        git config laforge.trailer none; step "$commit"; trailers
        git config laforge.trailer agent; laforge run -q --model big -- bash -c "$commit"; trailers
        git config laforge.trailer full; step "$commit"; trailers
        """)
    #expect(
      text == """
        LaForge-Step: ID/3
        LaForge-Agent: bash
        LaForge-Model: big
        Warning: 'full' is no value of laforge.trailer; the commit gets the usual trailer.
        Hint: `git config laforge.trailer step`, or 'agent' or 'none'.
        LaForge-Step: ID/4

        """)
  }

  @Test func outsideAStepAndWithoutLaForgeNothingHappens() async throws {
    let text = try await outcome(
      of: """
        git commit -q --allow-empty -m x; trailers
        LAFORGE_STEP=1 LAFORGE_STORE=00000000 git commit -q --allow-empty -m x; trailers
        step 'PATH=/usr/bin:/bin git commit -q --allow-empty -m x'; trailers; ls .git/laforge/spool
        """)
    #expect(text.replacing("\n", with: "").hasSuffix("No such file or directory"), "\(text)")
    #expect(!text.contains("LaForge-Step"))
  }

  // MARK: - The record

  @Test func theCommitsOfARunningStepAreShown() async throws {
    let text = try await outcome(
      of: "step 'git commit -q --allow-empty -m x; laforge show 2' | grep -c '^  commits'")
    #expect(text == "1\n")
  }

  @Test func aBusyDatabaseIsNotWaitedFor() async throws {
    let text = try await outcome(
      of: """
        step 'sqlite3 .git/laforge/steps.db "BEGIN IMMEDIATE" \\
          ".system git commit -q --allow-empty -m x; git reset -q --hard HEAD~1" ROLLBACK
          ls .git/laforge/spool | cut -c1-9; git rev-parse ORIG_HEAD HEAD@{1} > ids'
        laforge which $(tail -1 ids) | tail -1 | cut -c1-4
        laforge run -q true; ls .git/laforge/spool; laforge which $(tail -1 ids) | tail -1 | cut -c1-4
        """)
    #expect(text == "committed\n  S2\n  S2\n")
  }

  @Test func aCommitThatTheStepItselfDropsIsStillKnown() async throws {
    let text = try await outcome(
      of: """
        step 'git commit -q --allow-empty -m x; git rev-parse HEAD > id; git reset -q --hard HEAD~1'
        laforge which $(cat id) | tail -1 | cut -c1-4; laforge show 2 --json | grep '"commits"'
        """)
    #expect(text == "  S2\n  \"commits\" : [],\n")
  }

  @Test func recordedCommitsPointAtWhatTheyBecame() async throws {
    let text = try await outcome(
      of: """
        for n in 1 2 3; do step "echo $n > f$n; git add f$n; git commit -qm c$n"; done
        git commit -q --amend -m c3b; fates; laforge which HEAD | tail -1 | cut -c1-4
        GIT_SEQUENCE_EDITOR="sed -i '2{h;d};3{s/pick/squash/;G}'" git rebase -qi HEAD~3
        git log --format=%s -3; fates; laforge run -q true; fates; laforge which HEAD | tail -2 | cut -c1-4
        """)
    let after = """
      S4 ID, now ID c1
      S3 ID, now ID c2
      S2 ID, now ID c1

      """
    #expect(text.contains("S4 ID, now ID c3b\nS3 ID c2\nS2 ID c1\n  S4\n"), "\(text)")
    #expect(text.components(separatedBy: after).count == 3, "\(text)")
  }

  /// The second commit of three is made anew in two; what is done with the second half decides.
  @Test(
    arguments: [
      ("git add b; git commit -qm b", "S2 ID, now ID and ID a"),
      // No part of what the step made, or not all of it.
      ("echo other > c; git add .; git commit -qm b", "S2 ID, now ID b"),
      ("git commit -q --allow-empty -m b; rm b", "S2 ID, now ID b"),
    ], ["sha1", "sha256"])
  func aCommitThatARebaseSplitsBecomesAllItsParts(
    _ half: (script: String, fate: String), _ format: String
  ) async throws {
    let text = try await outcome(
      of: """
        git commit -q --allow-empty -m first; git branch base; echo 0 > d; git add d; git commit -qm d
        step 'echo a > a; echo b > b; git add a b; git commit -qm both'
        echo 3 > e; git add e; git commit -qm e
        git checkout -q base; git commit -q --allow-empty -m upstream; git checkout -q -
        GIT_SEQUENCE_EDITOR="sed -i '2s/pick/edit/'" git rebase -q -i base 2>/dev/null
        git reset -q HEAD^; git add a; git commit -qm a; \(half.script)
        git rebase --continue 2>&1 | grep -v Success; git log --format=%s -5 | tr '\\n' ' '; fates
        laforge which HEAD~2 | tail -1 | cut -c1-4; laforge run -q true; fates
        """, objectFormat: format)
    #expect(text.contains("e b a d upstream"), "\(text)")
    #expect(text.components(separatedBy: half.fate).count == 3, "\(text)")
    let isSplit = half.fate.contains(" and ")
    #expect(text.split(separator: "\n").contains("  S2") == isSplit, "\(text)")
  }

  @Test func aPartThatIsSplitAgainBecomesItsParts() async throws {
    let text = try await outcome(
      of: """
        step 'for n in 1 2 3; do echo $n > f$n; done; git add .; git commit -qm all'
        edit() { GIT_SEQUENCE_EDITOR="sed -i '1s/pick/edit/'" git rebase -q -i $1 2>/dev/null; git reset -q HEAD^; }
        go() { git add $1; git commit -qm $1; git add .; git commit -qm rest >/dev/null; git rebase --continue 2>/dev/null >&2; }
        edit HEAD~1; git add f1 f2; git commit -qm two; go f3
        edit HEAD~2; go f1; git log --format=%s -3 | tr '\\n' ' '; fates; laforge run -q true; fates
        """)
    let fates = "S2 ID, now ID and ID and ID f1\n"
    #expect(text == "f3 rest f1 " + fates + fates, "\(text)")
  }

  @Test func aCommitThatWasRewrittenAndIsBackIsItself() async throws {
    let text = try await outcome(
      of: """
        step 'git commit -q --allow-empty -m one'; git commit -q --amend --allow-empty -m better; fates
        laforge rollback 2 >/dev/null; fates; git branch both HEAD@{1}; fates
        """)
    #expect(text == "S2 ID, now ID better\nS2 ID one\nS2 ID, now ID and ID one\n", "\(text)")
  }

  @Test func commitsOnNoBranchAreToldAndGoneOnesToo() async throws {
    let text = try await outcome(
      of: """
        step 'git commit -q --allow-empty -m x'; git reset -q --hard HEAD~1
        laforge show 2 | grep commits | sed -E 's/[0-9a-f]{7}/ID/'; fates
        """)
    #expect(text == "  commits   ID, on no branch\nS2 ID, on no branch x\n")
  }

  @Test func commitsThatGitDroppedAndAHeadWithoutACommitAreNoError() async throws {
    let text = try await outcome(
      of: """
        step 'git commit -q --allow-empty -m x'; laforge undo >/dev/null
        git reflog expire --expire=now --all; git gc -q --prune=now; fates
        git checkout -q --orphan new; fates; laforge show 2 | grep -c 'commits .* on no branch'
        """)
    #expect(text == "S2~ ID, on no branch\nS2~ ID, on no branch\n1\n")
  }

  /// Reading commands and hooks do not migrate the database of an older LaForge.
  @Test func anOlderDatabaseIsReadAndItsReferencesAreNotPushed() async throws {
    let text = try await outcome(
      of: """
        echo a > a; step 'git commit -q --allow-empty -m x'
        rm .git/laforge/record.jsonl
        sqlite3 .git/laforge/steps.db 'DROP TABLE begun_steps; DROP INDEX steps_with_effect;
          DROP TABLE record; ALTER TABLE steps DROP COLUMN agent_leads_group;
          DROP TABLE dropped_commits; DROP TABLE rewrites;
          DELETE FROM grdb_migrations WHERE identifier >= "6"; PRAGMA user_version = 5'
        fates; laforge show 2 | grep -c '^  commits'; laforge which HEAD | tail -1 | cut -c1-4
        git init -q --bare ../r; git push -q --mirror ../r 2>/dev/null; echo $?
        laforge run -q true; fates
        """)
    #expect(text == "S2 ID x\n1\n  S2\n1\nS2 ID x\n")
  }

  @Test func theTrailerOfAnotherCloneIsTold() async throws {
    let text = try await outcome(
      of: """
        step 'git commit -q --allow-empty -m x'; git clone -q . ../other; cd ../other
        laforge which HEAD | sed -E 's/[0-9a-f]{7,8}/ID/'; echo $?; laforge which HEAD~1 > /dev/null; echo $?
        """)
    #expect(text == "ID x\n  S2 of another clone (store ID), by its trailer\n0\n1\n")
  }

  // MARK: - Pushing

  @Test func ownReferencesAreNotPushed() async throws {
    let text = try await outcome(
      of: """
        echo a > a; laforge run -q true; git init -q --bare ../r
        git push -q --mirror ../r; echo $?; git push -q ../r main; echo $?; git -C ../r for-each-ref
        """)
    #expect(text.hasPrefix("Error: This push would publish LaForge's own references"), "\(text)")
    #expect(text.contains("\n1\n0\n") && !text.contains("refs/laforge"), "\(text)")
  }

  @Test func commitsOfRolledBackStepsArePointedOutAndRefusedOnWish() async throws {
    let text = try await outcome(
      of: """
        step 'git commit -q --allow-empty -m x'; git branch keep; laforge undo >/dev/null
        push() { git push -q ../r "$1" > ../out 2>&1; echo $?; sed -E 's/  [0-9a-f]{7}  /  /' ../out; }
        git init -q --bare ../r; git push -q ../r main; echo $?
        git config laforge.pushGuard refuse; push keep
        git config --unset laforge.pushGuard; push keep
        laforge redo >/dev/null; push keep:again
        """)
    #expect(
      text == """
        0
        1
        Error: This push would publish 1 commit of rolled-back steps:
          (S2)
        Nothing was pushed.
        Hint: `git push --no-verify` pushes all the same.
        error: failed to push some refs to '../r'
        0
        Warning: This push publishes 1 commit of rolled-back steps:
          (S2)
        Hint: `git config laforge.pushGuard refuse` would refuse it.
        0

        """)
  }

  private func quoted(_ script: String) -> String {
    "'" + script.replacing("'", with: "'\\''") + "'"
  }
}
