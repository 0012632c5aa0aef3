import Foundation
import LaForgeTestSupport
import SystemPackage
import Testing

/// Agents whose own hooks make every prompt of a session a step.
@Suite struct AgentHookTests {
  /// `steps` prints the steps in their order: number, what ended it, status, tokens, enclosing step and
  /// label.
  private static let functions = """
    exec 2>&1
    steps() {
      laforge log --all --jsonl | tac | python3 -c 'import json, sys
    for line in sys.stdin:
        s = json.loads(line)
        print(s["id"], s["ended_by"], s["status"], s["token_usage"].get("total_tokens"),
              s["within"], s["agent_config"].get("agent"), s["label"])'
    }
    mark() { ls .git | grep -c '^laforge-step$'; }
    """

  private func outcome(of script: String) async throws -> String {
    let environment = try await TestEnvironment()
    try InteractiveAgent.install(in: environment)
    return try await environment.shell("\(Self.functions)\n\(script)").standardOutput
  }

  @Test(arguments: [
    ("claude", "UserPromptSubmit", "Stop"), ("codex", "UserPromptSubmit", "Stop"),
    ("gemini", "BeforeAgent", "AfterAgent"),
  ])
  func everyPromptOfASessionIsAStepWithItsUsage(
    _ agent: String, _ begin: String, _ end: String
  ) async throws {
    let text = try await outcome(
      of: """
        laforge hooks install --agent \(agent) >/dev/null; git add .; git commit -qm settings
        printf '%s\\n' 'echo 1 > one' 'echo 2 > two' | \(agent) 2>&1 | grep -v SessionEnd
        steps; mark; laforge undo | head -1; ls
        """)
    #expect(
      text == """
        \(begin) 0
        \(end) 0
        \(begin) 0
        \(end) 0
        1 step_end completed 1100 None \(agent) echo 1 > one
        2 step_end completed 1100 None \(agent) echo 2 > two
        0
        Undid S2 (\(agent): echo 2 > two).
        README.md
        one

        """)
  }

  @Test func aTurnThatIsInterruptedIsClosedByTheNextPromptAndKeepsItsUsage() async throws {
    let text = try await outcome(
      of: """
        laforge hooks install --agent claude >/dev/null
        printf '%s\\n' 'ESC echo 1 > one' 'echo 2 > two' 'ESC echo 3 > three' | claude >/dev/null
        steps; laforge show 1 | head -1; laforge show 1 | grep -c 'changed  *1 file'
        """)
    #expect(
      text.split(separator: "\n").filter {
        !$0.hasPrefix("U") && !$0.hasPrefix("S") || $0 == "S1  not ended"
      } == [
        "1 next_step failed 1100 None claude ESC echo 1 > one",
        "2 step_end completed 1100 None claude echo 2 > two",
        "3 session_end failed 1100 None claude ESC echo 3 > three", "S1  not ended", "1",
      ], "\(text)")
  }

  @Test(arguments: [("claude", "session_end"), ("codex", "next_step"), ("gemini", "session_end")])
  func anotherSessionOfTheSameProcessClosesTheStepOfTheFirst(
    _ agent: String, _ end: String
  ) async throws {
    let text = try await outcome(
      of: """
        laforge hooks install --agent \(agent) >/dev/null
        printf '%s\\n' 'ESC echo 1 > one' CLEAR 'echo 2 > two' | \(agent) 2>/dev/null; steps
        """)
    #expect(
      text == """
        1 \(end) failed 1100 None \(agent) ESC echo 1 > one
        2 step_end completed 1100 None \(agent) echo 2 > two

        """)
  }

  /// A conversation that is resumed has the id that it had.
  @Test(arguments: ["begin", "end"])
  func whatAPersonDidAfterTheAgentWasKilledIsNoneOfItsStep(_ next: String) async throws {
    let text = try await outcome(
      of: """
        cat > ../agent <<'END'
        echo '{"session_id": "s", "prompt": "x"}' | laforge step $1 --hook claude
        echo agent > a
        END
        bash ../agent begin; echo mine > mine; bash ../agent \(next)
        laforge run -q true; laforge show 1 --json | grep -E '"(ended_by|state_after)"' | tr -d ' \\n'
        """)
    #expect(text == "\"ended_by\":\"cut_off\",\"state_after\":\"late\",", "\(text)")
  }

  @Test func oneTurnHasOneEnd() async throws {
    let text = try await outcome(
      of: """
        echo '{"session_id": "s", "prompt": "x"}' | laforge step begin --hook claude
        end() { echo '{"session_id": "s", "hook_event_name": "'$1'"}' | laforge step end --hook claude; }
        end Stop & end SessionEnd; wait; ls .git/laforge/spool 2>/dev/null; steps
        """)
    #expect(text.split(separator: "\n").count == 1, "\(text)")
  }

  @Test func aCommitOfAPromptNamesItsStepAndOneOfAPersonDoesNot() async throws {
    let text = try await outcome(
      of: """
        trailer() { git log -1 --format='%s%n%(trailers)' | sed -E 's/[0-9a-f]{8}\\//ID\\//; /^$/d'; }
        laforge hooks install >/dev/null; laforge hooks install --agent claude >/dev/null
        mkfifo ../go ../done
        person() { await ../go; git commit -q --allow-empty -m person; trailer; notify ../done; }
        person & printf '%s\\n' 'git commit -q --allow-empty -m agent; git log -1 --format=%B > ../first
          ' 'echo > ../go; read _ < ../done' | claude 2>> "$TMPDIR/said"
        wait; sed -E 's/[0-9a-f]{8}\\//ID\\//; /^$/d' ../first
        laforge which HEAD~1 | tail -1 | cut -c1-4
        """)
    #expect(text == "person\nagent\nLaForge-Step: ID/1\n  S1\n")
  }

  @Test func promptsWithinARunAreItsChildrenAndRunsWithinAPromptAreThose() async throws {
    let text = try await outcome(
      of: """
        laforge hooks install --agent claude >/dev/null
        echo 'laforge run -q touch inner' | laforge run -q -- claude 2>/dev/null
        laforge log --all --jsonl | tac | sed -E 's/.*"id":([0-9]+).*"within":([a-z0-9]+).*/\\1 in \\2/'
        laforge undo | head -1; ls
        """)
    #expect(text == "1 in null\n2 in 1\n3 in 2\nUndid S1 (claude: claude).\nREADME.md\n")
  }

  /// What another session used is none of a turn that has written down nothing.
  @Test(arguments: [("", "1100"), ("LATE ", "None")])
  func sessionsBesideEachOtherEachEndTheirOwnStep(_ prefix: String, _ tokens: String) async throws {
    let text = try await outcome(
      of: """
        laforge hooks install --agent claude >/dev/null; mkfifo ../a ../b
        echo '\(prefix)echo > ../a; read _ < ../b; echo 1 > one' | claude 2>> "$TMPDIR/said" & pid=$!
        await ../a; echo 'echo 2 > two' | claude 2>> "$TMPDIR/said"; notify ../b; wait $pid
        steps | cut -d' ' -f1-4; laforge show 1 --json | grep -A1 '"overlaps"' | tail -1
        """)
    #expect(text == "1 step_end completed \(tokens)\n2 step_end completed 1100\n    2\n")
  }

  @Test func aStepWhoseAgentWasKilledIsClosedByTheNextCommand() async throws {
    let text = try await outcome(
      of: """
        laforge hooks install --agent claude >/dev/null; mkfifo ../go
        claude 2>> "$TMPDIR/said" <<< 'echo 1 > one; echo $$ > ../inner; echo > ../go; exec sleep 100' & await ../go
        pid=$(laforge status | sed -nE 's/.*pid ([0-9]+).*/\\1/p'); mark
        laforge log | grep -c ' running '; kill -9 $pid; wait
        laforge run -q true; mark; steps | cut -d' ' -f1-3; laforge rollback 1 --before | head -1; ls
        kill $(cat ../inner)
        """)
    // The shell tells when it likes that the agent was killed.
    let told = text.split(separator: "\n").filter { !$0.contains(" Killed ") }
    #expect(
      told == [
        "1", "1", "0", "1 cut_off interrupted", "2 exit completed",
        "Rolled back to exactly before S1; S1 and S2 are rolled back.", "README.md",
      ], "\(text)")
  }

  @Test func aRunningTurnIsNotUndoneAndIsEndedByHandIfAnybodyWants() async throws {
    let text = try await outcome(
      of: """
        laforge hooks install --agent claude >/dev/null; git add .; git commit -qm s; mkfifo ../go ../on
        echo 'echo 1 > one; echo > ../go; read _ < ../on' | claude 2>> "$TMPDIR/said" & await ../go
        laforge undo 2>&1 | tail -1; laforge undo --stop 2>&1 | head -1; laforge step end 1; laforge undo | head -1
        notify ../on; wait; steps | cut -d' ' -f1-3
        """)
    #expect(
      text == """
        Hint: Let it end, or `laforge step end 1` records it as ended; then `laforge undo`.
        Error: S1 was begun by claude, which LaForge did not start.
        Undid S1 (claude: echo 1 > one; echo > ../go; read _ < ../on).
        1 step_end completed

        """)
  }

  @Test func withoutLaForgeOrARepositoryTheHooksDoNothing() async throws {
    let text = try await outcome(
      of: """
        laforge hooks install --agent claude >/dev/null; bin=${PATH%%:*}; rest=${PATH#*:}
        echo 'echo 1 > one' | PATH=$rest claude; echo 'echo 1 > one' | LAFORGE=off claude
        mkdir ../plain; cp -r .claude ../plain; cd ../plain; echo 'echo 1 > one' | claude
        cd ../web; laforge log; echo nothing | laforge step begin --hook claude; echo $?
        """)
    let hooks = "UserPromptSubmit 0\nStop 0\nSessionEnd 0\n"
    #expect(
      text == """
        \(hooks)\(hooks)\(hooks)No steps in this worktree yet. `laforge run -- <command>` records one.
        Error: Standard input is not what an agent gives its hooks.
        No step was begun or ended.
        Hint: `laforge step` without --hook is for any other caller.
        1

        """, "\(text)")
  }

  // MARK: - Settings

  @Test(arguments: [
    "{}", "{\n}\n", "{\"a\": 1}", "{\n  \"model\": \"opus\"\n}\n",
    "{\n\t\"a\": [1, 2],\n\t\"hooks\": {\n\t\t\"PreToolUse\": [ ]\n\t}\n}",
    "{\r\n    \"hooks\": {},\r\n    \"z\": {\"x\": null}\r\n}\r\n",
    "{ \"hooks\": {\"Stop\": [], \"BeforeAgent\": [ ], \"UserPromptSubmit\": []}, \"b\": \"\\\"}\\u00e9\" }",
    "{\n  \"hooks\": {\n    \"Stop\": [\n      {\n        \"hooks\": [\n          { \"type\": \"command\", \"command\": \"say done\" }\n        ]\n      }\n    ]\n  }\n}\n",
    "{\n  // mine\n  \"hooks\": {\n    /* none */\n  } // end\n}\n",
  ])
  func whatIsInTheSettingsStaysByteForByte(_ settings: String) async throws {
    let environment = try await TestEnvironment()
    for (agent, path) in [
      ("claude", ".claude/settings.json"), ("codex", ".codex/hooks.json"),
      ("gemini", ".gemini/settings.json"),
    ] {
      let file = environment.repository.appending(path)
      try await environment.shell("mkdir \(file.removingLastComponent())")
      try environment.write(settings, to: file)
      let installed = try await environment.shell(
        "laforge hooks install --agent \(agent) && laforge hooks install --agent \(agent)")
      #expect(installed.standardOutput.contains("installed in \(path)"), "\(installed)")
      let text = try String(contentsOfFile: file.string, encoding: .utf8)
      let events = agent == "codex" ? 2 : 3
      #expect(text.matches(of: /laforge step (begin|end) --hook/).count == events, "\(text)")
      let bare = text.replacing(/(?m)^\s*\/\/.*$|\/\/ end|\/\*.*?\*\//, with: "")
      #expect(throws: Never.self) { try TestJSON(parsing: bare) }
      let removed = try await environment.shell("laforge hooks uninstall --agent \(agent)")
      #expect(removed.standardOutput.contains("uninstalled"), "\(removed)")
      #expect(try String(contentsOfFile: file.string, encoding: .utf8) == settings)
    }
  }

  @Test func settingsThatLaForgeMadeGoAndOthersAreMergedAndKept() async throws {
    let text = try await outcome(
      of: """
        laforge hooks install --agent claude >/dev/null; laforge hooks uninstall --agent claude; ls -A
        mkdir .claude; echo '{"hooks": 1}' > .claude/settings.json
        laforge hooks install --agent claude 2>&1 | sed "s|$PWD|WEB|"; cat .claude/settings.json
        laforge hooks | grep claude
        echo '{"a": 1}' > ../real; ln -sf ../../real .claude/settings.json; chmod 600 ../real
        laforge hooks install --agent claude >/dev/null; stat -c %A:%F .claude/settings.json ../real
        sed -i 's/"command": "! command/"timeout": 5, "command": "! command/' ../real
        laforge hooks --json | grep -A2 '"claude"' | grep state
        laforge hooks uninstall --agent claude | tail -1; cat ../real
        """)
    #expect(
      text == """
        agents
          claude        uninstalled
        .git
        README.md
        Error: The settings 'WEB/.claude/settings.json' are not the JSON that the agent reads.
        They were left as they are.
        Hint: Correct them, an extra comma perhaps, and try again.
        {"hooks": 1}
          claude        .claude/settings.json cannot be read: `laforge hooks install --agent claude` says why
        lrwxrwxrwx:symbolic link
        -rw-------:regular file
              "state" : "installed"
          claude        uninstalled
        {"a": 1}

        """, "\(text)")
  }

  @Test func whatStandsTwiceGoesTwiceAndAnEventThatDoesIsRefused() async throws {
    let text = try await outcome(
      of: """
        laforge hooks install --agent claude >/dev/null; f=.claude/settings.json
        python3 - $f <<'END'
        import json, sys
        settings = json.load(open(sys.argv[1]))
        stop = settings["hooks"]["Stop"][0]["hooks"]
        stop.append(stop[0]); settings["hooks"]["Stop"].append({"hooks": [stop[0], {"command": "mine"}]})
        json.dump(settings, open(sys.argv[1], "w"))
        END
        laforge hooks uninstall --agent claude | tail -1; cat $f; echo
        echo '{"hooks": {"Stop": [], "Stop": []}}' > $f; laforge hooks install --agent claude 2>&1 | grep -c JSON
        """)
    #expect(
      text == """
          claude        uninstalled
        {"hooks": {"UserPromptSubmit": [], "Stop": [{"hooks": [{"command": "mine"}]}], "SessionEnd": []}}
        1

        """, "\(text)")
  }

  @Test func aCommandThatSomebodyComposedAndCommentsAreTheirs() async throws {
    let text = try await outcome(
      of: """
        mkdir .claude; cat > .claude/settings.json <<'END'
        {
          "hooks": {
            "Stop": [ // mine
              {"hooks": [{"type": "command", "command": "laforge step end --hook claude; say done"}]}
            ],
            "SessionEnd": [{"hooks": [{"type": "command", "command": "say bye"}]}] // last
          }
        }
        END
        cp .claude/settings.json ../before; laforge hooks --json | grep -A2 '"claude"' | grep state
        laforge hooks install --agent claude | tail -1; grep -c 'laforge step' .claude/settings.json
        sed -i 's|,{ "hooks"|, /* between */ { "hooks"|' .claude/settings.json
        laforge hooks uninstall --agent claude | tail -1; grep -c between .claude/settings.json
        sed 's| /. between ./||' .claude/settings.json | diff ../before -
        """)
    #expect(
      text == """
              "state" : "outdated"
          claude        installed in .claude/settings.json
        3
          claude        what is left in .claude/settings.json is yours to take out
        1

        """, "\(text)")
  }
}
