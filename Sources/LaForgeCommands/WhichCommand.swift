import ArgumentParser
import LaForgeCore
import LaForgeGit

/// `laforge which`: the step that made a commit.
struct WhichCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "which", abstract: "Show which step made a commit.",
    usage: "laforge which COMMIT [options]",
    discussion: """
      The record of this repository counts first, through amends and rebases that a hook noted, then \
      the commit's trailer 'LaForge-Step', which may name a step of another clone.
      """)

  @Argument(help: ArgumentHelp("The commit, as git names one.", valueName: "COMMIT"))
  var commit: String

  @OptionGroup var format: FormatOptions

  func run(in context: CommandContext) async throws -> ExitStatus {
    let session = try await ReadingSession(in: context)
    let answer: CommitOrigin
    do {
      guard let id = try await session.worktree.resolveCommit(commit) else {
        throw CommandFailure(.noSuchCommit(commit))
      }
      answer = try await CommitOrigin(of: id, in: session)
    } catch let error as GitError {
      throw CommandFailure(
        UserMessage(
          code: "commit_not_read", summary: "The commit '\(commit)' cannot be read.",
          causes: [error.description]))
    }
    if format.json {
      try context.output.write(try JSONOutput.document(answer))
    } else {
      try context.output.write(
        answer.text(
          width: context.output.columns, abbreviate: session.repository.abbreviation))
    }
    return answer.isKnown ? .success : .failure
  }
}

/// Where a commit comes from.
struct CommitOrigin {
  let commit: ObjectID
  let subject: String
  /// The steps that made it, each with the commit as the step made it.
  let makers: [(step: Step, commit: ObjectID)]
  /// What its trailers say, where the record knows nothing.
  let trailers: [(storeID: String, step: StepID)]
  let storeID: String?

  /// - Throws: `GitError` where the commit, `CommandFailure` where the record cannot be read.
  init(of commit: ObjectID, in session: ReadingSession) async throws {
    self.commit = commit
    let message = try await session.worktree.message(of: commit, trailer: Trailer.step)
    subject = message.subject
    storeID = session.history?.storeID
    let record = try await session.commitRecord()
    makers = try record.makers(of: commit).map { (try session.step(.id($0.step)), $0.commit) }
    trailers = makers.isEmpty ? message.values.compactMap(Trailer.parse) : []
  }

  /// Whether any step is known to have made it.
  var isKnown: Bool { !makers.isEmpty || !trailers.isEmpty }

  func text(width: Int?, abbreviate: (ObjectID) -> String) -> String {
    var lines = ["\(abbreviate(commit)) \(TerminalText.clean(subject))"]
    for maker in makers {
      let state = maker.step.isActive ? "" : ", rolled back"
      let rewritten = maker.commit == commit ? "" : ", as \(abbreviate(maker.commit))"
      let beginning = "  \(maker.step.id)  "
      let room = width.map { $0 - TerminalText.width(beginning + state + rewritten) }
      let command = TerminalText.truncate(maker.step.commandText, to: max(12, room ?? .max))
      lines.append("\(beginning)\(command)\(state)\(rewritten)")
    }
    for trailer in trailers {
      let place =
        trailer.storeID == storeID
        ? "by its trailer" : "of another clone (store \(trailer.storeID)), by its trailer"
      lines.append("  \(trailer.step) \(place)")
    }
    if !isKnown { lines.append("  no step made it, as far as is known") }
    return lines.map { $0 + "\n" }.joined()
  }
}

extension CommitOrigin: Encodable {
  private struct Maker: Encodable {
    var stepID: StepID
    var storeID: String?
    var commit: ObjectID?
    var source: String

    enum CodingKeys: String, CodingKey {
      case stepID = "step_id"
      case storeID = "store_id"
      case commit, source
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(stepID, forKey: .stepID)
      try container.encode(storeID, forKey: .storeID)
      try container.encode(commit, forKey: .commit)
      try container.encode(source, forKey: .source)
    }
  }

  private enum CodingKeys: String, CodingKey {
    case schema, commit, subject, steps
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(StepDocument.schema, forKey: .schema)
    try container.encode(commit, forKey: .commit)
    try container.encode(subject, forKey: .subject)
    let recorded = makers.map {
      Maker(stepID: $0.step.id, storeID: storeID, commit: $0.commit, source: "record")
    }
    let named = trailers.map {
      Maker(stepID: $0.step, storeID: $0.storeID, commit: nil, source: "trailer")
    }
    try container.encode(recorded + named, forKey: .steps)
  }
}

extension UserMessage {
  /// A word names no commit.
  static func noSuchCommit(_ name: String) -> UserMessage {
    UserMessage(
      code: "no_such_commit", summary: "There is no commit '\(name)' in this repository.",
      hint: "`git log` lists the commits.")
  }
}
