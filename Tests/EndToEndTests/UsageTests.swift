import LaForgeTestSupport
import Testing

/// `laforge usage`, with agents that print what a script tells them.
@Suite struct UsageTests {
  /// What a script printed, where `claude` prints a result of 1,500 and 200 tokens.
  private func output(of script: String) async throws -> CommandOutput {
    let environment = try await TestEnvironment()
    return try await environment.shell(
      """
      mkdir -p "$HOME/bin"; export PATH="$HOME/bin:$PATH"
      cat > "$HOME/bin/claude" <<'END'
      #!/bin/sh
      [ -z "$SESSION" ] || cat >> "$HOME/.claude/projects/p/s.jsonl"
      [ -n "$SESSION" ] || cat <<'EVENTS'
      {"type":"system","subtype":"init","session_id":"s","model":"house-model"}
      {"type":"result","subtype":"success","is_error":false,"session_id":"s","usage":{"input_tokens":1000,"cache_read_input_tokens":500,"output_tokens":200},"modelUsage":{"house-model":{"inputTokens":1000,"cacheReadInputTokens":500,"outputTokens":200}}}
      EVENTS
      END
      chmod +x "$HOME/bin/claude"; mkdir -p "$HOME/.claude/projects/p"
      call() {
        printf '{"type":"assistant","sessionId":"s","cwd":"%s","timestamp":"2099-01-01T00:00:00Z","message":{"id":"%s","model":"house-model","stop_reason":"end_turn","usage":{"input_tokens":%s,"output_tokens":1}}}\\n' "$PWD" "$1" "$2"
      }
      figures() {
        laforge show "$@" --json | grep -E '^    "(cost|cost_source|total_tokens|prompt_tokens)"' |
          tr -d ' \\n'; echo
      }
      run() { laforge run -q -- claude "$@" > "$HOME/printed" 2>&1; }
      \(script)
      """)
  }

  @Test func aTableShowsEachModelAndWhatToldIt() async throws {
    let output = try await output(of: "run -p x; laforge usage")
    #expect(
      output.standardOutput == """
        S1  claude -p x
        MODEL        INPUT  CACHE READ  CACHE WRITE  OUTPUT  REASONING  TOTAL  COST
        house-model  1,000         500            0     200          ?  1,700     ?
          source    standard output: result.modelUsage
          complete  yes
          cost      not reported

        """, "\(output)")
  }

  @Test func theExplanationNamesWhatWasPassedOver() async throws {
    let output = try await output(of: "run -p x; laforge usage --explain | tail -2")
    #expect(
      output.standardOutput == """
          counts    result.modelUsage: 1,700 tokens
          ignored   result.usage: 1,700 tokens; it is the main loop alone

        """, "\(output)")
  }

  @Test func aPriceThatIsSetLaterAppliesOnceTheUsageIsWorkedOutAgain() async throws {
    let output = try await output(
      of: """
        run -p x; git config laforge.price.house-model.input 3
        git config laforge.price.house-model.output 15; figures 1
        laforge usage --recompute; laforge usage --recompute --all; figures 1
        git config laforge.price.house-model.cacheRead 0.3; laforge usage --recompute 1
        """)
    #expect(
      output.standardOutput == """
        "cost":null,"cost_source":null,"prompt_tokens":1500,"total_tokens":1700
        S1  1,700 tokens -> 1,700 tokens, $0.007500
        S1  the same: 1,700 tokens, $0.007500
        "cost":0.0075,"cost_source":"user","prompt_tokens":1500,"total_tokens":1700
        S1  1,700 tokens, $0.007500 -> 1,700 tokens, $0.006150

        """, "\(output)")
  }

  @Test func aPriceThatIsNoneStopsBeforeAnythingIsDone() async throws {
    let output = try await output(
      of: """
        git config laforge.price.house-model.input cheap; laforge run -- claude -p x; echo $?
        git config --unset laforge.price.house-model.input; run -p x
        git config laforge.price.house-model.input -1; laforge usage --recompute; echo $?; figures 1
        """)
    #expect(
      output.standardOutput
        == "125\n1\n\"cost\":null,\"cost_source\":null,\"prompt_tokens\":1500,\"total_tokens\":1700\n",
      "\(output)")
    #expect(
      output.standardError.contains(
        "'cheap' is no price (git config laforge.price.house-model.input)."), "\(output)")
  }

  @Test func whatIsNotKeptIsLeftAsItIs() async throws {
    let output = try await output(
      of: """
        git config laforge.keepOutput false; run -p x; git config --unset laforge.keepOutput
        laforge run -q -- sh -c 'echo "{\\"input_tokens\\": 5}" > $LAFORGE_USAGE_FILE'
        laforge usage --recompute --all; figures 1
        """)
    #expect(
      output.standardOutput == """
        S2  left as it was: LAFORGE_USAGE_FILE told it, which is not kept
        S1  left as it was: its output was not kept
        "cost":null,"cost_source":null,"prompt_tokens":1500,"total_tokens":1700

        """, "\(output)")
  }

  @Test func aSessionThatGoesOnCountsEachCallInItsOwnStep() async throws {
    let output = try await output(
      of: """
        export SESSION=1; call a 100 | run -c; call b 20 | run -c; figures 1; figures 2
        laforge usage --recompute --all; laforge usage 2 --explain | tail -1 | sed "s|$HOME|~|g"
        call c 7 > "$HOME/.claude/projects/p/s.jsonl"; laforge usage --recompute 2; figures 2
        """)
    #expect(
      output.standardOutput == """
        "cost":null,"cost_source":null,"prompt_tokens":100,"total_tokens":101
        "cost":null,"cost_source":null,"prompt_tokens":20,"total_tokens":21
        S2  the same: 21 tokens
        S1  the same: 101 tokens
          counts    ~/.claude/projects/p/s.jsonl: 21 tokens
        S2  left as it was: its session files are not as they were
        "cost":null,"cost_source":null,"prompt_tokens":20,"total_tokens":21

        """, "\(output)")
  }

  @Test func theModelThatIsGivenIsPricedWhereNothingTellsIt() async throws {
    let output = try await output(
      of: """
        git config laforge.price.house-model.input 3; git config laforge.price.house-model.output 15
        tell() { laforge run -q --model "$1" -- sh -c 'echo "$0" > "$LAFORGE_USAGE_FILE"' "$2"; figures; }
        tell house-model '{"input_tokens": 1000000, "output_tokens": 0}'
        tell other '{"input_tokens": 1000000, "output_tokens": 0, "model": "house-model"}'
        """)
    let all =
      "\"cost\":3,\"cost_source\":\"user\",\"prompt_tokens\":1000000,\"total_tokens\":1000000\n"
    #expect(output.standardOutput == all + all, "\(output)")
  }

  @Test func mistakesAreNamed() async throws {
    let output = try await output(
      of: """
        laforge usage; echo $?; run -p x; laforge usage 9; echo $?; laforge usage --all; echo $?
        laforge usage --explain --recompute; echo $?; laforge usage 1 --recompute --all; echo $?
        """)
    #expect(output.standardOutput == "1\n1\n64\n64\n64\n", "\(output)")
    #expect(output.standardError.contains("There is no step S9."), "\(output)")
  }
}
