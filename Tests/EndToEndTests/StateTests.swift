import Foundation
import LaForgeTestSupport
import SystemPackage
import Testing

/// What is recorded of states, and that it stays.
@Suite struct StateTests {
  private func outcome(of script: String) async throws -> String {
    let environment = try await TestEnvironment()
    return try await environment.shell("exec 2>&1; \(script)").standardOutput
  }

  @Test func aCleanStateNeedsNothingAndAnEqualOneIsTheSame() async throws {
    let output = try await outcome(
      of: """
        laforge run -q true; git for-each-ref refs/laforge
        echo dirty > dirty; laforge run -q true; laforge run -q true
        laforge log --jsonl | grep -oE '"snapshot_(before|after)":[^,]*' | sort -u | wc -l
        git rev-parse refs/laforge/keep > ../keep; laforge run -q true
        git rev-parse refs/laforge/keep | diff - ../keep
        laforge log --jsonl | grep -oE '"state_(before|after)":"[a-z]*"' | sort | uniq -c | sort -n
        """)
    #expect(
      output == """
        4
              1 "state_after":"clean"
              1 "state_before":"clean"
              3 "state_after":"snapshot"
              3 "state_before":"snapshot"

        """)
  }

  @Test func oneReferenceKeepsEverythingThroughEveryCollection() async throws {
    let output = try await outcome(
      of: """
        echo mine > mine; git log --all --oneline | wc -l
        laforge run -q sh -c 'echo one > one; git add one; git commit -qm one; git commit -q --amend -m two
          git reset -q --hard HEAD~1; rm mine'
        laforge rollback > /dev/null; git reflog expire --expire=now --all; git gc -q --prune=now
        git fsck --strict --no-dangling; git log --all --oneline | wc -l
        git for-each-ref --format='%(refname)'; laforge redo > /dev/null; ls; laforge undo > /dev/null
        laforge show 1 --json | grep -c '"[0-9a-f]\\{40\\}"'; cat mine
        git update-ref -d refs/laforge/keep; laforge run -q true
        git for-each-ref refs/laforge --format='%(refname)'
        """)
    let lines = output.split(separator: "\n").map(String.init)
    #expect(lines.contains("refs/laforge/keep"))
    #expect(lines.filter { $0 == "1" }.count == 2, "\(output)")
    #expect(lines.suffix(2) == ["mine", "refs/laforge/keep"], "\(output)")
  }

  @Test func lostWorkIsToldListedAndBroughtBack() async throws {
    let output = try await outcome(
      of: """
        echo mine >> README.md; echo new > new; echo kept > kept
        laforge run sh -c 'git stash -q; git stash drop -q; rm new; mv kept moved; echo more > more'
        laforge show 1 | grep lost
        laforge restore 1 --lost | head -1; cat README.md new; ls kept; ls more moved
        laforge restore O1 > /dev/null; cat README.md; ls new
        """)
    #expect(
      output.contains("no longer there: new is deleted, your changes in README.md are gone.\n"))
    #expect(
      output.contains(
        "  lost      README.md (reverted) and new (deleted)  (`laforge restore 1 --lost`)\n"))
    #expect(output.contains("Restored 2 files lost in S1.\nhello\nmine\nnew\n"))
    #expect(output.contains("more\nmoved\nhello\n"))
    #expect(!output.contains("kept (") && output.hasSuffix("'new': No such file or directory\n"))
  }

  @Test func restoreWritesFilesAndNothingElse() async throws {
    let output = try await outcome(
      of: """
        mkdir d; echo 1 > d/a; echo 1 > b; git add .; git commit -qm files
        laforge run -q sh -c 'echo 2 > d/a; rm b; echo new > c'; laforge undo > /dev/null
        laforge restore 1 c > /dev/null; cat c; git status --porcelain
        laforge restore 1 b; echo $?; rm b; laforge restore 1 --before b | head -1
        cd d; laforge restore 1 a > /dev/null; cat a; cd ..; git diff --cached --stat
        laforge restore 1 --to ../out > /dev/null; ls -R ../out | paste -sd' '
        laforge restore src/x; echo $?
        """)
    #expect(output.contains("new\n?? c\n"))
    #expect(output.contains("'b' is not in the state after S1."))
    #expect(output.contains("Hint: `laforge restore 1 --before b`\n"))
    #expect(output.contains("Restored 1 file as before S1.\n2\n"))
    #expect(output.contains("../out: c d  ../out/d: a\n"))
    #expect(
      output.contains("'src/x' is not a step.\nHint: `laforge restore @ --before src/x`\n64\n"))
  }

  @Test func twoStatesAreComparedAsGitCompares() async throws {
    let output = try await outcome(
      of: """
        laforge run -q sh -c 'echo one > one'; laforge run -q sh -c 'echo two >> one; git add .'
        laforge diff 1 | tail -1; laforge diff | tail -1; laforge diff 1 2 --stat | tail -1
        echo three >> one; laforge diff 2 now | tail -1; laforge diff 2 now -- README.md
        laforge rollback 1 > /dev/null; laforge diff O1 now | tail -2; laforge diff 2 | tail -1
        """)
    #expect(
      output == """
        +one
        +two
         1 file changed, 1 insertion(+)
        +three
        -two
        -three
        +two

        """)
  }

  @Test func whatIsNotCoveredIsSaidOnceAndNeverTouched() async throws {
    let output = try await outcome(
      of: """
        git config laforge.maxFileSize 1k; head -c 2000 /dev/zero > big; echo '.env' > .gitignore
        echo s > .env; git init -q nested; echo n > nested/n; git add .gitignore; git commit -qm x
        laforge run -q sh -c 'echo x > made'; echo --; laforge run -q true; echo --
        git config --add laforge.include .env; laforge run -q sh -c 'echo t > .env; rm big nested/n'
        laforge rollback > /dev/null; cat .env; ls nested big made
        laforge show 1 --json | grep -c reason
        """)
    #expect(output.contains("Warning: S1 does not protect 3 paths"))
    #expect(output.contains("  big      2 KiB, over laforge.maxFileSize\n"))
    #expect(output.contains("  nested/  a repository of its own\nHint: "))
    #expect(
      output.contains(
        "  big\nHint: `laforge help limits` says what is covered.\ns\nls: cannot access 'big'"),
      "\(output)")
    #expect(output.contains("\nmade\n\nnested:\n"), "\(output)")
  }

  @Test func aRunThatWasKilledGetsTheStateThatIsFound() async throws {
    let output = try await outcome(
      of: """
        mkfifo ../ready; echo mine > mine
        laforge run sh -c 'rm mine; echo x > made; echo $$ > ../agent; echo > ../ready; exec sleep 600' &
        pid=$!; await ../ready; kill -9 $pid; wait $pid 2> /dev/null; agent=$(cat ../agent)
        kill -9 $agent; eventually "is_gone $agent"
        laforge run -q true; laforge show 1 --json | grep state_after
        git for-each-ref --format='%(refname)' refs/laforge; laforge undo 1 > /dev/null; ls
        """)
    #expect(
      output.hasSuffix(
        """
          "state_after" : "late",
        refs/laforge/keep
        README.md
        mine

        """), "\(output)")
  }

  @Test(.needsTracing)
  func whatWasBegunIsFinishedByTheNextCommand() async throws {
    let output = try await outcome(
      of: """
        laforge run -q sh -c 'echo x > made; echo y >> README.md'
        # Killed when its git has removed the file and the index is still the old one.
        setsid strace -f -qq -o /dev/null -e trace=rename \
          -e inject=rename:delay_enter=300000 laforge undo > /dev/null & pid=$!
        until ! [ -e made ] || is_gone $pid; do :; done; kill -KILL -- -$pid; wait $pid
        laforge ops | grep -c 'cut off'; laforge run true | head -1; cat README.md; ls
        laforge ops | grep -c 'cut off'; find .git -name '*.lock' -not -path '*laforge*'
        """)
    #expect(output.contains("\n1\nNote: Finished the undo S1 (O1), which had been cut off"))
    #expect(output.hasSuffix("hello\nREADME.md\n0\n"), "\(output)")
  }

  @Test func aLockInTheWayIsNamedAndNothingChanged() async throws {
    let output = try await outcome(
      of: """
        git config laforge.lockTimeout 0; laforge run -q sh -c 'echo x > made'
        touch .git/index.lock; laforge undo; echo $?; ls made; rm .git/index.lock
        laforge undo > /dev/null; echo $?
        """)
    #expect(output.contains("another git is at work in this repository ('"))
    #expect(output.contains("Nothing was changed.\n"))
    #expect(output.hasSuffix("1\nmade\n0\n"))
  }

  @Test(arguments: ["index", "HEAD", "refs/heads/gone", "refs/stash"])
  func aLockThatAKilledGitLeftIsFoundBeforeAnythingChanges(name: String) async throws {
    let output = try await outcome(
      of: """
        git config laforge.lockTimeout 0; git branch gone; echo x > f; git add f; git stash -q
        laforge run -q sh -c 'echo agent > made; git checkout -q -b other; git branch -qD gone
          git stash drop -q; touch .git/\(name).lock'
        laforge undo; echo $?; ls; git symbolic-ref HEAD
        laforge undo --remove-stale-lock > /dev/null; echo $?; ls; git symbolic-ref HEAD
        """)
    #expect(output.contains("It was made during S1, "))
    #expect(
      output.hasSuffix(
        "1\nREADME.md\nmade\nrefs/heads/other\n0\nREADME.md\nrefs/heads/main\n"))
  }

  @Test func anOperationInProgressComesBackWithEverythingItNames() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      exec 2> /dev/null
      git checkout -qb side; echo s1 > s; git add .; git commit -qm s1
      echo side > README.md; git commit -qam s2
      git checkout -q main; echo main > README.md; git commit -qam m
      git merge -q side > /dev/null; git branch -qD side
      purge() { git reflog expire --expire=now --all; git gc --prune=now -q; }
      laforge run -q sh -c 'git merge --abort; git reflog expire --expire=now --all
        git gc --prune=now -q'
      purge; laforge undo > /dev/null; echo $?; git status --porcelain
      git log --format=%s MERGE_HEAD | paste -sd' '; git fsck --no-dangling; echo $?
      """
    ).standardOutput
    #expect(output == "0\nUU README.md\nA  s\ns2 s1 start\n0\n")
  }

  @Test func aStepThatWasCutOffIsClosedInItsOwnWorktree() async throws {
    let output = try await outcome(
      of: """
        git worktree add -q ../side -b side; cd ../side
        (setsid laforge run -q sh -c 'echo x > made; kill -9 $PPID'; true) > /dev/null 2>&1
        laforge -C ../web run -q true; laforge undo --dry-run > /dev/null; echo $?
        laforge undo > /dev/null; echo $?; ls
        """)
    #expect(output == "0\n0\nREADME.md\n")
  }

  @Test func whatAStepOfAnotherWorktreeMovedAtTheSameTimeStays() async throws {
    let output = try await outcome(
      of: """
        git branch feature; git worktree add -q ../side -b side; mkfifo ../begun ../gate
        laforge run -q sh -c 'echo > ../begun; echo x > made; cat ../gate' > /dev/null &
        cat ../begun > /dev/null
        (cd ../side; laforge run -q sh -c 'git commit -q --allow-empty -m theirs
          git branch -qf feature')
        notify ../gate; wait; laforge undo | grep stays; ls; git log -1 --format=%s feature
        """)
    #expect(
      output
        == "  stays    branch feature (moved since, or checked out elsewhere)\nREADME.md\ntheirs\n")
  }
}
