import LaForgeCore
import LaForgeGit

/// A commit of a step and what became of it.
struct CommitFate {
  /// As the step made it.
  let commit: ObjectID
  /// What it is now: itself, or what amends and rebases made of it, or both where both are on branches.
  let present: [ObjectID]
  /// Those of these that git holds.
  let held: [ObjectID]
  /// Whether HEAD or a branch reaches any of these; `nil` where git could not tell.
  let isOnBranch: Bool?

  /// Looks up the fates of the commits of a step.
  ///
  /// - Throws: `GitError`.
  static func find(
    _ commits: [ObjectID], record: CommitRecord, in repository: WorktreeRepository
  ) async throws(GitError) -> [CommitFate] {
    let presents = commits.map(record.present)
    let places = try await repository.places(of: Set(presents.joined()).union(commits))
    return zip(commits, presents).map { commit, present in
      var present = present
      if present != [commit], places.onBranch.contains(commit) {
        // An operation has brought it back, or another branch has it still.
        present = [commit] + present.filter(places.onBranch.contains)
      }
      return CommitFate(
        commit: commit, present: present, held: present.filter(places.held.contains),
        isOnBranch: present.contains(where: places.onBranch.contains))
    }
  }

  /// Whether nothing is known to have become of it.
  var isUnchanged: Bool { present == [commit] && isOnBranch != false }

  /// Returns `a1b2c3d, now e4f5a6b, on no branch`.
  func text(abbreviate: (ObjectID) -> String) -> String {
    let now =
      present == [commit] ? nil : "now \(present.map(abbreviate).joined(separator: " and "))"
    let place = isOnBranch == false ? "on no branch" : nil
    return [abbreviate(commit), now, place].compactMap { $0 }.joined(separator: ", ")
  }
}

extension ReadingSession {
  /// The commits of a step, those of one that still runs as hooks told them, with their fates; where
  /// git cannot tell these, it says so and they are left out.
  func commitFates(
    of step: Step, in context: CommandContext
  ) async throws(CommandFailure) -> [CommitFate] {
    if let commits = step.end?.commits, commits.isEmpty { return [] }
    let record = try await commitRecord()
    let commits = step.end?.commits ?? record.commits(of: step.id)
    do throws(GitError) {
      return try await CommitFate.find(commits, record: record, in: worktree)
    } catch {
      context.error.say(.commitsNotRead(error), as: "Warning")
      return commits.map {
        CommitFate(commit: $0, present: record.present($0), held: [], isOnBranch: nil)
      }
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
