import ArgumentParser

/// An agent whose own hooks can begin and end steps.
enum HookedAgent: String, ExpressibleByArgument, CaseIterable {
  case claude, codex, gemini

  /// Its settings for one project, below the top of the working tree.
  var settings: String {
    switch self {
    case .claude: ".claude/settings.json"
    case .codex: ".codex/hooks.json"
    case .gemini: ".gemini/settings.json"
    }
  }

  /// One of its hooks, and what it does.
  typealias Event = (name: String, action: StepCommand.Action)

  /// Its hooks, in the order in which they are written.
  ///
  /// Only events that every version with hooks knows: an unknown one makes some refuse the file.
  var events: [Event] {
    switch self {
    // A turn that is interrupted has no `Stop`, but the session has an end.
    case .claude: [("UserPromptSubmit", .begin), ("Stop", .end), (Self.sessionEnd, .end)]
    case .codex: [("UserPromptSubmit", .begin), ("Stop", .end)]
    case .gemini: [("BeforeAgent", .begin), ("AfterAgent", .end), (Self.sessionEnd, .end)]
    }
  }

  static let sessionEnd = "SessionEnd"

  /// Whether it has one session at a time, as it was called, and does not tell where that ends.
  func leavesSessionsOpen(_ words: [String]) -> Bool {
    let servers: Set = ["app-server", "mcp-server", "exec-server", "proto"]
    return self == .codex && !words.contains(where: servers.contains)
  }

  /// The variable by which its hooks find the project's folder; `nil` where there is none.
  var projectVariable: String? {
    switch self {
    case .claude: "CLAUDE_PROJECT_DIR"
    case .codex: nil
    case .gemini: "GEMINI_PROJECT_DIR"
    }
  }

  /// The command of a hook; without LaForge it does nothing.
  func command(_ action: StepCommand.Action) -> String {
    "! command -v laforge >/dev/null 2>&1 || \(Self.call(action)) \(rawValue)"
  }

  /// Whether a command is one that LaForge has put there.
  func isOurs(_ command: String) -> Bool {
    StepCommand.Action.allCases.contains { self.command($0) == command }
  }

  /// Whether a command does what LaForge's does, perhaps among other things: then it is the person's.
  func calls(_ action: StepCommand.Action, in command: String) -> Bool {
    command.contains("\(Self.call(action)) \(rawValue)")
  }

  private static func call(_ action: StepCommand.Action) -> String {
    "laforge step \(action.rawValue) --hook"
  }
}
