import LaForgeCore
import LaForgeGit

/// The commits of some steps, the newest first: `laforge log --commits`.
struct CommitListing {
  struct Entry {
    var step: Step
    var fate: CommitFate
    /// The first line of its message; `nil` where git does not hold the commit.
    var subject: String?
  }

  private(set) var entries: [Entry] = []

  /// - Throws: `CommandFailure`.
  init(_ steps: [Step], in session: ReadingSession) async throws {
    let record = try await session.commitRecord()
    do throws(GitError) {
      var commits: [(step: Step, commit: ObjectID)] = []
      for step in steps {
        let own = step.end?.commits ?? record.commits(of: step.id)
        commits += own.reversed().map { (step, $0) }
      }
      let fates = try await CommitFate.find(
        commits.map(\.commit), record: record, in: session.worktree)
      let subjects = try await session.worktree.subjects(of: Set(fates.compactMap(\.held.first)))
      entries = zip(commits, fates).map { made, fate in
        Entry(step: made.step, fate: fate, subject: fate.held.first.flatMap { subjects[$0] })
      }
    } catch {
      throw CommandFailure(.commitsNotRead(error))
    }
  }

  func text(width: Int?, abbreviate: (ObjectID) -> String) -> String {
    if entries.isEmpty { return "The steps made no commit.\n" }
    let numbers = entries.map { "\($0.step.id)\($0.step.isActive ? "" : "~")" }
    let fates = entries.map { $0.fate.text(abbreviate: abbreviate) }
    let columns = (numbers.map(\.count).max() ?? 0, fates.map(\.count).max() ?? 0)
    return entries.indices.map { index in
      let number = TerminalText.pad(numbers[index], to: columns.0) + "  "
      guard let text = entries[index].subject else { return number + fates[index] + "\n" }
      let beginning = number + TerminalText.pad(fates[index], to: columns.1) + "  "
      let subject = TerminalText.clean(text)
      let room = width.map { max(12, $0 - TerminalText.width(beginning)) } ?? .max
      return beginning + TerminalText.truncate(subject, to: room) + "\n"
    }.joined()
  }
}

extension CommitListing {
  /// One commit in JSON.
  struct Document: Encodable {
    let entry: Entry

    private enum CodingKeys: String, CodingKey {
      case commit, present, subject, active
      case isOnBranch = "on_branch"
      case stepID = "step_id"
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(entry.step.id, forKey: .stepID)
      try container.encode(entry.step.isActive, forKey: .active)
      try container.encode(entry.fate.commit, forKey: .commit)
      try container.encode(entry.fate.present, forKey: .present)
      try container.encode(entry.fate.isOnBranch, forKey: .isOnBranch)
      try container.encode(entry.subject, forKey: .subject)
    }
  }
}
