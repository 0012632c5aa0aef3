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
/// The second in any letter case, anywhere in a line. The figures are totals, so the last line
/// counts.
struct TokenUsageLineParser: UsageParser {
  static let markers: [StaticString] = ["\"token_usage\""]

  private var latest: (figures: UsageFigures, stream: AgentStream)?

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

  /// The offset behind `TOKEN_USAGE:` in a line; its underscore is what is searched for.
  private static func startOfFigures(_ line: UnsafeRawBufferPointer) -> Int? {
    var from = 0
    while let underscore = line.offset(of: UInt8(ascii: "_"), from: from) {
      from = underscore + 1
      guard underscore >= 5, underscore + 6 <= line.count,
        hasWord("token", line, at: underscore - 5), hasWord("usage", line, at: underscore + 1)
      else { continue }
      let colon = line[(underscore + 6)...].firstIndex { !$0.isSpace }
      if let colon, line[colon] == UInt8(ascii: ":") { return colon + 1 }
    }
    return nil
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
    var isEmpty = true
    for part in text.split(separator: ",") {
      let sides = part.split(separator: "=", maxSplits: 1)
      guard sides.count == 2 else { continue }
      let name = sides[0].trimmingCharacters(in: .whitespaces)
      // Text may follow the last figure.
      let value = sides[1].split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
      switch name {
      case "prompt_tokens": figures.promptTokens = try count(value)
      case "completion_tokens": figures.completionTokens = try count(value)
      case "total_tokens": figures.totalTokens = try count(value)
      case "cost": figures.cost = try cost(value)
      default: continue
      }
      isEmpty = false
    }
    return isEmpty ? nil : figures
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
