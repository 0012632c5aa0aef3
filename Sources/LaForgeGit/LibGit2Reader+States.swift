import CLibgit2
import LaForgeCore

extension LibGit2Reader: RepositoryReader {
  func configurationEntries() throws(GitError) -> [String: [String]] {
    let configuration = try openConfiguration()
    var entries: [String: [String]] = [:]
    let code = withUnsafeMutablePointer(to: &entries) { entries in
      git_config_foreach(
        configuration.pointer,
        { entry, payload in
          guard let entry, let payload else { return 0 }
          let name = String(cString: entry.pointee.name)
          // A variable without `= value` is true.
          let value = entry.pointee.value.map { String(cString: $0) } ?? "true"
          payload.assumingMemoryBound(to: [String: [String]].self).pointee[name, default: []]
            .append(value)
          return 0
        }, entries)
    }
    try check("git_config_foreach", code)
    return entries
  }

  func target(of reference: String) throws(GitError) -> ObjectID? {
    let found = try Handle<ReferenceKind>.find("git_reference_lookup") {
      git_reference_lookup(&$0, repository.pointer, reference)
    }
    guard let found else { return nil }
    return Self.target(found)
  }

  private static func target(_ reference: borrowing Handle<ReferenceKind>) -> ObjectID? {
    git_reference_target(reference.pointer).map { ObjectID($0.pointee) }
  }

  func update(
    _ reference: String, to new: ObjectID?, from old: ObjectID?
  ) throws(GitError) -> Bool {
    guard let new else { return try remove(reference, from: old) }
    var id = try new.libgit2()
    // An existing reference must have the old value; without one there must be no reference.
    let code: Int32
    var created: OpaquePointer?
    if let old {
      var expected = try old.libgit2()
      code = git_reference_create_matching(
        &created, repository.pointer, reference, &id, 1, &expected, nil)
    } else {
      code = git_reference_create(&created, repository.pointer, reference, &id, 0, nil)
    }
    let raced = [GIT_EMODIFIED.rawValue, GIT_EEXISTS.rawValue, GIT_ENOTFOUND.rawValue]
    if raced.contains(code) {
      git_error_clear()
      return false
    }
    let written = try Handle<ReferenceKind>("git_reference_create") {
      $0 = created
      return code
    }
    // With core.logAllRefUpdates=always libgit2 has written a reflog, which nobody needs.
    if git_reference_has_log(repository.pointer, reference) == 1 {
      try check("git_reflog_delete", git_reflog_delete(repository.pointer, reference))
    }
    _ = consume written
    return true
  }

  private func remove(_ reference: String, from old: ObjectID?) throws(GitError) -> Bool {
    let found = try Handle<ReferenceKind>.find("git_reference_lookup") {
      git_reference_lookup(&$0, repository.pointer, reference)
    }
    guard let found else { return true }
    if let old, Self.target(found) != old { return false }
    let code = git_reference_delete(found.pointer)
    if code == GIT_EMODIFIED.rawValue {
      git_error_clear()
      return false
    }
    try check("git_reference_delete", code)
    return true
  }

  func commits(
    from starts: Set<ObjectID>, notReachedFrom known: Set<ObjectID>, limit: Int
  ) throws(GitError) -> [ObjectID] {
    if git_repository_is_shallow(repository.pointer) == 1 {
      return Array(try shallowCommits(from: starts, without: known).reversed().prefix(limit))
    }
    let walk = try Handle<RevisionWalkKind>("git_revwalk_new") {
      git_revwalk_new(&$0, repository.pointer)
    }
    try check(
      "git_revwalk_sorting", git_revwalk_sorting(walk.pointer, GIT_SORT_TOPOLOGICAL.rawValue))
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
    return try commits(of: walk.pointer, limit: limit)
  }
}
