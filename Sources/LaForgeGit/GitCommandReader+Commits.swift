import LaForgeCore

extension GitCommandReader {
  func commitsMade(
    since before: RepositoryPosition, until after: RepositoryPosition
  ) async throws(GitError) -> [ObjectID] {
    let starts = after.movedTips(since: before)
    guard !starts.isEmpty else { return [] }
    // Neither what existed before nor what was fetched since was made by the step.
    var known = before.namedObjects
    for (name, id) in after.movedRemoteBranches(since: before) {
      // Without a reflog nothing is known of a push.
      let log = try await reflog(of: name)
      known.formUnion(log?.fetched(since: before.tips.remoteBranches[name]) ?? [id])
    }
    return try await list(["--reverse"], from: starts, without: known)
  }

  func commits(
    from starts: Set<ObjectID>, notReachedFrom known: Set<ObjectID>, limit: Int
  ) async throws(GitError) -> [ObjectID] {
    let options = limit == .max ? [] : ["--max-count=\(max(0, limit))"]
    return try await list(options, from: starts, without: known)
  }

  /// See `man 1 git-rev-list`; what does not exist and what is no commit is passed over.
  private func list(
    _ options: [String], from starts: Set<ObjectID>, without known: Set<ObjectID>
  ) async throws(GitError) -> [ObjectID] {
    let starts = try await commits(among: starts)
    guard !starts.isEmpty else { return [] }
    let lines = known.map { "^\($0)\n" }.sorted() + starts.map { "\($0)\n" }.sorted()
    let result = try await git.check(
      ["rev-list", "--topo-order", "--ignore-missing"] + options + ["--stdin"],
      input: Array(lines.joined().utf8))
    return result.text.split(separator: "\n").compactMap { ObjectID(hex: String($0)) }
  }

  /// Those of the objects that lead to a commit: an annotated tag of one that is gone is fatal to
  /// `git rev-list`.
  private func commits(among ids: Set<ObjectID>) async throws(GitError) -> [ObjectID] {
    let input = ids.map { "\($0)^{commit}\n" }.joined()
    let result = try await git.check(
      ["cat-file", "--batch-check=%(objectname)"], input: Array(input.utf8))
    return result.text.split(separator: "\n").compactMap { ObjectID(hex: String($0)) }
  }

  func changes(
    from old: ObjectID?, to new: ObjectID?
  ) async throws(GitError) -> ChangeSummary {
    guard old != new else { return .none }
    let result = try await git.check([
      "diff-tree", "-r", "--numstat", "-z", "--no-renames", "--no-ext-diff", "--no-textconv",
      "--ignore-submodules=none", (old ?? emptyTree).hex, (new ?? emptyTree).hex,
    ])
    var summary = ChangeSummary.none
    for line in result.output.split(separator: 0) {
      // Insertions, deletions and the path; dashes for a binary file.
      let fields = line.split(separator: 9, maxSplits: 2)
      guard fields.count == 3 else { continue }
      summary.filesChanged += 1
      summary.insertions += Int(String(decoding: fields[0], as: UTF8.self)) ?? 0
      summary.deletions += Int(String(decoding: fields[1], as: UTF8.self)) ?? 0
    }
    return summary
  }

  /// The tree without entries, which git knows without having stored it.
  private var emptyTree: ObjectID {
    let hex =
      git.idLength == 32
      ? "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
      : "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    guard let id = ObjectID(hex: hex) else { preconditionFailure("'\(hex)' is no object id") }
    return id
  }
}
