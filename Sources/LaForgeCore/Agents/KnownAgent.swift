/// A coding agent, or a program like one, that LaForge knows something about.
package struct KnownAgent: Equatable, Sendable {
  /// The name in records: `claude`.
  package var name: String
  /// Other names of its program.
  package var aliases: [String] = []
  /// The packages that `npx`, `uvx` and the like run it from.
  package var packages: [String] = []
  /// When it draws on the whole terminal.
  package var fullScreen: FullScreen = .never

  /// When a program draws on the whole terminal, which it then gets itself, untouched.
  package enum FullScreen: Equatable, Sendable {
    case never
    case always
    /// Unless one of these options is given.
    case unlessOption(Set<String>)
    /// Unless its first word that is no option is one of these.
    case unlessSubcommand(Set<String>)
  }

  /// Whether a call with these arguments draws on the whole terminal.
  package func isFullScreen(_ arguments: [String]) -> Bool {
    switch fullScreen {
    case .never: false
    case .always: true
    case .unlessOption(let options):
      !arguments.contains { word in options.contains(word) || Self.isJoined(word, to: options) }
    case .unlessSubcommand(let subcommands):
      !(arguments.first { !$0.hasPrefix("-") }.map(subcommands.contains) ?? false)
    }
  }

  /// `--print=…`, or `-pfix` for a short option.
  private static func isJoined(_ word: String, to options: Set<String>) -> Bool {
    options.contains { option in
      option.hasPrefix("--")
        ? word.hasPrefix("\(option)=")
        : word.hasPrefix(option) && !word.hasPrefix("--") && word.count > option.count
    }
  }
}

extension KnownAgent {
  /// All that are known.
  package static let all: [KnownAgent] = agents + editors

  private static let agents: [KnownAgent] = [
    KnownAgent(
      name: "claude", packages: ["@anthropic-ai/claude-code"],
      fullScreen: .unlessOption(["-p", "--print"])),
    KnownAgent(
      name: "codex", packages: ["@openai/codex"],
      fullScreen: .unlessSubcommand([
        "exec", "e", "review", "login", "logout", "mcp", "mcp-server", "app-server", "completion",
        "apply", "a", "cloud", "features", "debug", "sandbox",
      ])),
    KnownAgent(
      name: "gemini", aliases: ["gemini-cli"], packages: ["@google/gemini-cli"],
      fullScreen: .unlessOption(["-p", "--prompt"])),
    KnownAgent(
      name: "qwen", aliases: ["qwen-code"], packages: ["@qwen-code/qwen-code"],
      fullScreen: .unlessOption(["-p", "--prompt"])),
    KnownAgent(
      name: "opencode", packages: ["opencode-ai"],
      fullScreen: .unlessSubcommand([
        "run", "serve", "auth", "models", "stats", "export", "import", "session", "agent", "mcp",
        "upgrade", "uninstall", "github", "debug",
      ])),
    KnownAgent(
      name: "aider", packages: ["aider-chat"],
      fullScreen: .unlessOption(["-m", "--message", "--msg", "-f", "--message-file"])),
    KnownAgent(
      name: "copilot", packages: ["@github/copilot"],
      fullScreen: .unlessOption(["-p", "--prompt"])),
    KnownAgent(
      name: "cursor-agent", aliases: ["cursor"], fullScreen: .unlessOption(["-p", "--print"])),
    KnownAgent(
      name: "amp", packages: ["@sourcegraph/amp", "@ampcode/cli"],
      fullScreen: .unlessOption(["-x", "--execute"])),
    KnownAgent(
      name: "crush", packages: ["@charmland/crush"],
      fullScreen: .unlessSubcommand(["run", "logs", "dirs", "schema", "update-providers"])),
    KnownAgent(
      name: "droid", fullScreen: .unlessSubcommand(["exec", "mcp", "help"])),
    KnownAgent(
      name: "pi", packages: ["@mariozechner/pi-coding-agent"],
      fullScreen: .unlessOption(["-p", "--print"])),
    KnownAgent(
      name: "kimi", aliases: ["kimi-cli"], packages: ["kimi-cli"],
      fullScreen: .unlessOption(["--print", "--quiet"])),
    KnownAgent(
      name: "vibe", packages: ["mistral-vibe"],
      fullScreen: .unlessOption(["-p", "--prompt"])),
    KnownAgent(
      name: "codebuddy", aliases: ["cbc"], packages: ["@tencent-ai/codebuddy-code"],
      fullScreen: .unlessOption(["-p", "--print"])),
    KnownAgent(
      name: "openhands", packages: ["openhands"], fullScreen: .unlessOption(["--headless"])),
    KnownAgent(
      name: "code-puppy", aliases: ["pup"], packages: ["code-puppy"],
      fullScreen: .unlessOption(["-p", "--prompt"])),
    KnownAgent(name: "goose", fullScreen: .never),
    KnownAgent(name: "gptme", packages: ["gptme"], fullScreen: .never),
    KnownAgent(
      name: "mini-swe-agent", aliases: ["mini"], packages: ["mini-swe-agent"], fullScreen: .never),
    KnownAgent(name: "llm", packages: ["llm"], fullScreen: .never),
  ]

  private static let editors: [KnownAgent] = [
    KnownAgent(
      name: "vim", aliases: ["vi", "nvim", "vimdiff", "view"], fullScreen: .always),
    KnownAgent(name: "emacs", aliases: ["emacsclient"], fullScreen: .always),
    KnownAgent(
      name: "nano", aliases: ["pico", "micro", "joe", "jed", "ne", "mcedit", "tilde", "mg"],
      fullScreen: .always),
    KnownAgent(name: "hx", aliases: ["helix", "kak"], fullScreen: .always),
  ]

  /// The agent that a program of this name is, or one that a package of this name holds.
  package static func named(_ program: String) -> KnownAgent? { byName[program] }

  private static let byName: [String: KnownAgent] = {
    var found: [String: KnownAgent] = [:]
    for agent in all {
      for name in [agent.name] + agent.aliases + agent.packages { found[name] = agent }
    }
    return found
  }()
}
