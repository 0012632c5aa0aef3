import CLibgit2
package import LaForgeCore

extension LibGit2Reader {
  package func commitsMade(
    since before: RepositoryPosition, until after: RepositoryPosition
  ) throws(GitError) -> [ObjectID] {
    let moved = after.tips.branches.filter { before.tips.branches[$0.key] != $0.value }
    var starts = Set(moved.values)
    if let head = after.head.commit, head != before.head.commit { starts.insert(head) }
    guard !starts.isEmpty else { return [] }
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
    for known in try knownTips(before: before, after: after) {
      if var commit = try commit(at: known) {
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
    return try withTree(of: old) { oldTree throws(GitError) in
      try withTree(of: new) { newTree throws(GitError) in
        let diff = try Handle<DiffKind>("git_diff_tree_to_tree") {
          git_diff_tree_to_tree(&$0, repository.pointer, oldTree, newTree, &options)
        }
        let statistics = try Handle<DiffStatisticsKind>("git_diff_get_stats") {
          git_diff_get_stats(&$0, diff.pointer)
        }
        return ChangeSummary(
          filesChanged: git_diff_stats_files_changed(statistics.pointer),
          insertions: git_diff_stats_insertions(statistics.pointer),
          deletions: git_diff_stats_deletions(statistics.pointer))
      }
    }
  }

  /// Everything that existed before, and what was fetched since: neither was made by the step.
  private func knownTips(
    before: RepositoryPosition, after: RepositoryPosition
  ) throws(GitError) -> Set<ObjectID> {
    var known = before.tips.others
    known.formUnion(before.tips.branches.values)
    known.formUnion(before.tips.remoteBranches.values)
    if let head = before.head.commit { known.insert(head) }
    for (name, id) in after.tips.remoteBranches where before.tips.remoteBranches[name] != id {
      if try !wasPushed(name) { known.insert(id) }
    }
    return known
  }

  /// Whether the latest move of a remote-tracking branch was a push from here.
  ///
  /// Git writes this message, untranslated, in `transport.c`; see `git reflog
  /// refs/remotes/origin/main`.
  private func wasPushed(_ name: String) throws(GitError) -> Bool {
    let log = try Handle<ReflogKind>("git_reflog_read") {
      git_reflog_read(&$0, repository.pointer, name)
    }
    guard let entry = git_reflog_entry_byindex(log.pointer, 0),
      let message = git_reflog_entry_message(entry)
    else { return false }
    return String(cString: message) == "update by push"
  }

  /// The commit that an id names, through annotated tags; `nil` for an object that is gone or leads
  /// to no commit.
  private func commit(at id: ObjectID) throws(GitError) -> git_oid? {
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

  private func commits(of walk: OpaquePointer) throws(GitError) -> [ObjectID] {
    var commits: [ObjectID] = []
    var id = git_oid()
    while true {
      let code = git_revwalk_next(&id, walk)
      if code == GIT_ITEROVER.rawValue {
        git_error_clear()
        return commits
      }
      try check("git_revwalk_next", code)
      commits.append(ObjectID(id))
    }
  }

  /// Lends the tree of a commit; no commit has no tree, which libgit2 takes as an empty one.
  private func withTree<Result>(
    of commit: ObjectID?, _ body: (OpaquePointer?) throws(GitError) -> Result
  ) throws(GitError) -> Result {
    guard let commit else { return try body(nil) }
    var id = try commit.libgit2()
    let found = try Handle<CommitKind>("git_commit_lookup") {
      git_commit_lookup(&$0, repository.pointer, &id)
    }
    let tree = try Handle<TreeKind>("git_commit_tree") {
      git_commit_tree(&$0, found.pointer)
    }
    return try body(tree.pointer)
  }
}
