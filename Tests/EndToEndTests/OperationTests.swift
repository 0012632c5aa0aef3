import Foundation
import LaForgeTestSupport
import SystemPackage
import Testing

/// What undo, rollback and redo do, sentence by sentence of the contract.
@Suite struct OperationTests {
  /// Runs a script and returns what it printed, standard error included.
  private func outcome(of script: String) async throws -> String {
    let environment = try await TestEnvironment()
    return try await environment.shell("exec 2>&1; \(script)").standardOutput
  }

  @Test func undoTakesTheStepOutAndKeepsWhatWasDoneSince() async throws {
    let output = try await outcome(
      of: """
        echo mine > before; laforge run -q sh -c 'echo agent >> README.md; echo x > made; rm before'
        echo later > later; echo staged > staged; git add staged
        laforge undo > /dev/null; cat README.md before later; ls; git status --porcelain
        """)
    #expect(
      output == """
        Warning: uncommitted work you had before S1 is no longer there: before is deleted.
        Hint: `laforge restore 1 --lost` brings back this file and nothing else.
        hello
        mine
        later
        README.md
        before
        later
        staged
        A  staged
        ?? before
        ?? later

        """)
  }

  @Test func undoRefusesWithTheNamesWhereWorkMeets() async throws {
    let output = try await outcome(
      of: """
        laforge run -q sh -c 'echo agent >> README.md; echo x > made'
        echo mine >> README.md; before=$(cat README.md made; git status --porcelain)
        laforge undo; echo $?; [ "$before" = "$(cat README.md made; git status --porcelain)" ]; echo $?
        """)
    #expect(output.contains("you edited 1 file since that S1 changed too:\n  README.md\n"))
    #expect(output.contains("Nothing was changed.\n"))
    #expect(output.hasSuffix("\n1\n0\n"))
  }

  @Test func indexAndFileAreJudgedApart() async throws {
    let output = try await outcome(
      of: """
        echo a > a; git add a; git commit -qm a
        laforge run -q sh -c 'echo agent >> a; git add a'
        cp a ../a; echo mine > a; git add a; cp ../a a; laforge undo; echo $?
        git add a; laforge undo > /dev/null; echo $?; git status --porcelain
        """)
    // What the person staged meets the step, although the file is as the step left it.
    #expect(output.contains("you edited 1 file since that S1 changed too:\n  a\n"))
    #expect(output.hasSuffix("1\n0\n"))
  }

  @Test func undoRefusesWhereHeadIsNotAsTheStepsLeftIt() async throws {
    let output = try await outcome(
      of: """
        laforge run -q sh -c 'echo agent > made'; git commit -q --allow-empty -m mine
        laforge undo; echo $?; git log -1 --format=%s; ls
        laforge rollback > /dev/null; echo $?; git log -1 --format=%s; ls
        laforge redo > /dev/null; echo $?; git log -1 --format=%s; ls
        """)
    #expect(output.contains("Cannot undo S1: HEAD is at main"))
    #expect(
      output.hasSuffix(
        "1\nmine\nREADME.md\nmade\n0\nstart\nREADME.md\n0\nmine\nREADME.md\nmade\n"))
  }

  @Test func rollbackIsExactAndSetsLaterWorkAside() async throws {
    let output = try await outcome(
      of: """
        laforge run -q sh -c 'echo one > one'; laforge run -q sh -c 'echo two > two'
        echo mine > mine; echo mine >> one; git add one
        laforge rollback 1 > /dev/null; ls; cat one; git status --porcelain
        laforge log --jsonl --all | grep -oE '"(active|id)":[a-z0-9]+' | paste -sd' '
        laforge restore O1 mine > /dev/null; cat mine
        rm mine; laforge redo > /dev/null; ls; cat one
        """)
    #expect(
      output == """
        README.md
        one
        one
        ?? one
        "active":false "id":2 "active":true "id":1
        mine
        README.md
        mine
        one
        two
        one
        mine

        """)
  }

  @Test func stepsGoAndComeTogether() async throws {
    let output = try await outcome(
      of: """
        for i in 1 2 3; do laforge run -q sh -c "echo $i > f$i; git add .; git commit -qm $i"; done
        laforge undo 2 | head -3; git log --format=%s | paste -sd' '; ls | paste -sd' '
        laforge redo | head -1; git log --format=%s | paste -sd' '
        laforge undo 2 > /dev/null; laforge redo 3 > /dev/null; git log --format=%s | paste -sd' '
        laforge log --jsonl | grep -c '"active":true'
        """)
    let lines = output.split(separator: "\n").map(String.init)
    #expect(lines.first == "Undid S2 and S3.")
    #expect(lines.contains("1 start") && lines.contains("README.md f1"))
    #expect(lines.contains("Redid S2 and S3."))
    #expect(lines.suffix(2) == ["3 2 1 start", "3"])
  }

  @Test func whatAStepChangedNothingIsSaid() async throws {
    let output = try await outcome(
      of: """
        laforge run -q sh -c 'echo x > made'; laforge run -q true
        laforge undo; echo $?; laforge undo 1 > /dev/null; echo $?; laforge undo 1; echo $?
        laforge redo 2>&1 > /dev/null; laforge redo; echo $?
        """)
    #expect(output.contains("S2 changed nothing. The latest step that did is S1."))
    #expect(output.contains("Hint: `laforge undo 1`"))
    #expect(output.contains("S1 is already rolled back (O1, "))
    #expect(output.contains("There is nothing to redo"))
  }

  @Test func undoTakesARedoBackAndARunClearsTheStack() async throws {
    let output = try await outcome(
      of: """
        laforge run -q sh -c 'echo x > made'
        laforge undo > /dev/null; laforge redo > /dev/null; laforge undo | head -1; ls
        laforge redo > /dev/null; ls | paste -sd' '; laforge undo > /dev/null
        laforge run -q true; laforge redo; echo $?; laforge redo 1 > /dev/null; ls | paste -sd' '
        """)
    #expect(output.hasPrefix("Took back the redo of S1 "))
    #expect(output.contains("\nREADME.md made\n"))
    #expect(output.contains("There is nothing to redo: S2 ran since"))
    #expect(output.hasSuffix("1\nREADME.md made\n"))
  }

  @Test func otherReferencesAndTheStashAreAsBefore() async throws {
    let output = try await outcome(
      of: """
        echo stashed > README.md; git stash -q; git branch old; git tag -a -m note noted
        git for-each-ref --format='%(refname) %(objectname)' > ../before
        laforge run -q sh -c 'git stash drop -q; git branch -D -q old; git tag -d noted > /dev/null
          git checkout -q -b new; echo x > x; git add x; git commit -qm x; git branch -f main new
          git reflog expire --expire=now --all; git gc -q --prune=now'
        laforge undo; git stash list | wc -l; git symbolic-ref HEAD
        git for-each-ref --format='%(refname) %(objectname)' | grep -v laforge > ../after
        diff ../before ../after
        git stash pop -q; cat README.md
        """)
    #expect(output.contains("\n1\nrefs/heads/main\n"))
    #expect(output.contains("stays    branch new"))
    let made = output.split(separator: "\n").filter { $0.hasPrefix(">") || $0.hasPrefix("<") }
    #expect(made.count == 1 && made[0].hasPrefix("> refs/heads/new "), "\(output)")
    #expect(output.hasSuffix("stashed\n"))
  }

  @Test func anUnchangedFileKeepsItsTimeAndAnEmptyOperationTouchesNothing() async throws {
    let output = try await outcome(
      of: """
        touch -d '2001-01-01 00:00:00' README.md; echo mine > mine; touch -d '2002-02-02' mine
        laforge run -q sh -c 'echo x > made'; laforge undo > /dev/null
        stat -c %y README.md mine | cut -c1-10
        laforge run -q true; laforge undo 2 > /dev/null; stat -c %y README.md mine | cut -c1-10
        laforge rollback 1 > /dev/null; laforge rollback 1 | tail -1
        """)
    #expect(
      output == """
        2001-01-01
        2002-02-02
        2001-01-01
        2002-02-02
        No file had to change. `laforge redo` reverses it.

        """)
  }

  @Test func thePlanIsWhatIsDone() async throws {
    let output = try await outcome(
      of: """
        git init -q --bare ../hub.git; git remote add origin ../hub.git
        echo a > a; git add a; git commit -qm a
        laforge run -q sh -c 'rm a; echo b > b; git add -A; git commit -qm b; git push -q origin main'
        echo mine > mine; git status --porcelain > ../status; laforge undo --dry-run; echo $?
        git status --porcelain | diff - ../status; git log -1 --format=%s
        laforge undo | sed -n 2,3p
        """)
    #expect(output.contains("  write    a\n  delete   b\n  keep     mine  (changed since S1)\n"))
    #expect(output.contains("is on origin/main; it stays there, `git pull` would fetch it"))
    #expect(output.contains("\n0\nb\n"))
    #expect(output.contains("  files    1 written, 1 deleted\n  main     "))
  }

  @Test func whileAStepRunsNothingIsTakenBack() async throws {
    let output = try await outcome(
      of: """
        mkfifo ../ready ../go; laforge run -q sh -c 'echo x > made'
        laforge run -q sh -c 'echo > ../ready; read _ < ../go; laforge undo; echo $?' & pid=$!
        await ../ready; for c in undo rollback redo; do laforge $c | head -1 | cut -c1-60; done
        notify ../go; wait $pid; ls made
        """)
    #expect(output.contains("Cannot undo: S2 is running since "))
    #expect(output.contains("Cannot roll back: S2 is running since "))
    #expect(output.contains("Cannot redo: S2 is running since "))
    #expect(
      output.contains("from inside S2: an agent cannot turn its own record back.\n"), "\(output)")
    #expect(output.hasSuffix("1\nmade\n"))
  }

  @Test func aStepOfAnotherWorktreeIsRefusedWithItsFolder() async throws {
    let output = try await outcome(
      of: """
        git worktree add -q ../side; laforge -C ../side run -q sh -c 'echo x > made'
        laforge run -q sh -c 'echo y > own'; laforge undo 1; laforge -C ../side undo > /dev/null
        ls ../side own; git for-each-ref refs/laforge --format='%(refname)'
        """)
    #expect(output.contains("S1 belongs to the worktree '"))
    #expect(output.contains("/side undo 1`"))
    #expect(output.hasSuffix("own\n\n../side:\nREADME.md\nrefs/laforge/keep\n"), "\(output)")
  }
}
