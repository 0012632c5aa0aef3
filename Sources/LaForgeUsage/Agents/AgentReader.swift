import LaForgeCore

/// Reads what one agent tells of its usage: in its output, and in its session files.
///
/// One type per agent. It is a value that is fed and then asked.
protocol AgentReader {
  /// Bytes of which a line of JSON in the output holds at least one if it can matter.
  static var markers: LineMarkers { get }
  /// The same for lines of text.
  static var textMarkers: LineMarkers { get }
  /// Where its sessions are.
  static func places(_ call: AgentCall) -> [SessionPlace]
  /// Whether every record of a session that matters has its time, so that those of a turn can be told
  /// from those before without knowing what was there.
  static var datesRecords: Bool { get }
  /// The output is one JSON document rather than lines of it.
  static func printsDocument(_ call: AgentCall) -> Bool

  /// The options that name its model.
  static var modelOptions: [String] { get }

  init(_ call: AgentCall)

  /// Takes a JSON value of the output.
  ///
  /// - Throws: Any error where it looked like usage but cannot be read; it is counted.
  mutating func take(_ event: JSON, from stream: AgentStream) throws

  /// Takes a line of text of the output, control sequences left out.
  mutating func take(_ line: String, from stream: AgentStream)
  /// Whether the next line of text belongs to the last, whatever it holds.
  var wantsNextLine: Bool { get }

  /// The session ids that were printed.
  var sessionIDs: Set<String> { get }
  /// The model that the agent named.
  var model: String? { get }
  /// Whether the agent reported that it failed; `nil` if it said nothing of it.
  var reportedError: Bool? { get }

  /// How a session file is read.
  func makeTally(_ file: SessionFile) -> any SessionTally

  /// What was told, the best first: the first that may be used counts.
  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding]
}

extension AgentReader {
  static var markers: LineMarkers { [] }
  static var textMarkers: LineMarkers { [] }
  static func places(_ call: AgentCall) -> [SessionPlace] { [] }
  static var datesRecords: Bool { false }
  static func printsDocument(_ call: AgentCall) -> Bool { false }
  static var modelOptions: [String] { ["--model", "-m"] }
  mutating func take(_ event: JSON, from stream: AgentStream) throws {}
  mutating func take(_ line: String, from stream: AgentStream) {}
  var wantsNextLine: Bool { false }
  var sessionIDs: Set<String> { [] }
  var model: String? { nil }
  var reportedError: Bool? { nil }
  func makeTally(_ file: SessionFile) -> any SessionTally { NoTally() }

  /// What the session files told, as a finding; `nil` where they told nothing.
  func finding(
    _ sessions: SessionReading, _ ending: RunEnding, incomplete reason: String? = nil
  ) -> UsageFinding? {
    let figures = sessions.figures
    guard !figures.isEmpty else { return nil }
    return UsageFinding(
      .sessionFile, sessions.paths.joined(separator: ", "), figures,
      incomplete: ending.reason ?? sessions.incompleteReason ?? reason)
  }

  /// What the output told, as a finding; `nil` where it told nothing.
  func printed(
    _ place: String, _ figures: Figures, _ ending: RunEnding, on source: UsageSource = .stdout,
    incomplete reason: String? = nil
  ) -> UsageFinding? {
    figures.isEmpty
      ? nil : UsageFinding(source, place, figures, incomplete: ending.reason ?? reason)
  }
}

extension RunEnding {
  /// Why nothing that was reported by then can be whole.
  var reason: String? {
    if wasKilled { return "the agent was ended before it could report its last request" }
    return hasGap ? "a part of its output was not kept" : nil
  }
}

/// Of an agent without session files.
struct NoTally: SessionTally {
  let claim = SessionClaim()
  let figures = Figures()
}

/// Why a line that looked like usage was not taken.
struct UnreadableUsage: Error {}
