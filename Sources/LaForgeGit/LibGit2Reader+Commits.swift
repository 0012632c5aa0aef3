import CLibgit2
import Glibc
package import LaForgeCore

extension LibGit2Reader {
  package func commitsMade(
    since before: RepositoryPosition, until after: RepositoryPosition
  ) throws(GitError) -> [ObjectID] {
    let starts = after.movedTips(since: before)
    guard !starts.isEmpty else { return [] }
    let known = try knownTips(before: before, after: after)
    if git_repository_is_shallow(repository.pointer) == 1 {
      return try shallowCommits(from: starts, without: known)
    }
    let walk = try Handle<RevisionWalkKind>("git_revwalk_new") {
      git_revwalk_new(&$0, repository.pointer)
    }
    let order = GIT_SORT_TOPOLOGICAL.rawValue | GIT_SORT_REVERSE.rawValue
    try check("git_revwalk_sorting", git_revwalk_sorting(walk.pointer, order))
    for start in starts {
      if var commit = try commit(at: start) {
        try check("git_revwalk_push", git_revwalk_push(walk.pointer, &commit))
      }
    }
    for tip in known {
      if var commit = try commit(at: tip) {
        try check("git_revwalk_hide", git_revwalk_hide(walk.pointer, &commit))
      }
    }
    return try commits(of: walk.pointer)
  }

  package func changes(
    from old: ObjectID?, to new: ObjectID?
  ) throws(GitError) -> ChangeSummary {
    guard old != new else { return .none }
    var options = git_diff_options()
    try check(
      "git_diff_options_init",
      git_diff_options_init(&options, UInt32(GIT_DIFF_OPTIONS_VERSION)))
    // Only the lines are counted.
    options.context_lines = 0
    return try withTree(old) { oldTree throws(GitError) in
      try withTree(new) { newTree throws(GitError) in
        let diff = try Handle<DiffKind>("git_diff_tree_to_tree") {
          git_diff_tree_to_tree(&$0, repository.pointer, oldTree, newTree, &options)
        }
        let statistics = try Handle<DiffStatisticsKind>("git_diff_get_stats") {
          git_diff_get_stats(&$0, diff.pointer)
        }
        return ChangeSummary(
          filesChanged: Self.pathCount(diff.pointer),
          insertions: git_diff_stats_insertions(statistics.pointer),
          deletions: git_diff_stats_deletions(statistics.pointer))
      }
    }
  }

  /// The paths of a difference: a file in the place of which there is a link is listed twice, one
  /// right after the other.
  private static func pathCount(_ diff: OpaquePointer) -> Int {
    var count = 0
    var previous: UnsafePointer<CChar>?
    for index in 0..<git_diff_num_deltas(diff) {
      guard let path = git_diff_get_delta(diff, index)?.pointee.new_file.path else { continue }
      if previous.map({ strcmp($0, path) != 0 }) ?? true { count += 1 }
      previous = path
    }
    return count
  }

  /// Everything that existed before, and what was fetched since: neither was made by the step.
  private func knownTips(
    before: RepositoryPosition, after: RepositoryPosition
  ) throws(GitError) -> Set<ObjectID> {
    var known = before.namedObjects
    for (name, id) in after.movedRemoteBranches(since: before) {
      // Without a reflog nothing is known of a push.
      let log = try reflog(of: name)
      known.formUnion(log?.fetched(since: before.tips.remoteBranches[name]) ?? [id])
    }
    return known
  }

  /// The same in a shallow clone, whose oldest commits have parents that are not there.
  ///
  /// libgit2 1.5 does not know `.git/shallow` and fails at them; there are few commits, so they are
  /// walked here.
  func shallowCommits(
    from starts: Set<ObjectID>, without known: Set<ObjectID>
  ) throws(GitError) -> [ObjectID] {
    var seen: Set<ObjectID> = []
    for tip in known { _ = try ancestors(of: tip, notIn: &seen) }
    var commits: [ObjectID] = []
    for start in starts.sorted(by: { $0.hex < $1.hex }) {
      commits += try ancestors(of: start, notIn: &seen)
    }
    return commits
  }

  /// A commit and its ancestors that are there and were not seen before, parents first.
  private func ancestors(
    of tip: ObjectID, notIn seen: inout Set<ObjectID>
  ) throws(GitError) -> [ObjectID] {
    guard let commit = try commit(at: tip) else { return [] }
    var order: [ObjectID] = []
    var stack: [(id: ObjectID, isDone: Bool)] = [(ObjectID(commit), false)]
    while let (id, isDone) = stack.popLast() {
      if isDone {
        order.append(id)
      } else if seen.insert(id).inserted, let parents = try parents(of: id) {
        stack.append((id, true))
        stack += parents.reversed().map { ($0, false) }
      }
    }
    return order
  }

  /// The parents of a commit; `nil` where the commit itself is not there.
  private func parents(of id: ObjectID) throws(GitError) -> [ObjectID]? {
    var raw = try id.libgit2()
    guard
      let commit = try Handle<CommitKind>.find(
        "git_commit_lookup", { git_commit_lookup(&$0, repository.pointer, &raw) })
    else { return nil }
    return (0..<git_commit_parentcount(commit.pointer)).compactMap { index in
      git_commit_parent_id(commit.pointer, index).map { ObjectID($0.pointee) }
    }
  }

  /// The commit that an id names, through annotated tags; `nil` for an object that is gone or leads
  /// to no commit.
  func commit(at id: ObjectID) throws(GitError) -> git_oid? {
    var raw = try id.libgit2()
    guard
      let object = try Handle<ObjectKind>.find(
        "git_object_lookup",
        { git_object_lookup(&$0, repository.pointer, &raw, GIT_OBJECT_ANY) })
    else { return nil }
    var peeled: OpaquePointer?
    let code = git_object_peel(&peeled, object.pointer, GIT_OBJECT_COMMIT)
    if code == GIT_EINVALIDSPEC.rawValue || code == GIT_EPEEL.rawValue {
      git_error_clear()
      return nil
    }
    let commit = try Handle<ObjectKind>("git_object_peel") {
      $0 = peeled
      return code
    }
    return git_object_id(commit.pointer)?.pointee
  }

  func commits(
    of walk: OpaquePointer, limit: Int = .max
  ) throws(GitError) -> [ObjectID] {
    var commits: [ObjectID] = []
    var id = git_oid()
    while commits.count < limit {
      let code = git_revwalk_next(&id, walk)
      if code == GIT_ITEROVER.rawValue {
        git_error_clear()
        return commits
      }
      try check("git_revwalk_next", code)
      commits.append(ObjectID(id))
    }
    return commits
  }

  /// Lends a tree; no tree is what libgit2 takes as an empty one.
  private func withTree<Result>(
    _ tree: ObjectID?, _ body: (OpaquePointer?) throws(GitError) -> Result
  ) throws(GitError) -> Result {
    guard let tree else { return try body(nil) }
    var id = try tree.libgit2()
    let found = try Handle<TreeKind>("git_tree_lookup") {
      git_tree_lookup(&$0, repository.pointer, &id)
    }
    return try body(found.pointer)
  }
}
