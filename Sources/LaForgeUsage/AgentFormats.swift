/// Which parser reads which agent's output.
enum AgentFormats {
  /// `nil` for an agent whose output has no format known here.
  static func makeParser(agent: String, arguments: [String]) -> (any UsageParser)? {
    switch agent.lowercased() {
    case "claude": ClaudeCodeParser(arguments: arguments)
    case "codex": CodexParser(arguments: arguments)
    default: nil
    }
  }
}
