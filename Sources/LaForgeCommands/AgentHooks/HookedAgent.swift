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
    case .claude: [("UserPromptSubmit", .begin), ("Stop", .end), ("SessionEnd", .end)]
    case .codex: [("UserPromptSubmit", .begin), ("Stop", .end)]
    case .gemini: [("BeforeAgent", .begin), ("AfterAgent", .end), ("SessionEnd", .end)]
    }
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

  /// Whether a command is one that some version of LaForge has put there.
  static func isOurs(_ command: String) -> Bool {
    StepCommand.Action.allCases.contains { command.contains(call($0)) }
  }

  private static func call(_ action: StepCommand.Action) -> String {
    "laforge step \(action.rawValue) --hook"
  }
}
