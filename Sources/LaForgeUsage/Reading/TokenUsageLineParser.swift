import Foundation
import LaForgeCore

/// Lines by which any program can tell its usage.
///
/// In the two formats of the Go program of the same name:
///
/// ```
/// {"token_usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "cost": 0.01}}
/// TOKEN_USAGE: prompt_tokens=10, completion_tokens=5, total_tokens=15, cost=0.01
/// ```
///
/// The second in any letter case, at the beginning of a line: a line that only quotes it, as `grep`
/// prints it, reports nothing. The figures are totals, so the last line counts.
struct TokenUsageLineParser {
  /// Bytes that a line of JSON holds if it can matter.
  static let markers: LineMarkers = ["\"token_usage\""]

  private var latest: (figures: UsageFigures, stream: AgentStream)?

  /// Takes a line that holds a marker, or of text that may hold figures.
  ///
  /// - Throws: Any error where it cannot be read.
  mutating func read(_ line: UnsafeRawBufferPointer, from stream: AgentStream) throws {
    guard line.looksLikeJSON else {
      if let figures = try Self.figures(inText: line) { latest = (figures, stream) }
      return
    }
    let object = try JSONDecoder().decode(TokenUsageObject.self, from: Data(line))
    if object.figures.usage(from: .stdout) != nil || object.figures.cost != nil {
      latest = (object.figures, stream)
    }
  }

  /// What the lines so far add up to.
  var report: UsageReport {
    guard let latest else { return UsageReport() }
    let source: UsageSource = latest.stream == .standardOutput ? .stdout : .stderr
    var usage = latest.figures.usage(from: source)
    if usage == nil, let cost = latest.figures.cost {
      usage = TokenUsage()
      usage?.cost = cost
      usage?.costSource = .agent
    }
    return UsageReport(usage: usage, model: latest.figures.model)
  }

  /// Whether a line of text holds the second format; cheap, since it is asked of every line.
  static func mayHoldText(_ line: UnsafeRawBufferPointer) -> Bool {
    startOfFigures(line) != nil
  }

  /// The offset behind the `TOKEN_USAGE:` that a line begins with.
  private static func startOfFigures(_ line: UnsafeRawBufferPointer) -> Int? {
    guard let start = line.firstIndex(where: { !$0.isSpace }), start + 11 <= line.count,
      line[start + 5] == UInt8(ascii: "_"), hasWord("token", line, at: start),
      hasWord("usage", line, at: start + 6)
    else { return nil }
    let colon = line[(start + 11)...].firstIndex { !$0.isSpace }
    guard let colon, line[colon] == UInt8(ascii: ":") else { return nil }
    return colon + 1
  }

  /// Whether a word in lower case stands in a line, in any case.
  private static func hasWord(
    _ word: StaticString, _ line: UnsafeRawBufferPointer, at start: Int
  ) -> Bool {
    word.withUTF8Buffer { word in
      zip(word, line[start...]).allSatisfy { $0 == ((65...90).contains($1) ? $1 | 0x20 : $1) }
    }
  }

  private static func figures(
    inText line: UnsafeRawBufferPointer
  ) throws -> UsageFigures? {
    guard let start = startOfFigures(line) else { return nil }
    let text = String(decoding: line[start...], as: UTF8.self).lowercased()
    var figures = UsageFigures()
    if text.allSatisfy(\.isWhitespace) { return nil }
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let sides = part.split(separator: "=", maxSplits: 1).map {
        $0.trimmingCharacters(in: .whitespacesAndNewlines)
      }
      // A figure like 1,000 or a misspelt name: no guess is made at what was meant.
      guard sides.count == 2 else { throw UnreadableUsage() }
      switch sides[0] {
      case "prompt_tokens": figures.promptTokens = try count(sides[1])
      case "completion_tokens": figures.completionTokens = try count(sides[1])
      case "total_tokens": figures.totalTokens = try count(sides[1])
      case "cost": figures.cost = try cost(sides[1])
      default: throw UnreadableUsage()
      }
    }
    return figures
  }

  private static func count(_ text: String) throws -> Int64 {
    guard let value = Int64(text), value >= 0 else { throw UnreadableUsage() }
    return value
  }

  private static func cost(_ text: String) throws -> Cost {
    let digits = text.hasPrefix("$") ? String(text.dropFirst()) : text
    guard digits.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: ".") }),
      let dollars = Decimal(string: digits), let cost = Cost(dollars: dollars)
    else { throw UnreadableUsage() }
    return cost
  }
}
