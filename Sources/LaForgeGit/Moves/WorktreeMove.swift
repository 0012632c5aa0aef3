import LaForgeCore
import SystemPackage

/// Carries out one plan: references locked, files, references written, HEAD, stash, files of
/// operations in progress, index.
///
/// Each part leaves alone what is as wanted already, so a plan that starts from where another was
/// cut off does the rest of it.
struct WorktreeMove {
  let git: RepositoryGit
  let objects: any ObjectDatabase
  let reader: any RepositoryReader
  let plan: StatePlan
  /// For the reflogs.
  let message: String
  /// How long another git's lock is waited for.
  let lockTimeoutMilliseconds: Int

  /// Carries the plan out.
  ///
  /// - Parameter result: The state that the plan leads to.
  /// - Throws: `OperationError`: `locked` and `changedUnderneath` with nothing changed, `git` with
  ///   the change possibly half done.
  func perform(to result: RepositoryState) async throws(OperationError) {
    do {
      try await carryOut(to: result)
    } catch let error as OperationError {
      throw error
    } catch let error as GitError {
      throw .git(error)
    } catch {
      throw .git(GitError(code: .notStarted, message: "\(error)", function: "git"))
    }
  }

  private func carryOut(to result: RepositoryState) async throws {
    let snapshot = Snapshot(objects: objects)
    let (from, to) = (try await snapshot.load(plan.from), try await snapshot.load(result))
    let progress = try await progressContents()
    try await CommitRevival(objects: objects).revive(
      namedCommits + ProgressFiles.commits(in: progress.compactMapValues { $0 }))
    let index = try PrivateIndex(git.location, purpose: "move")
    let mover = FileMover(git: git, objects: objects, plan: plan, index: index)
    let changed = try await mover.prepare(from: from)
    guard changed.isEmpty else { throw OperationError.changedUnderneath(changed) }
    var written = to
    written.worktree = try await treeOnDisk(from: from, to: to)
    try await objects.flush()
    let announcement = try LockAnnouncement(neededLocks, mark: mark, in: git.location)
    defer { withExtendedLifetime(announcement) {} }
    try LockInspection.wait(for: neededLocks, timeoutMilliseconds: lockTimeoutMilliseconds)
    let transaction = ReferenceTransaction(
      git: git, message: message, lockTimeoutMilliseconds: lockTimeoutMilliseconds)
    let refused = try await transaction.perform(updates) { () async throws(OperationError) in
      do throws(GitError) {
        try await mover.move(from: from, to: written)
      } catch {
        throw .git(error)
      }
    }
    if let refused { throw try await refusal(refused) }
    try await moveHead()
    if let refused = try await transaction.perform(deletions, while: {}) {
      throw OperationError.git(refused)
    }
    try await storeStashes()
    try ProgressMover(location: git.location).apply(progress)
    try await IndexBuilder(git: git, objects: objects, plan: plan, index: index)
      .install(from: from, to: to)
  }

  /// The files that are to be on disk; of what is not written, what it was.
  private func treeOnDisk(
    from: StateTrees, to: StateTrees
  ) async throws(GitError) -> ObjectID? {
    guard !plan.unwritten.isEmpty else { return to.worktree }
    var edits: [GitPath: TrackedEntry?] = [:]
    for edit in plan.unwritten { edits[edit.path] = .some(edit.change.old?.tracked) }
    return try await TreeEditor(objects: objects).edit(to.worktree, edits)
  }

  // MARK: - References

  /// The lock files of everything that moves after the files: found in the way only then, it would
  /// all have to be taken back.
  private var neededLocks: [FilePath] {
    let common = git.location.commonDirectory
    var locks = movedReferences.map { common.appending("\($0.name).lock") }
    if plan.head.old != plan.head.new {
      locks.append(git.location.gitDirectory.appending("HEAD.lock"))
    }
    if !deletions.isEmpty { locks.append(common.appending("packed-refs.lock")) }
    if !plan.stashes.isEmpty { locks.append(common.appending("refs/stash.lock")) }
    return locks
  }

