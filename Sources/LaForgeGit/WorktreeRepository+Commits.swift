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
      input: Self.lines(tips))
    // In git's order, the newest first.
    return listed.text.split(separator: "\n").compactMap { ObjectID(hex: String($0)) }
      .filter(commits.contains)
  }

  /// Returns which of some commits git holds, and which of these HEAD or a branch reaches.
  ///
  /// A commit of which LaForge alone keeps the bytes is none that git holds.
  package func places(
    of commits: Set<ObjectID>
  ) async throws(GitError) -> (held: Set<ObjectID>, onBranch: Set<ObjectID>) {
    guard !commits.isEmpty else { return ([], []) }
    let held = Self.ids(
      try await git.check(
        ["cat-file", "--batch-check=%(objectname)"], input: Self.lines(commits)
      ).text)
    guard !held.isEmpty else { return ([], []) }
    // By its id: git does not take a HEAD without a commit.
    let head: ObjectID?
    do throws(RepositoryError) { head = try await self.head().commit } catch { head = nil }
    let listed = try await git.check(
      ["rev-list", "--stdin", "--not", "--branches", "--remotes"] + (head.map { [$0.hex] } ?? []),
      input: Self.lines(held))
    return (held, held.subtracting(Self.ids(listed.text)))
  }

  package func otherParts(of rewrite: CommitRewrite) async -> [ObjectID] {
    do { return try await parts(before: rewrite.new, of: rewrite.old) } catch { return [] }
  }

  private func parts(
    before last: ObjectID, of whole: ObjectID
  ) async throws(GitError) -> [ObjectID] {
    let comparison = TreeComparison(objects: objects)
    let whole = try await header(whole)
    guard let wholeParent = whole.parents.first else { return [] }
    let change = try await comparison.differences(
      from: header(wholeParent).tree, to: whole.tree)
    var found: [ObjectID] = []
    let end = try await header(last)
    var first = end
    while first.parents.count == 1, found.count < Self.mostParts {
      let parent = try await header(first.parents[0])
      if try await comparison.differences(from: parent.tree, to: end.tree) == change {
        return found.reversed()
      }
      // A part was committed after the whole.
      guard first.parents[0] != wholeParent, parent.committedAt >= whole.committedAt else { break }
      found.append(first.parents[0])
      first = parent
    }
    return []
  }

  /// Into how many commits anybody might split one.
  private static let mostParts = 64

  private func header(_ commit: ObjectID) async throws(GitError) -> CommitHeader {
    CommitHeader(try await objects.object(commit, .commit).content)
  }

  private static func lines(_ commits: Set<ObjectID>) -> [UInt8] {
    Array(commits.map { "\($0)\n" }.joined().utf8)
  }

  /// The lines that are an id and nothing else; what git misses has a word more.
  private static func ids(_ text: String) -> Set<ObjectID> {
    Set(text.split(separator: "\n").compactMap { ObjectID(hex: String($0)) })
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
      [
        "-c", "trailer.separators=:", "-c", "log.showSignature=false", "log", "-1",
        "--format=\(format)", commit.hex,
      ]
    ).text
    let parts = text.split(separator: "\0", maxSplits: 1, omittingEmptySubsequences: false)
    let values = parts.count > 1 ? parts[1].split(separator: "\n").map(String.init) : []
    return (parts.first.map(String.init) ?? "", values)
  }

  /// Returns the first lines of the messages of some commits that git holds.
  package func subjects(
    of commits: Set<ObjectID>
  ) async throws(GitError) -> [ObjectID: String] {
    guard !commits.isEmpty else { return [:] }
    let listed = try await git.check(
      ["-c", "log.showSignature=false", "log", "--no-walk=unsorted", "--stdin", "--format=%H %s"],
      input: Self.lines(commits))
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
