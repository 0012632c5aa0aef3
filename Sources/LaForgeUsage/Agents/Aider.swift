import Foundation
import LaForgeCore

/// Aider: a line `Tokens: 3.1k sent, 157 received. Cost: $0.0081 message, $0.0081 session.` after
/// every model call, also in `.aider.chat.history.md`.
///
/// The figures are rounded; while it streams they are Aider's own guess. What goes into a cache is
/// counted in `sent` twice. The cost of the session is cumulative. The request for a commit message
/// is in no figure.
struct AiderReader: AgentReader {
  static let textMarkers: LineMarkers = ["Tokens: ", "Cost: $"]

  private var lines = AiderLines()

  // `-m` is its message.
  static let modelOptions = ["--model"]

  init(_ call: AgentCall) {}

  static func places(_ call: AgentCall) -> [SessionPlace] {
    [SessionPlace([.workingTree("")], ".aider.chat.history.md", .text)]
  }

  mutating func take(_ line: String, from stream: AgentStream) {
    if stream == .standardOutput { lines.take(line) }
  }

  var wantsNextLine: Bool { lines.isOpen }

  func makeTally(_ file: SessionFile) -> any SessionTally { AiderTally() }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    let reason = "Aider rounds its figures, and guesses them while it streams"
    return [
      printed("'Tokens:' lines", lines.figures, ending, incomplete: reason),
      finding(sessions, ending, incomplete: reason),
    ].compactMap { $0 }
  }
}

/// The lines themselves, wherever they stand.
struct AiderLines {
  private(set) var figures = Figures()
  private var open: String?

  /// Whether the line that began goes on.
  var isOpen: Bool { open != nil }

  mutating func take(_ line: String) {
    if let cost = line.range(of: "Cost: $") { takeCost(line[cost.upperBound...]) }
    if let range = line.range(of: "Tokens: ") {
      open = String(line[range.lowerBound...])
    } else {
      open?.append(" " + line)
    }
    guard let text = open else { return }
    if text.contains("received") {
      takeTokens(text)
      open = nil
    } else if text.count > 400 {
      open = nil
    }
  }

  private mutating func takeTokens(_ text: String) {
    guard let sent = Numbers.count(before: " sent", in: text),
      let received = Numbers.count(before: " received", in: text)
    else { return }
    let written = Numbers.count(before: " cache write", in: text) ?? 0
    let read = Numbers.count(before: " cache hit", in: text) ?? 0
    figures.add(
      TokenCounts(
        input: max(0, sent - 2 * written - read), cacheRead: read, cacheCreation: written,
        output: received), model: nil)
  }

  /// Takes the amount of the session from `$0.0081 message, $0.0243 session`.
  private mutating func takeCost(_ text: Substring) {
    guard let session = Numbers.word(before: " session", in: String(text)),
      let amount = Decimal(string: String(session.filter { $0 != "$" }))
    else { return }
    figures.cost = Cost(dollars: amount)
  }
}

/// The history file, to which Aider appends; its lines begin with `> `.
struct AiderTally: SessionTally {
  let claim = SessionClaim()
  private var lines = AiderLines()

  mutating func take(text: String, isOld: Bool) {
    if !isOld { lines.take(text) }
  }

  var figures: Figures { lines.figures }
}