  /// The references of the plan, the branch of HEAD included.
  private var movedReferences: [ReferenceMove] {
    guard let old = plan.head.old, let new = plan.head.new, let branch = new.branch,
      branch == old.branch, old.commit != new.commit
    else { return plan.references }
    return plan.references + [ReferenceMove(name: branch, old: old.commit, new: new.commit)]
  }

  /// Why the references were refused: a lock, or somebody who moved one.
  private func refusal(_ error: GitError) async throws -> OperationError {
    if let lock = neededLocks.first(where: WorkingTreeFile.exists) {
      return .locked(LockInspection.report(lock))
    }
    for move in movedReferences where try await reader.target(of: move.name) != move.old {
      return .branchMoved(move.name)
    }
    return .git(error)
  }

  /// Commits that references are going to name, and that may exist only as bytes.
  private var namedCommits: [ObjectID] {
    plan.references.compactMap(\.new) + plan.stashes + [plan.head.new?.commit].compactMap { $0 }
  }

  /// By which the gits of this move are known.
  private var mark: String { git.marks[OperationProcesses.variable] ?? "" }

  private var zero: String { String(repeating: "0", count: objects.idLength * 2) }

  /// The lines for what is written while the files are moved.
  private var updates: [String] {
    var lines = plan.references.compactMap { move in
      move.new.map { "update \(move.name) \($0) \(move.old?.hex ?? zero)" }
    }
    guard let old = plan.head.old, let new = plan.head.new, old != new else { return lines }
    if let branch = new.branch {
      if branch == old.branch, let commit = new.commit, commit != old.commit {
        lines.append("update \(branch) \(commit) \(old.commit?.hex ?? zero)")
      }
    } else if let commit = new.commit, !detachesLater {
      lines += ["option no-deref", "update HEAD \(commit)"]
    }
    return lines
  }

  /// The lines for what goes, in a transaction of its own: a deletion locks the packed references,
  /// which every other worktree needs.
  private var deletions: [String] {
    var lines = plan.references.filter { $0.new == nil }.map {
      "delete \($0.name) \($0.old?.hex ?? zero)"
    }
    if let old = plan.head.old, let new = plan.head.new, let branch = new.branch,
      branch == old.branch, new.commit == nil, let commit = old.commit
    {
      lines.append("delete \(branch) \(commit)")
    }
    return lines
  }

  /// Whether the branch that HEAD leaves moves as well: one transaction cannot do both.
  private var detachesLater: Bool {
    plan.head.new?.branch == nil
      && plan.references.contains { $0.name == plan.head.old?.branch && $0.new != nil }
  }

  /// Points HEAD to another branch, which no transaction of git 2.39 can, or off a branch that was
  /// moved just now.
  private func moveHead() async throws(GitError) {
    if detachesLater, let commit = plan.head.new?.commit {
      try await git.check(["update-ref", "--no-deref", "-m", message, "HEAD", commit.hex])
    }
    guard let branch = plan.head.new?.branch, branch != plan.head.old?.branch else { return }
    try await git.check(["symbolic-ref", "-m", message, "HEAD", branch])
  }

  // MARK: - Stash and operations in progress

  /// Stores what was dropped, the oldest first, so that the order is as it was.
  private func storeStashes() async throws(GitError) {
    // Of a stash whose reflog was expired the reference is left, and git would not store that entry.
    if let top = try await reader.target(of: "refs/stash"), plan.stashes.contains(top),
      try await reader.referenceTips().stash.isEmpty
    {
      try await git.check(["update-ref", "-d", "refs/stash", top.hex])
    }
    for commit in plan.stashes.reversed() {
      let object = try await objects.object(commit, .commit)
      let text = String(decoding: object.content, as: UTF8.self)
      let subject = text.split(separator: "\n\n", maxSplits: 1).last?
        .split(separator: "\n").first.map(String.init)
      try await git.check(["stash", "store", "-m", subject ?? "restored", commit.hex])
    }
  }

  private func progressContents() async throws(GitError) -> [GitPath: [UInt8]?] {
    var contents: [GitPath: [UInt8]?] = [:]
    for edit in plan.progress {
      contents[edit.path] =
        if let id = edit.change.new {
          .some(try await objects.object(id, .blob).content)
        } else {
          .some(nil)
        }
    }
    return contents
  }
}
