import CLibgit2
package import LaForgeCore
import SystemPackage

extension LibGit2Reader {
  package func head() throws(RepositoryError) -> Head {
    do {
      let branch = try symbolicTarget(of: "HEAD")
      var id = git_oid()
      let code = git_reference_name_to_id(&id, repository.pointer, "HEAD")
      guard try checkExists("git_reference_name_to_id", code) else {
        return Head(branch: branch, commit: nil)
      }
      let found = try Handle<CommitKind>.find("git_commit_lookup") {
        git_commit_lookup(&$0, repository.pointer, &id)
      }
      guard found != nil else {
        throw RepositoryError.missingCommit(ObjectID(id), branch: branch)
      }
      return Head(branch: branch, commit: ObjectID(id))
    } catch let error as RepositoryError {
      throw error
    } catch let error as GitError {
      throw .unreadable(path: location.gitDirectory.string, cause: error)
    } catch {
      preconditionFailure("\(error) is neither of the two errors that are thrown above")
    }
  }

  package func referenceTips() throws(GitError) -> ReferenceTips {
    let elsewhere = try headsOfOtherWorktrees()
    var tips = ReferenceTips(
      // The entries of the stash live in its reflog, see `man 1 git-stash`.
      stash: try reflog(of: "refs/stash")?.entries.map(\.id) ?? [],
      headsElsewhere: Set(elsewhere.compactMap(\.commit)))
    let branchesElsewhere = Set(elsewhere.compactMap(\.branch))
    let iterator = try Handle<ReferenceIteratorKind>("git_reference_iterator_new") {
      git_reference_iterator_new(&$0, repository.pointer)
    }
    while true {
      var next: OpaquePointer?
      let code = git_reference_next(&next, iterator.pointer)
      if code == GIT_ITEROVER.rawValue {
        git_error_clear()
        return tips
      }
      let reference = try Handle<ReferenceKind>("git_reference_next") {
        $0 = next
        return code
      }
      // A symbolic reference, refs/remotes/origin/HEAD for instance, repeats another one.
      guard let target = git_reference_target(reference.pointer) else { continue }
      let name = String(cString: git_reference_name(reference.pointer))
      tips.add(ObjectID(target.pointee), as: name, branchesElsewhere: branchesElsewhere)
    }
  }

  /// The reflog of a reference; `nil` where it has none.
  func reflog(of reference: String) throws(GitError) -> Reflog? {
    // git_reflog_read would create a missing one, and git append to it from then on.
    guard git_reference_has_log(repository.pointer, reference) == 1 else { return nil }
    let log = try Handle<ReflogKind>("git_reflog_read") {
      git_reflog_read(&$0, repository.pointer, reference)
    }
    return Reflog(
      (0..<git_reflog_entrycount(log.pointer)).compactMap { index in
        guard let entry = git_reflog_entry_byindex(log.pointer, index),
          let target = git_reflog_entry_id_new(entry)
        else { return nil }
        let message = git_reflog_entry_message(entry).map { String(cString: $0) }
        return Reflog.Entry(id: ObjectID(target.pointee), message: message ?? "")
      })
  }

  package func configuration(_ name: String) throws(GitError) -> String? {
    let configuration = try openConfiguration()
    var value: UnsafePointer<CChar>?
    let code = git_config_get_string(&value, configuration.pointer, name)
    guard try checkExists("git_config_get_string", code) else { return nil }
    return value.map { String(cString: $0) }
  }

  package func abbreviation(of id: ObjectID) -> String {
    let plain = String(id.hex.prefix(7))
    var buffer = git_buf()
    defer { git_buf_dispose(&buffer) }
    do {
      var raw = try id.libgit2()
      let object = try Handle<ObjectKind>.find("git_object_lookup") {
        git_object_lookup(&$0, repository.pointer, &raw, GIT_OBJECT_ANY)
      }
      guard let object else { return plain }
      try check("git_object_short_id", git_object_short_id(&buffer, object.pointer))
      return buffer.ptr.map { String(cString: $0) } ?? plain
    } catch {
      // An abbreviation is for display; whatever is wrong with the object, its id still names it.
      return plain
    }
  }

