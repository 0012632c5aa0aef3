import Foundation
import LaForgeCore
import LaForgeTestSupport
import SystemPackage
import Testing

/// The built program against real repositories: what `run` passes on and what it records.
@Suite struct RunTests {
  /// The latest step as JSON.
  private func latest(_ environment: TestEnvironment) async throws -> TestJSON {
    let output = try await environment.laforge(["show", "--json"])
    #expect(output.status == 0)
    return try output.json()
  }

  @Test func aSuccessIsRecordedWithWhatItCommitted() async throws {
    let environment = try await TestEnvironment()
    let before = try await environment.git("rev-parse", "HEAD")
    try environment.makeProgram(
      "agent", "echo one; echo two >&2; seq 3 > numbers; git add .; git commit -qm numbers")
    let output = try await environment.laforge(["run", "-m", "count", "--", "agent", "a b"])
    #expect(output.standardOutput == "one\n")
    #expect(output.standardError == "two\n", "nothing of LaForge's own without a terminal")
    #expect(output.status == 0)
    let after = try await environment.git("rev-parse", "HEAD")
    let step = try await latest(environment)
    #expect(step["id"] == 1)
    #expect(step["status"] == "completed")
    #expect(step["ended_by"] == "exit")
    #expect(step["exit_code"] == 0)
    #expect(step["signal"] == nil as TestJSON)
    #expect(step["label"] == "count")
    #expect(step["command"]?.array == ["agent", "a b"])
    #expect(step["commit_sha_before"]?.string == before)
    #expect(step["commit_sha_after"]?.string == after)
    #expect(step["branch_before"] == "refs/heads/main")
    #expect(step["branch_after"] == "refs/heads/main")
    #expect(step["commits"]?.array.map(\.string) == [after])
    #expect(step["files_changed"] == 1)
    #expect(step["insertions"] == 3)
    #expect(step["deletions"] == 0)
    #expect(step["agent_config"]?["agent"] == "agent")
    #expect(step["worktree"]?.string == environment.repository.string)
    #expect(step["project_id"] == "web")
    #expect(step["state_before"] == "clean")
    #expect(step["state_after"] == "clean")
    #expect(step["token_usage"]?["total_tokens"] == nil as TestJSON)
    #expect(step["active"] == true)
  }

