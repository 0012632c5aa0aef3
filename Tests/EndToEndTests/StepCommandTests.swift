import LaForgeTestSupport
import Testing

/// `laforge step begin` and `laforge step end`, called by any program.
@Suite struct StepCommandTests {
  private func outcome(of script: String) async throws -> String {
    let environment = try await TestEnvironment()
    return try await environment.shell(
      """
      exec 2>&1; facts() {
        laforge show $1 --json | grep -E '"(ended_by|exit_code|signal|status|total_tokens|label)"' |
          tr -d ' \\n'; echo
      }
      \(script)
      """
    ).standardOutput
  }

  @Test func whatLiesBetweenTheTwoCallsIsTheStep() async throws {
    let text = try await outcome(
      of: """
        echo before > f; step=$(laforge step begin --agent helper --model m1 -m 'mend it'); echo $step
        echo after > f; echo '{"input_tokens": 900, "output_tokens": 100}' > ../usage
        laforge step end $step --usage-file ../usage; facts 1; laforge show | grep -E 'model|command'
        laforge undo | head -1; cat f
        """)
    #expect(
      text.hasPrefix(
        """
        S1
        "ended_by":"step_end","exit_code":null,"label":"menditnow","signal":null,
        """.replacing("menditnow", with: "mendit")), "\(text)")
    #expect(text.contains("\"status\":\"completed\",\"total_tokens\":1000"), "\(text)")
    #expect(text.hasSuffix("Undid S1 (helper: mend it).\nbefore\n"), "\(text)")
    #expect(text.contains("model     m1"), "\(text)")
  }

  @Test func theCallsFindEachOtherByTheProcessAndAFailureIsOne() async throws {
    let text = try await outcome(
      of: """
        laforge step begin; echo 1 > a; laforge step end --failed; facts 1; laforge log | grep -c 'failed'
        laforge step begin; echo 2 > b; laforge step begin; laforge step end; facts 2; facts 3
        """)
    #expect(
      text == """
        S1
        "ended_by":"step_end","exit_code":null,"label":null,"signal":null,"status":"failed","total_tokens":null
        1
        S2
        S3
        "ended_by":"next_step","exit_code":null,"label":null,"signal":null,"status":"failed","total_tokens":null
        "ended_by":"step_end","exit_code":null,"label":null,"signal":null,"status":"completed","total_tokens":null

        """, "\(text)")
  }

  @Test func sessionsOfOneProcessAreToldApart() async throws {
    let text = try await outcome(
      of: """
        laforge step begin --session a; laforge step begin --session b 2>/dev/null; laforge step end --session a
        laforge log --jsonl | sed -E 's/.*"id":([0-9]+).*"status":"([a-z]+)".*/\\1 \\2/'
        laforge step end --session a; echo $?; laforge step end --session b; laforge show 2 | grep within
        """)
    #expect(
      text == """
        S1
        S2
        2 running
        1 completed
        Error: No step was begun here that is not ended.
        Nothing was recorded.
        Hint: `laforge status` shows what is running; `laforge step end 7` ends a certain one.
        1

        """, "\(text)")
  }

  /// Only what the calling process or its session began, and nothing around a run.
  @Test(arguments: [
    "laforge step begin --session outer >/dev/null; bash -c 'laforge step end; :'",
    "laforge step begin >/dev/null; laforge run -q bash -c 'laforge step end; :'",
  ])
  func whatOthersBeganIsNotEnded(_ script: String) async throws {
    let text = try await outcome(of: "\(script); laforge show 1 --json | grep -m1 '\"status\"'")
    #expect(
      text.hasPrefix("Error: No step was begun here that is not ended.")
        && text.hasSuffix("  \"status\" : \"running\",\n"), "\(text)")
  }

  @Test func theStepAndItsSessionFindItWhereverItWasBegun() async throws {
    let text = try await outcome(
      of: """
        echo 'echo $(laforge step begin $1)' > ../begin; echo 'laforge step end $1 $2' > ../end
        step=$(laforge step begin | cat); laforge step end "$step"; laforge show 1 | head -1
        bash ../begin '--session s' >/dev/null; bash ../end --session s; laforge show 2 | head -1
        step=$(bash ../begin '--session s'); laforge step end "$step"; laforge show 3 | head -1
        $(laforge step begin >/dev/null); laforge step end; laforge show 4 | head -1
        """)
    #expect(text == "S1  ok\nS2  ok\nS3  ok\nS4  ok\n", "\(text)")
  }

  @Test func theCommandIsThatOfTheAgentWhateverTitleItHas() async throws {
    let text = try await outcome(
      of: """
        perl -e '$0 = "claude"; system("laforge step begin --agent claude; :")'
        sleep 100 & laforge step begin --pid $! >/dev/null
        laforge log --all --jsonl | sed -E 's/.*"command":(\\[[^]]*\\]).*/\\1/'; kill $!
        """)
    #expect(text == "S1\n[\"sleep\",\"100\"]\n[\"claude\"]\n", "\(text)")
  }

  @Test(arguments: [
    ("begin 7", "'7' is of no use with 'laforge step begin'."),
    ("begin --failed", "--failed is of no use with 'laforge step begin'."),
    ("end --label x", "--label is of no use with 'laforge step end'."),
    ("end 1", "S1 has ended already."), ("end 9", "There is no step S9."),
    ("begin --pid 4194399", "There is no process 4194399."),
    ("begin --hook claude --session x", "--session is of no use with 'laforge step begin --hook'."),
    ("end --usage-file nowhere", "The usage file 'nowhere' cannot be read."),
  ])
  func whatMakesNoSenseIsRefused(_ words: String, _ message: String) async throws {
    let text = try await outcome(
      of: "laforge run -q true; laforge step \(words); laforge log --jsonl | wc -l")
    #expect(text.contains(message) && text.hasSuffix("\n1\n"), "\(text)")
  }

  @Test func theStepEndsWithTheProcessThatIsNamed() async throws {
    let text = try await outcome(
      of: """
        sleep 100 & laforge step begin --pid $! --agent helper; laforge log | grep -c ' running  *helper'
        kill $!; wait $! 2>/dev/null; laforge log | grep -c ' cut off '; laforge run -q true; facts 1
        """)
    #expect(text.hasPrefix("S1\n1\n1\n\"ended_by\":\"cut_off\""), "\(text)")
  }

  @Test func anEndThatWaitsInTheSpoolIsNotOverwritten() async throws {
    let text = try await outcome(
      of: """
        laforge step begin; echo 1 > a; db=.git/laforge/steps.db
        sqlite3 $db "CREATE TRIGGER t BEFORE UPDATE ON steps BEGIN SELECT RAISE(ABORT, 'no'); END"
        laforge step end 2>&1 | grep -c Warning; ls .git/laforge/spool; sqlite3 $db 'DROP TRIGGER t'
        echo 2 > b; laforge step begin; facts 1; laforge diff 1 --stat | tail -1
        """)
    #expect(
      text == """
        S1
        1
        1.json
        S2
        "ended_by":"step_end","exit_code":null,"label":null,"signal":null,"status":"completed","total_tokens":null
         1 file changed, 1 insertion(+)

        """, "\(text)")
  }

  @Test func outsideARepositoryTheHintsAreOfUse() async throws {
    let text = try await outcome(of: "cd ..; laforge step begin; echo $?")
    #expect(
      text.hasSuffix(
        """
        is in no git repository.
        No step was begun or ended.
        Hint: `laforge -C FOLDER …` works in another folder.
        1

        """), "\(text)")
  }

  @Test func itWorksInEveryWorktreeForItself() async throws {
    let text = try await outcome(
      of: """
        laforge hooks install >/dev/null; git worktree add -q ../other; cd ../other
        laforge step begin; git commit -q --allow-empty -m x; git log -1 --format=%B | grep -c LaForge-Step
        cd ../web; laforge step end; git commit -q --allow-empty -m y; git log -1 | grep -c LaForge-Step
        cd ../other; laforge step end; laforge log --commits | grep -c ' x'
        """)
    #expect(
      text.hasPrefix("S1\n1\nError: No step was begun here") && text.hasSuffix("\n0\n1\n"),
      "\(text)")
  }
}
