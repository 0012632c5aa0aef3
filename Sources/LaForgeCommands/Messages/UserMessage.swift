/// An error, a warning or a notice for people, and in JSON for programs.
package struct UserMessage: Equatable, Sendable {
  /// A stable name for programs, `no_such_step`.
  package var code: String
  /// What could not be done, in one sentence.
  package var summary: String
  /// What it is about, a line each; the summary ends with a colon then.
  package var items: [String]
  /// What was left as it was.
  package var consequence: String?
  /// What led to it, the nearest cause first.
  package var causes: [String]
  /// What to do, with a command to paste.
  package var hint: String?

  package init(
    code: String, summary: String, items: [String] = [], consequence: String? = nil,
    causes: [String] = [], hint: String? = nil
  ) {
    self.code = code
    self.summary = summary
    self.items = items
    self.consequence = consequence
    self.causes = causes
    self.hint = hint
  }

  /// How many items are listed before the rest is only counted.
  private static let listed = 12

  /// The lines to print on standard error, each ended by a newline and wrapped to `columns`; `kind`
  /// is `Error`, `Warning` or `Note`.
  package func text(_ kind: String = "Error", columns: Int? = nil) -> String {
    var lines = ["\(kind): \(summary)"]
    lines += items.prefix(Self.listed).map { "  \($0)" }
    if items.count > Self.listed { lines.append("  and \(items.count - Self.listed) more") }
    if let consequence { lines.append(consequence) }
    let numbered = causes.count > 1
    for (index, cause) in causes.enumerated() {
      lines.append("Caused by: \(numbered ? "\(index + 1). " : "")\(cause)")
    }
    if let hint { lines.append("Hint: \(hint)") }
    return lines.map {
      TerminalText.wrap(TerminalText.clean($0), columns: columns) + "\n"
    }.joined()
  }
}

/// The one JSON document that stands for an error.
struct ErrorDocument: Encodable {
  private struct Content: Encodable {
    var code: String
    var message: String
    var hint: String?

    enum CodingKeys: String, CodingKey {
      case code, message, hint
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(code, forKey: .code)
      try container.encode(message, forKey: .message)
      try container.encode(hint, forKey: .hint)
    }
  }

  private let error: Content

  init(_ message: UserMessage) {
    let items = message.items.isEmpty ? nil : message.items.joined(separator: ", ") + "."
    let sentences =
      [message.summary, items, message.consequence].compactMap { $0 } + message.causes
    error = Content(
      code: message.code, message: sentences.joined(separator: " "), hint: message.hint)
  }
}

/// Ends a command: what to say, and what to exit with.
package struct CommandFailure: Error, Equatable {
  package var message: UserMessage
  package var status: ExitStatus

  package init(_ message: UserMessage, status: ExitStatus = .failure) {
    self.message = message
    self.status = status
  }
}
