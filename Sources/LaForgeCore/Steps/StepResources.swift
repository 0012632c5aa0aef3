/// What a command took of the machine, as `wait4(2)` counts it: of the process itself and of those
/// that it has waited for.
public struct ResourceUsage: Hashable, Codable, Sendable {
  /// CPU time in user mode.
  public var userMilliseconds: Int64
  /// CPU time in the kernel.
  public var systemMilliseconds: Int64
  /// The largest resident set of any one of these processes; `nil` where it was not larger than
  /// that of LaForge's own process from which it was started, so that it cannot be told.
  public var peakMemoryBytes: Int64?

  /// Creates a value of these parts.
  public init(userMilliseconds: Int64, systemMilliseconds: Int64, peakMemoryBytes: Int64?) {
    self.userMilliseconds = userMilliseconds
    self.systemMilliseconds = systemMilliseconds
    self.peakMemoryBytes = peakMemoryBytes
  }
}

/// How a command's output reached the caller.
public enum OutputRoute: String, Codable, CaseIterable, Sendable {
  /// The command had the caller's descriptors themselves; what it printed was not seen.
  case direct
  /// Through pipes; a stream that was a terminal was the command's own.
  case pipe
  /// Through a pseudo-terminal.
  case pty
}

/// What is known of a command's output.
public struct StepOutput: Hashable, Codable, Sendable {
  /// How it reached the caller.
  public var route: OutputRoute
  /// How many bytes went through LaForge.
  public var printedBytes: Int64
  /// How many of them were kept, before compression and with credentials masked; 0 where none were.
  public var keptBytes: Int64
  /// What they take on disk; `nil` once they were removed to make room for later ones.
  public var diskBytes: Int64?

  /// Creates a value of these parts.
  public init(
    route: OutputRoute, printedBytes: Int64, keptBytes: Int64 = 0, diskBytes: Int64? = 0
  ) {
    self.route = route
    self.printedBytes = printedBytes
    self.keptBytes = keptBytes
    self.diskBytes = diskBytes
  }
}
