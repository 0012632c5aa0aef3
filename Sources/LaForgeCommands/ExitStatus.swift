import LaForgeCore

/// What LaForge exits with.
package enum ExitStatus: Equatable, Sendable {
  case success
  /// The command could not do its work; the message says why and what to do.
  case failure
  /// The command line was wrong.
  case usage
  /// `run` failed before the agent started, wrong options included.
  case runFailure
  /// `run` passes on how the agent ended; 126 and 127 where it could not be executed.
  case agent(Int32)

  package var rawValue: Int32 {
    switch self {
    case .success: 0
    case .failure: 1
    case .usage: 64
    case .runFailure: 125
    case .agent(let status): status
    }
  }

  /// The same for the help texts.
  static let help = """
    Exit status: 0 done; 1 could not, the message says why; 64 wrong usage. `laforge run` exits \
    with the agent's own status, 128 + n if signal n ended it; 125 if LaForge could not start it, \
    126 if the command cannot be executed, 127 if it was not found.
    """
}
