import LaForgeCore
import LaForgeGit

/// A commit of a step and what became of it.
struct CommitFate {
  /// As the step made it.
  let commit: ObjectID
  /// What it is now: itself, or what amends and rebases made of it.
  let present: [ObjectID]
  /// Whether HEAD or a branch reaches any of these; `nil` where none of them exists any more.
  let isOnBranch: Bool?

  /// Looks up the fates of the commits of a step.
  ///
  /// - Throws: `GitError`.
  static func find(
    _ commits: [ObjectID], record: CommitRecord, in repository: WorktreeRepository
  ) async throws(GitError) -> [CommitFate] {
    guard !commits.isEmpty else { return [] }
    let presents = commits.map(record.present)
    let all = Set(presents.joined())
    let existing = try await repository.existing(all)
    let lost = try await repository.unreachable(existing)
    return zip(commits, presents).map { commit, present in
      let there = present.filter(existing.contains)
      return CommitFate(
        commit: commit, present: present,
        isOnBranch: there.isEmpty ? nil : !there.allSatisfy(lost.contains))
    }
  }

  /// Whether it still is what the step made, on a branch.
  var isUnchanged: Bool { present == [commit] && isOnBranch == true }

  /// Returns `a1b2c3d, now e4f5a6b, on no branch`.
  func text(abbreviate: (ObjectID) -> String) -> String {
    let now =
      present == [commit] ? nil : "now \(present.map(abbreviate).joined(separator: " and "))"
    let place =
      switch isOnBranch {
      case nil: "no longer there"
      case false?: "on no branch"
      case true?: String?.none
      }
    return [abbreviate(commit), now, place].compactMap { $0 }.joined(separator: ", ")
  }
}

extension ReadingSession {
  /// The commits of a step, those of one that still runs as hooks told them, with their fates.
  func commitFates(of step: Step) async throws(CommandFailure) -> [CommitFate] {
    if let commits = step.end?.commits, commits.isEmpty { return [] }
    let record = try commitRecord()
    do throws(GitError) {
      return try await CommitFate.find(
        step.end?.commits ?? record.commits(of: step.id), record: record, in: worktree)
    } catch {
      throw CommandFailure(.commitsNotRead(error))
    }
  }
}

extension UserMessage {
  /// The commits of steps cannot be looked up.
  static func commitsNotRead(_ error: GitError) -> UserMessage {
    UserMessage(
      code: "commits_not_read", summary: "What became of the commits of steps cannot be read.",
      causes: [error.description])
  }
}