  @Test func aFailurePassesItsStatusOn() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.laforge(["run", "sh", "-c", "exit 42"])
    #expect(output.status == 42)
    let step = try await latest(environment)
    #expect(step["status"] == "failed")
    #expect(step["exit_code"] == 42)
    let text = try await environment.laforge(["show"])
    #expect(text.standardOutput.hasPrefix("S1  failed, exit 42\n"))
  }

  @Test(arguments: [9, 15, 2, 13, 34])
  func aSignalIsToldApartFromAnExit(_ signal: Int) async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.laforge(["run", "sh", "-c", "kill -\(signal) $$"])
    #expect(Int(output.status) == 128 + signal)
    let step = try await latest(environment)
    #expect(step["exit_code"] == nil as TestJSON)
    #expect(step["signal"]?.integer == signal)
    #expect(step["ended_by"] == "signal")
  }

  @Test func aProgramThatDoesNotExistIs127AndRecorded() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.laforge(["run", "--", "no-such-agent", "-p"])
    #expect(output.status == 127)
    #expect(
      output.standardError == """
        Error: 'no-such-agent' was not found.
        S1 is recorded as failed.
        Hint: Is it installed, and is its folder on PATH?

        """)
    #expect(try await latest(environment)["exit_code"] == 127)
  }

  @Test(arguments: ["README.md", "."])
  func aFileThatCannotBeExecutedIs126(_ name: String) async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.laforge(["run", "--", "./\(name)"])
    #expect(output.status == 126)
    #expect(
      output.standardError.hasPrefix("Error: './\(name)' cannot be executed.\nS1 is recorded"))
    #expect(try await latest(environment)["exit_code"] == 126)
  }

  @Test func aScriptWithoutAFirstLineRunsAsUnderEnv() async throws {
    let environment = try await TestEnvironment()
    try await environment.shell("echo 'echo from-sh' > plain; chmod +x plain")
    let output = try await environment.laforge(["run", "./plain"])
    #expect(output.standardOutput == "from-sh\n")
  }

  @Test func theCommandKeepsEveryWordAndByte() async throws {
    let environment = try await TestEnvironment()
    try environment.makeProgram("agent", "printf '[%s]' \"$@\" | od -An -tx1 | tr -d ' \\n'")
    let script = "laforge run -q -- agent -q -- --label '' $'\\xff\\xfe' 'a  b'"
    let direct = "\(environment.root)/bin/agent -q -- --label '' $'\\xff\\xfe' 'a  b'"
    let recorded = try await environment.shell(script)
    #expect(recorded.standardOutput == (try await environment.shell(direct)).standardOutput)
    #expect(try await latest(environment)["command"]?.array.count == 7)
  }

  @Test func theCommandRunsWhereItWasCalledWithTheCallersInput() async throws {
    let environment = try await TestEnvironment()
    try await environment.shell("mkdir -p src/deep")
    let folder = environment.repository.appending("src/deep")
    let output = try await environment.laforge(
      ["run", "sh", "-c", "pwd; cat"], in: folder, input: "from stdin\n")
    #expect(output.standardOutput == "\(folder)\nfrom stdin\n")
    let shown = try await environment.laforge(["show"])
    #expect(shown.standardOutput.contains(", in src/deep/\n"))
  }

  @Test func theEnvironmentHoldsTheStepAndNothingElseNew() async throws {
    let environment = try await TestEnvironment()
    let odd = ["ODD": "a=b c", "LAFORGE_STEP": "99", "LAFORGE_USAGE_FILE": "/x"]
    let recorded = try await environment.laforge(["run", "env"], adding: odd)
    let direct = try await environment.run("/usr/bin/env", [], adding: ["ODD": "a=b c"])
    let added = Set(recorded.standardOutput.split(separator: "\n"))
      .subtracting(direct.standardOutput.split(separator: "\n"))
    let names = Set(added.map { $0.prefix { $0 != "=" } })
    #expect(names == ["LAFORGE_STEP", "LAFORGE_STORE", "LAFORGE_USAGE_FILE"])
    #expect(added.contains("LAFORGE_STEP=1"))
    let store = try await latest(environment)["store_id"]?.string ?? ""
    #expect(added.contains("LAFORGE_STORE=\(store)"))
  }

  @Test func theUsageFileIsReadAndRemoved() async throws {
    let environment = try await TestEnvironment()
    let script = """
      echo '{"input_tokens": 10, "output_tokens": 5, "cost": 0.0123}' > $LAFORGE_USAGE_FILE
      echo 'TOKEN_USAGE: prompt_tokens=1, completion_tokens=1'
      stat -c '%a' $LAFORGE_USAGE_FILE $(dirname $LAFORGE_USAGE_FILE)
      """
    let output = try await environment.laforge(["run", "sh", "-c", script])
    #expect(output.standardOutput.hasSuffix("600\n700\n"))
    let usage = try await latest(environment)["token_usage"]
    #expect(usage?["source"] == "usage_file")
    #expect(usage?["total_tokens"] == 15)
    let left = try FileManager.default.contentsOfDirectory(
      atPath: environment.root.appending("tmp").string)
    #expect(left.isEmpty)
  }

  @Test func usageIsReadFromTheOutputOfAClaudeRun() async throws {
    let environment = try await TestEnvironment()
    try environment.makeProgram(
      "claude",
      """
      printf '%s' '{"type":"result","is_error":true,"total_cost_usd":0.5,"usage":{"input_tokens":3,'
      printf '%s' '"output_tokens":4},"modelUsage":{"m-1":{"inputTokens":3,"outputTokens":4,'
      printf '%s\\n' '"cacheReadInputTokens":1,"cacheCreationInputTokens":0,"costUSD":0.5}}}'
      """)
    try await environment.laforge(["run", "claude", "-p", "x", "--output-format", "json"])
    let step = try await latest(environment)
    #expect(step["token_usage"]?["prompt_tokens"] == 4)
    #expect(step["token_usage"]?["models"]?["m-1"]?["output_tokens"] == 4)
    #expect(step["agent_config"]?["model"] == "m-1")
    #expect(step["agent_error"] == true)
    #expect(step["status"] == "completed", "the exit status was 0 all the same")
  }

  @Test func credentialsAreNeverStored() async throws {
    let environment = try await TestEnvironment()
    let secret = "s3cr3t-value-of-a-credential"
    let config = environment.root.appending("agent.json")
    try environment.write(
      "{\"model\": \"m\", \"api_key\": \"\(secret)\", \"max_tokens\": 5, \"extra\": [1]}",
      to: config)
    let output = try await environment.laforge(
      [
        "run", "--agent-config", config.string, "--model", "m-2", "--meta", "token=\(secret)",
        "--meta", "ticket=PL-7", "-m", "password: \(secret)", "--", "sh", "-c", "true",
        "--api-key", secret, "Authorization: Bearer \(secret)", "https://ada:\(secret)@example.com",
        "sk-ant-\(secret)",
      ], adding: ["OPENAI_API_KEY": secret])
    #expect(output.status == 0)
    let step = try await latest(environment)
    #expect(step["agent_config"]?["model"] == "m-2")
    #expect(step["agent_config"]?["max_tokens"] == 5)
    #expect(step["agent_config"]?["metadata"]?["ticket"] == "PL-7")
    #expect(step["agent_config"]?["metadata"]?["extra"]?.array == [1])
    let folder = environment.repository.appending(".git/laforge").string
    let found = try await environment.run("/bin/grep", ["-ra", secret, folder])
    #expect(found.status == 1, "\(found)")
  }

  @Test func theRecordFileHoldsTheStepAsShowDoes() async throws {
    let environment = try await TestEnvironment()
    try await environment.laforge(["run", "--record", "../step.json", "true"])
    let text = try String(
      contentsOfFile: environment.root.appending("step.json").string, encoding: .utf8)
    #expect(text == (try await environment.laforge(["show", "--json"])).standardOutput)
  }

  @Test func theRecordFileMayBeAPipeOrALink() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      mkfifo ../pipe; echo old > ../target; ln -s target ../link
      laforge run --record ../pipe true & cat ../pipe | grep '"id"'; wait
      laforge run --record ../link true; grep '"id"' ../target; test -L ../link && echo link
      laforge run --record ../target --bogus x 2> /dev/null; grep -c usage ../target
      """)
    #expect(output.standardOutput == "  \"id\" : 1,\n  \"id\" : 2,\nlink\n1\n", "\(output)")
  }

  @Test func aValueMayBeginWithADash() async throws {
    let environment = try await TestEnvironment()
    try await environment.laforge(["run", "-m", "- tidy", "--meta", "-k=v", "true"])
    #expect(try await latest(environment)["label"] == "- tidy")
  }

  @Test func theClosingLineIsForTerminalsOrForThoseWhoAsk() async throws {
    let environment = try await TestEnvironment()
    let asked = try await environment.laforge(["run", "-v", "sh", "-c", "exit 3"])
    #expect(asked.standardError.hasPrefix("S1 failed (exit 3), "))
    #expect(asked.standardOutput.isEmpty)
    let quiet = try await environment.laforge(["run", "-q", "-v", "true"])
    #expect(quiet.standardError.isEmpty)
  }

  @Test func aRunWithinARunIsItsChildAndOnNoLine() async throws {
    let environment = try await TestEnvironment()
    try await environment.shell("laforge run true; laforge run sh -c 'laforge run false; exit 0'")
    let steps = try await environment.laforge(["log", "--all", "--json"]).json().array
    #expect(steps.map { $0["within"] } == [2, nil as TestJSON, nil as TestJSON])
    #expect(steps.map { $0["parent_step_id"] } == [nil as TestJSON, 1, nil as TestJSON])
    let line = try await environment.laforge(["log", "--json"]).json().array
    #expect(line.map { $0["id"] } == [2, 1])
  }

  @Test func linkedWorktreesShareNumbersButNotLines() async throws {
    let environment = try await TestEnvironment()
    try await environment.git("worktree", "add", "-q", "../side", "-b", "side")
    let side = environment.root.appending("side")
    try await environment.laforge(["run", "true"])
    try await environment.laforge(["run", "true"], in: side)
    try await environment.laforge(["run", "true"])
    let main = try await environment.laforge(["log", "--json"]).json().array
    #expect(main.map { $0["id"] } == [3, 1])
    #expect(main.first?["parent_step_id"] == 1)
    let other = try await environment.laforge(["show", "@", "--json"], in: side).json()
    #expect(other["id"] == 2)
    #expect(other["project_id"] == "web")
    #expect(other["branch_before"] == "refs/heads/side")
    let back = try await environment.laforge(["show", "@-", "--json"]).json()
    #expect(back["id"] == 1)
  }

  @Test func manyCommitsAreAllRecordedInOrder() async throws {
    let environment = try await TestEnvironment()
    let script = "for i in $(seq 150); do git commit -q --allow-empty -m $i; done"
    try await environment.laforge(["run", "bash", "-c", script])
    let recorded = try await latest(environment)["commits"]?.array.compactMap(\.string)
    let made = try await environment.git("rev-list", "--reverse", "HEAD~150..HEAD")
    #expect(recorded == made.split(separator: "\n").map(String.init))
  }

  @Test func anUnbornHeadAndItsFirstCommitAreRecorded() async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    try await environment.git("init", "-q", "-b", "main")
    try await environment.shell(
      "laforge run true; laforge run sh -c 'echo x > x; git add x; git commit -qm first'")
    let steps = try await environment.laforge(["log", "--json"]).json().array
    #expect(steps.last?["commit_sha_before"] == nil as TestJSON)
    #expect(steps.last?["commit_sha_after"] == nil as TestJSON)
    #expect(steps.last?["branch_after"] == "refs/heads/main")
    #expect(steps.first?["commit_sha_before"] == nil as TestJSON)
    #expect(steps.first?["insertions"] == 1)
    #expect(steps.first?["commits"]?.array.count == 1)
  }

  @Test func commitsOnAnotherBranchAreRecorded() async throws {
    let environment = try await TestEnvironment()
    let script = "git checkout -q -b try; git commit -q --allow-empty -m x; git checkout -q main"
    try await environment.laforge(["run", "sh", "-c", script])
    let commit = try await environment.git("rev-parse", "try")
    let step = try await latest(environment)
    #expect(step["commits"]?.array.map(\.string) == [commit])
    #expect(step["commit_sha_after"] == step["commit_sha_before"])
    #expect(step["files_changed"] == 0)
  }
}
