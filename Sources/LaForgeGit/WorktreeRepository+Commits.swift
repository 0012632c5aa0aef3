import Foundation
package import LaForgeCore

/// What the graph says of commits that are known by other means.
extension WorktreeRepository {
  /// Returns those of some commits that a push of other commits would publish: that these reach, and
  /// no remote-tracking branch.
  package func unpublished(
    _ commits: Set<ObjectID>, pushing tips: Set<ObjectID>
  ) async throws(GitError) -> [ObjectID] {
    guard !commits.isEmpty, !tips.isEmpty else { return [] }
    let listed = try await git.check(
      ["rev-list", "--stdin", "--not", "--remotes"],
      input: Array(tips.map { "\($0)\n" }.joined().utf8))
    return listed.text.split(separator: "\n").compactMap { ObjectID(hex: String($0)) }
      .filter(commits.contains)
  }

  /// Returns those of some commits that are there and that neither HEAD nor a branch reaches.
  package func unreachable(_ commits: Set<ObjectID>) async throws(GitError) -> Set<ObjectID> {
    let found = try await existing(commits)
    guard !found.isEmpty else { return [] }
    let listed = try await git.check(
      ["rev-list", "--ignore-missing", "--stdin", "--not", "--branches", "--remotes", "HEAD"],
      input: Array(found.map { "\($0)\n" }.joined().utf8))
    return Set(listed.text.split(separator: "\n").compactMap { ObjectID(hex: String($0)) })
      .intersection(found)
  }

  /// Returns those of some commits that the repository holds.
  package func existing(_ commits: Set<ObjectID>) async throws(GitError) -> Set<ObjectID> {
    let found = try await objects.read(Array(commits))
    return Set(found.filter { $0.value.kind == .commit }.keys)
  }

  /// Returns the commit that a person named; `nil` where there is none.
  package func resolveCommit(_ name: String) async throws(GitError) -> ObjectID? {
    let result = try await git.run(
      ["rev-parse", "--verify", "--quiet", "--end-of-options", "\(name)^{commit}"])
    return ObjectID(hex: result.text.trimmingCharacters(in: .newlines))
  }

  /// Returns the first line of a commit's message, and the values of one of its trailers.
  package func message(
    of commit: ObjectID, trailer: String
  ) async throws(GitError) -> (subject: String, values: [String]) {
    let format = "%s%x00%(trailers:key=\(trailer),valueonly)"
    let text = try await git.check(
      ["-c", "trailer.separators=:", "log", "-1", "--format=\(format)", commit.hex]
    ).text
    let parts = text.split(separator: "\0", maxSplits: 1, omittingEmptySubsequences: false)
    let values = parts.count > 1 ? parts[1].split(separator: "\n").map(String.init) : []
    return (parts.first.map(String.init) ?? "", values)
  }

  /// Returns the first lines of the messages of some commits that are there.
  package func subjects(
    of commits: Set<ObjectID>
  ) async throws(GitError) -> [ObjectID: String] {
    guard !commits.isEmpty else { return [:] }
    let listed = try await git.check(
      ["log", "--no-walk=unsorted", "--stdin", "--format=%H %s"],
      input: Array(commits.map { "\($0)\n" }.joined().utf8))
    var subjects: [ObjectID: String] = [:]
    for line in listed.text.split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 1)
      if let id = parts.first.flatMap({ ObjectID(hex: String($0)) }) {
        subjects[id] = parts.count > 1 ? String(parts[1]) : ""
      }
    }
    return subjects
  }
}
