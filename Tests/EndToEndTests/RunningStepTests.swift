import LaForgeTestSupport
import Testing

/// Operations while steps run, steps within steps, and steps at the same time.
@Suite struct RunningStepTests {
  @Test func nothingMovesWhileAStepRunsButFilesMayBeRestored() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        mkfifo ../ready ../go; laforge run -q sh -c 'echo x > made'; laforge undo > /dev/null
        laforge run -q sh -c 'echo y > y; echo > ../ready; read _ < ../go' & pid=$!; await ../ready
        everything > ../now
        for c in undo 'undo 1' rollback 'rollback 1' 'rollback --before 1' redo 'redo 1'; do
          for dry in '' --dry-run; do
            laforge $c $dry &> ../out; echo "$? $(grep -c 'S2 is running since .*, pid [0-9]' ../out)" \\
              "$(grep -c '^Nothing was changed.$' ../out) $(is now)"
          done
        done; laforge restore 1 | head -1; cat made; notify ../go; wait $pid; flags
        """)
    let refused = Array(repeating: "1 1 1 as now\n", count: 14).joined()
    #expect(output == refused + "Restored 1 file as after S1.\nx\n(1) 2\n", "\(output)")
  }

  @Test func aLiveAgentOfADeadLaForgeStillCounts() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        mkfifo ../ready; laforge run -q sh -c 'echo x > made'
        laforge run -q sh -c 'echo $$ > ../agent; echo > ../ready; exec sleep 600' & pid=$!
        await ../ready; kill -9 $pid; wait $pid 2> /dev/null
        for c in undo rollback redo 'undo 1'; do laforge $c &> ../out; echo "$? $(grep -c S2 ../out)"; done
        agent=$(cat ../agent); kill -9 $agent; eventually "is_gone $agent"
        laforge undo 1 | head -1; ls; flags
        """)
    #expect(output == "1 1\n1 1\n1 1\n1 1\nUndid S1 and S2.\nREADME.md\n(1) (2)\n", "\(output)")
  }

  @Test func anAgentCannotTurnItsOwnRecordBack() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        laforge run -q sh -c 'echo x > made'; laforge undo > /dev/null; laforge ops --json | grep id > ../ops
        laforge run -q sh -c 'for c in undo "undo 1" rollback "rollback 1" redo "redo 1" "restore 1" \\
          "restore 1 --to ../out" "-C . undo"; do laforge $c > ../message 2>&1; echo $?
          grep -c "from inside S2: an agent cannot turn" ../message; done'
        laforge ops --json | grep id | diff ../ops - && git status --porcelain; ls ../out; flags
        LAFORGE_STEP=2 laforge redo 1 | head -1
        """)
    let refused = Array(repeating: "1\n1\n", count: 9).joined()
    #expect(
      output == refused + "ls: cannot access '../out': No such file or directory\n(1) 2\n"
        + "Redid S1 (sh: echo x > made); S2 is rolled back.\n", "\(output)")
  }

  @Test func aStepWithinAnotherGoesAndComesWithItAndIsOnNoLine() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        laforge run -q sh -c 'echo 1 > one'
        laforge run -q sh -c 'echo 2 > two; laforge run -q sh -c "echo 3 > three; laforge run -q touch four"
          laforge run -q sh -c "exit 3"; echo 5 > five'; everything > ../after
        for i in 2 3 4 5; do laforge show $i --json | grep -oE '"(parent_step_id|within)" : [a-z0-9]+'; done | one
        laforge log --jsonl | grep -c .; laforge log -n 1 | grep -o '^S[0-9]'; laforge show @- | grep -o '^S[0-9]'
        for c in undo rollback redo; do laforge $c 4 &> ../out; echo "$? $(grep -c 'S4 ran within S' ../out)"; done
        laforge undo | head -1; ls | one; active() { laforge show $1 --json | grep -o 'active" : [a-z]*'; }
        for i in 1 2 3 4 5; do active $i; done | cut -c11- | one; laforge redo > /dev/null; is after
        for i in 1 2 3 4 5; do active $i; done | cut -c11- | one; laforge run -q true; laforge show --json | grep parent
        """)
    #expect(
      output == """
        "parent_step_id" : 1 "within" : null "parent_step_id" : null "within" : 2 \
        "parent_step_id" : null "within" : 3 "parent_step_id" : null "within" : 2
        2
        S2
        S1
        1 1
        1 1
        1 1
        Undid S2 (sh: echo 2 > two; laforge run -q sh -c "echo 3 …).
        README.md one
        true false false false false
        as after
        true true true true true
          "parent_step_id" : 2,

        """, "\(output)")
  }

  @Test func aStepThatOverlappedIsASiblingOfTheOther() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        mkfifo ../ready ../go; laforge run -q touch zero
        laforge run -q sh -c 'echo 1 > one; echo > ../ready; read _ < ../go; echo 1 >> one' & pid=$!
        await ../ready; laforge run -q sh -c 'echo 2 > two' 2> /dev/null; notify ../go; wait $pid
        laforge run -q sh -c 'echo 4 > four'; everything > ../all
        for i in 2 3 4; do laforge show $i --json | grep -oE '"parent_step_id" : [a-z0-9]+'; done | one
        laforge undo > /dev/null; ls | one; laforge redo > /dev/null; is all
        laforge rollback --before 2 > /dev/null; ls | one; laforge redo > /dev/null; is all
        """)
    #expect(
      output == """
        "parent_step_id" : 1 "parent_step_id" : 1 "parent_step_id" : 3
        README.md one two zero
        as all
        README.md zero
        as all

        """, "\(output)")
  }

  @Test func aRunBesideAnotherSaysSoAndGoesOn() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        mkfifo ../ready ../go
        laforge run -q sh -c 'echo > ../ready; read _ < ../go' & pid=$!; await ../ready
        laforge run -q true 2>&1; echo $?; notify ../go; wait $pid
        for i in 1 2; do laforge show $i --json | tr -d ' \\n' | grep -o '"overlaps":[^,]*'; done
        """)
    #expect(
      output == """
        Warning: S1 runs in this worktree too; S2 and S1 are recorded as overlapping.
        Hint: `git worktree add` gives an agent a folder of its own.
        0
        "overlaps":[2]
        "overlaps":[1]

        """, "\(output)")
  }

  @Test func undoOfAStepThatOverlappedNamesTheOtherAndRefusesWherePathsMeet() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        mkfifo ../ready ../go
        laforge run -q sh -c 'echo 1 > shared; echo > ../ready; read _ < ../go; echo 1 >> shared' & pid=$!
        await ../ready; laforge run -q sh -c 'echo 2 >> shared; echo 2 > two' 2> /dev/null; notify ../go; wait $pid
        everything > ../now; laforge undo 1 &> ../out; echo $?; grep -c S2 ../out; is now; flags
        """)
    #expect(output == "1\n1\nas now\n1 2\n", "\(output)")
  }
}