  /// Returns a truth value of the user's own and the system's configuration, for where there is no
  /// repository; `nil` where it is not set or cannot be read as one.
  package static func userFlag(_ name: String) -> Bool? {
    _ = LibGit2.start
    guard
      let configuration = try? Handle<ConfigurationKind>(
        "git_config_open_default", { git_config_open_default(&$0) })
    else { return nil }
    var value: Int32 = 0
    guard git_config_get_bool(&value, configuration.pointer, name) == 0 else {
      git_error_clear()
      return nil
    }
    return value != 0
  }

  /// The configuration as it is now, with the worktree's own where the repository has such.
  ///
  /// `git sparse-checkout` makes one without raising the version of the format, so that libgit2 1.5
  /// opens the repository, but does not know of the file, which version 1.9 reads itself; see "CONFIGURATION FILE" in
  /// `man 1 git-worktree`.
  func openConfiguration() throws(GitError) -> Handle<ConfigurationKind> {
    let shared = try Handle<ConfigurationKind>("git_repository_config_snapshot") {
      git_repository_config_snapshot(&$0, repository.pointer)
    }
    var isPerWorktree: Int32 = 0
    guard git_config_get_bool(&isPerWorktree, shared.pointer, "extensions.worktreeconfig") == 0,
      isPerWorktree != 0
    else {
      git_error_clear()
      return shared
    }
    let whole = try Handle<ConfigurationKind>("git_repository_config") {
      git_repository_config(&$0, repository.pointer)
    }
    guard !laforge_git_holds_worktree_configuration(whole.pointer) else { return shared }
    let path = location.gitDirectory.appending("config.worktree").string
    try check(
      "git_config_add_file_ondisk",
      git_config_add_file_ondisk(
        whole.pointer, path, GIT_CONFIG_LEVEL_APP, repository.pointer, 1))
    return try Handle<ConfigurationKind>("git_config_snapshot") {
      git_config_snapshot(&$0, whole.pointer)
    }
  }

  /// Returns a truth value of the repository's configuration; `nil` where it is not set.
  ///
  /// - Throws: `GitError` where its value is no truth value.
  package func flag(_ name: String) throws(GitError) -> Bool? {
    let configuration = try openConfiguration()
    var value: Int32 = 0
    let code = git_config_get_bool(&value, configuration.pointer, name)
    return try checkExists("git_config_get_bool", code) ? value != 0 : nil
  }

  /// The name that a symbolic reference points to; `nil` for a direct one.
  ///
  /// Only the first hop counts: HEAD may point to a branch that is itself symbolic.
  private func symbolicTarget(of name: String) throws(GitError) -> String? {
    let reference = try Handle<ReferenceKind>("git_reference_lookup") {
      git_reference_lookup(&$0, repository.pointer, name)
    }
    return git_reference_symbolic_target(reference.pointer).map { String(cString: $0) }
  }

  /// HEAD of the main worktree and of the linked ones, this one left out.
  ///
  /// A worktree whose HEAD cannot be read has none that could be counted as its own.
  private func headsOfOtherWorktrees() throws(GitError) -> [Head] {
    var list = git_strarray()
    try check("git_worktree_list", git_worktree_list(&list, repository.pointer))
    defer { git_strarray_dispose(&list) }
    let names = (0..<list.count).compactMap { list.strings[$0].map { String(cString: $0) } }
    return location.otherWorktrees(named: names).compactMap { worktree in
      switch ReferenceFile(at: worktree.folder.appending("HEAD")) {
      case .symbolic(let branch): Head(branch: branch, commit: nil)
      case .direct(let id): Head(branch: nil, commit: id)
      case nil: nil
      }
    }
  }
}
