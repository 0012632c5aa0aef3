/// What a run's output told of its usage.
package struct UsageReport: Equatable, Sendable {
  /// `nil` where nothing was reported.
  package var usage: TokenUsage?
  /// The model that the agent named.
  package var model: String?
  /// Whether the agent reported that it failed; `nil` if it said nothing of it.
  package var agentReportedError: Bool?
  /// How many lines looked like usage but could not be read.
  package var unreadableLines: Int
  /// Which places told it; `nil` where nobody asked.
  package var explanation: UsageExplanation?
  /// Whether what the agent wrote down shows that its turn is over, for one that does so.
  package var showsEndOfTurn = true

  package init(
    usage: TokenUsage? = nil, model: String? = nil, agentReportedError: Bool? = nil,
    unreadableLines: Int = 0, explanation: UsageExplanation? = nil
  ) {
    self.usage = usage
    self.model = model
    self.agentReportedError = agentReportedError
    self.unreadableLines = unreadableLines
    self.explanation = explanation
  }
}

/// Reads the usage of one run from what it prints.
package protocol UsageMeter {
  /// Takes the next bytes of a stream; they may end anywhere.
  mutating func consume(_ bytes: UnsafeRawBufferPointer, from stream: AgentStream)

  /// What the run has cost by what was consumed so far; `nil` where nothing tells.
  var costSoFar: Cost? { mutating get }

  /// Returns what was found once everything has been consumed.
  ///
  /// - Parameters:
  ///   - usageFile: What the command wrote into the file named by `LAFORGE_USAGE_FILE`, which wins
  ///     over everything printed.
  ///   - wasKilled: Whether a signal ended the command, so that it may not have reported all.
  /// - Returns: What was reported, if anything was.
  mutating func finish(usageFile: [UInt8]?, wasKilled: Bool) -> UsageReport
}
