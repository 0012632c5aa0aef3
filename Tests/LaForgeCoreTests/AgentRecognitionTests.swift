import LaForgeCore
import Testing

/// Which agent a command runs, whatever stands in front of it.
@Suite struct AgentRecognitionTests {
  @Test(
    arguments: [
      (["claude", "-p", "x"], "claude"), (["/opt/bin/claude"], "claude"),
      (["claude-2.1.19", "-p", "x"], "claude"), (["./codex-0.163.0"], "codex"),
      (["npx", "-y", "@anthropic-ai/claude-code@latest", "-p", "x"], "claude"),
      (["npx", "--package", "x", "@openai/codex", "exec"], "codex"),
      (["env", "-u", "A", "B=c", "gemini", "-p", "x"], "gemini"),
      (["timeout", "-k", "5", "60", "aider", "--message", "x"], "aider"),
      (["nice", "-n", "5", "nohup", "qwen"], "qwen"),
      (["uvx", "--from", "aider-chat", "aider"], "aider"),
      (["uv", "tool", "run", "kimi-cli"], "kimi"),
      (["python3", "-m", "aider", "--message", "x"], "aider"),
      (["python3.11", "-m", "gptme"], "gptme"),
      (["python", "-u", "/opt/aider.py"], "aider"), (["node", "/opt/gemini.js"], "gemini"),
      (["sh", "-c", "cd web && A=b exec claude -p 'fix; it'"], "claude"),
      (["bash", "-lc", "codex exec x | tee log"], "codex"),
      (["pnpm", "dlx", "opencode-ai", "run", "x"], "opencode"),
      (["sudo", "-u", "ada", "timeout", "9", "amp", "-x", "y"], "amp"),
      (["mini", "-m", "m"], "mini-swe-agent"),
    ] as [([String], String)])
  func anAgentIsFoundBehindWhatRunsIt(_ words: [String], _ name: String) {
    #expect(AgentRecognition(words).agent?.name == name)
  }

  @Test(arguments: [
    (["sh", "-c", "laforge"], true), (["/bin/bash", "-lc", "laforge"], true),
    (["bash", "-eo", "pipefail", "-c", "laforge"], true), (["bash", "-c", "--", "laforge"], true),
    (["bash", "--norc", "-c", "laforge"], true), (["bash", "--norc", "agent"], false),
    (["bash", "agent", "-c", "x"], false), (["bash", "agent", "--sync", "now"], false),
    (["bash", "-c"], false), (["bash"], false), (["python3", "-c", "x"], false),
  ])
  func aShellThatRunsOneCommandIsSeen(_ words: [String], _ isOne: Bool) {
    #expect(AgentRecognition.isShellCommand(words) == isOne)
  }

  @Test(
    arguments: [
      ["make", "test"], ["cat", "claude"], ["sh", "-c", "echo claude"],
      ["python3", "claude-notes.txt"],
      ["python3", "-c", "print('aider')"], ["npm", "install", "@openai/codex"], ["env"],
      ["timeout"],
      ["sh"], ["uv", "tool", "install", "aider-chat"], ["claudette"], ["2.1"],
    ])
  func whatOnlyMentionsOneIsNone(_ words: [String]) {
    #expect(AgentRecognition(words).agent == nil)
  }

  @Test(
    arguments: [
      (["claude"], true), (["claude", "-p", "x"], false), (["claude", "--print"], false),
      (["claude", "-c"], true), (["codex"], true), (["codex", "exec", "x"], false),
      (["codex", "--model", "m"], true), (["gemini", "-p", "x"], false),
      (["gemini", "-pfix"], false),
      (["gemini", "--prompt=x"], false), (["gemini", "--yolo"], true), (["opencode"], true),
      (["opencode", "run", "x"], false), (["aider", "--message-file", "f"], false),
      (["aider", "--model", "x"], true), (["vim", "-c", "q"], true), (["less", "f"], false),
      (["goose", "run"], false), (["npx", "claude"], true),
      (["sh", "-c", "claude -p x"], false), (["sh", "-c", "claude"], true),
    ] as [([String], Bool)])
  func whatDrawsOnTheWholeTerminalIsKnown(_ words: [String], _ isFullScreen: Bool) {
    #expect(AgentRecognition(words).isFullScreen == isFullScreen)
  }

  @Test func theArgumentsAreThoseOfTheAgent() {
    let recognition = AgentRecognition(["env", "A=b", "codex", "exec", "resume", "--last"])
    #expect(recognition.arguments == ["exec", "resume", "--last"])
    #expect(recognition.program == "codex")
    #expect(AgentRecognition(["make", "test"]).arguments == ["test"])
  }
}
