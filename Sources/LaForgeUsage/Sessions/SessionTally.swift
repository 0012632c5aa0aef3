import LaForgeCore

/// Adds up what one session file tells; one type per agent.
protocol SessionTally {
  /// Bytes of which a line holds at least one if it can matter.
  static var markers: LineMarkers { get }

  /// Takes a JSON line.
  ///
  /// - Parameters:
  ///   - record: The line.
  ///   - isOld: Whether it was there before the run.
  /// - Throws: `UnreadableUsage` where it looks like usage and cannot be read.
  mutating func take(_ record: JSON, isOld: Bool) throws

  /// Takes a line of text, of a file whose lines are no JSON.
  mutating func take(text: String, isOld: Bool)

  /// Takes a JSON document.
  ///
  /// - Parameters:
  ///   - document: What the file holds now.
  ///   - before: What it held before the run; `nil` where it was not there.
  /// - Throws: `UnreadableUsage` where it looks like usage and cannot be read.
  mutating func take(document: JSON, before: JSON?) throws

  /// Takes a row of a database that is new or another than before.
  ///
  /// - Parameters:
  ///   - row: Its columns.
  ///   - before: What they were before the run; `nil` where it was not there.
  /// - Throws: `UnreadableUsage` where it looks like usage and cannot be read.
  mutating func take(row: JSON, before: JSON?) throws

  /// Whose session it is, as far as the file tells.
  var claim: SessionClaim { get }

  /// The part of the figures that is this run's.
  var figures: Figures { get }

  /// Why they are not whole; `nil` where they are.
  var incompleteReason: String? { get }

  /// Whether the last that the session tells is the end of a turn; true where no turns are told apart.
  var showsEndOfTurn: Bool { get }
}

extension SessionTally {
  static var markers: LineMarkers { [] }
  mutating func take(_ record: JSON, isOld: Bool) {}
  mutating func take(text: String, isOld: Bool) {}
  mutating func take(document: JSON, before: JSON?) {}
  mutating func take(row: JSON, before: JSON?) {}
  var incompleteReason: String? { nil }
  var showsEndOfTurn: Bool { true }
}

/// What tells the session of this run from those of others at the same time.
struct SessionClaim: Equatable {
  /// The session's id.
  var id: String?
  /// The id of the session that it is a part of, for sub-agents.
  var root: String?
  /// The folder that the agent worked in.
  var directory: String?
  /// Whether the call names the file, so that it can be no other's.
  var isNamedByCall = false
  /// What the person asked in the part that is new.
  var prompts: [String] = []
}
