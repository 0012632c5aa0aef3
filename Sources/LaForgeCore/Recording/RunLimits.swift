/// What ends a run that goes on for too long or costs too much.
package struct RunLimits: Equatable, Sendable {
  /// How long the command may run, in milliseconds; the time that it is stopped does not count.
  ///
  /// `nil` for any time.
  package var timeout: Int64?
  /// How long the command may print nothing, in milliseconds; `nil` for any time.
  package var idleTimeout: Int64?
  /// How long a command that was told to end has for it before it is killed, in milliseconds.
  package var grace: Int64 = 10_000
  /// What the run may cost; `nil` for anything.
  package var maximumCost: Cost?

  package init() {}

  /// Whether any of them can be told only from what the command prints.
  package var needOutput: Bool { idleTimeout != nil || maximumCost != nil }
}

/// How a command is connected to the caller's terminal, pipes and files.
package enum CaptureMode: String, CaseIterable, Sendable {
  /// A full-screen program gets the terminal itself, any other command on a terminal a
  /// pseudo-terminal; pipes and files are relayed.
  case auto
  /// The command gets everything itself, and nothing that it prints is seen.
  case none
  /// Everything that the command prints goes through a pseudo-terminal.
  case pty
}

/// What is to be kept of a command's output.
package struct OutputLimits: Equatable, Sendable {
  /// Bytes of one step, before compression.
  package var ofStep: Int64 = 16 << 20
  /// Bytes on disk of all steps together.
  package var ofAll: Int64 = 512 << 20

  package init() {}
}
