import Glibc
import LaForgeCore
import SystemPackage

/// Makes the index of the state that a plan leads to, and puts it in the place of the user's.
///
/// It starts from the private index that the files were moved with, whose entries know the files as
/// they are now on disk.
struct IndexBuilder {
  let git: RepositoryGit
  let objects: any ObjectDatabase
  let plan: StatePlan
  let index: PrivateIndex

  /// Builds the index and renames it into place; the caller holds git's lock.
  func install(from: StateTrees, to: StateTrees) async throws(GitError) {
    let conflicts = from.meta.special.filter { !$0.conflict.isEmpty }.map(\.path)
    let moved = Set(plan.files.map(\.path))
    var paths = moved.union(plan.index.map(\.path)).union(moved.isEmpty ? [] : conflicts)
    guard !paths.isEmpty else { return }
    let comparison = TreeComparison(objects: objects)
    // Taken out while the files were moved, and not part of the plan.
    paths.formUnion(try await comparison.collisions(of: from.index, with: moved.union(conflicts)))
    let staged = try await comparison.entries(of: to.index, at: paths)
    let files = try await comparison.entries(of: to.worktree, at: moved)
    let special = to.meta.specialByPath
    let unfit = paths.filter { path in
      // The entry that read-tree left is the right one, with the right times.
      !(moved.contains(path) && special[path] == nil && staged[path] == files[path])
    }.sorted()
    try await setEntries(unfit, staged, special)
    try await addIntended(unfit.filter { special[$0]?.flags.contains(.intentToAdd) == true })
    // Those that were staged but not written have no times yet.
    if unfit.contains(where: { !moved.contains($0) && staged[$0] != nil }) {
      _ = try await git.run(["update-index", "-q", "--refresh"], index: index.path)
    }
    try await mark(paths, special)
    let target = git.location.gitDirectory.appending("index")
    guard rename(index.path.string, target.string) == 0 else {
      throw GitError(
        code: .notStarted, message: "'\(target)': \(Errno(rawValue: errno).description)",
        function: "rename")
    }
  }

  private func setEntries(
    _ paths: [GitPath], _ staged: [GitPath: TrackedEntry],
    _ special: [GitPath: SnapshotMeta.SpecialEntry]
  ) async throws(GitError) {
    guard !paths.isEmpty else { return }
    let zero = String(repeating: "0", count: objects.idLength * 2)
    var input: [UInt8] = []
    // See "Using --index-info" in `man 1 git-update-index`: mode 0 removes every stage.
    for path in paths { input += Array("0 \(zero)\t".utf8) + path.bytes + [0] }
    for path in paths {
      if let conflict = special[path]?.conflict, !conflict.isEmpty {
        for side in conflict {
          let line = "\(side.entry.mode.octal) \(side.entry.id) \(side.stage)\t"
          input += Array(line.utf8) + path.bytes + [0]
        }
      } else if let entry = staged[path] {
        input += Array("\(entry.mode.octal) \(entry.id) 0\t".utf8) + path.bytes + [0]
      }
    }
    try await git.check(
      ["update-index", "-z", "--index-info"], index: index.path, input: input)
  }

  /// `git add --intent-to-add` needs a file, which the state need not have: it gets one elsewhere.
  private func addIntended(_ paths: [GitPath]) async throws(GitError) {
    guard !paths.isEmpty else { return }
    let scratch = try ScratchFolder(in: git.location.gitDirectory, purpose: "intended")
    for path in paths { try scratch.makeFile(path) }
    let arguments = [
      "add", "--intent-to-add", "-f", "--sparse", "--pathspec-from-file=-", "--pathspec-file-nul",
    ]
    try await git.git.check(
      git.call(
        arguments, workingTree: scratch.path, index: index.path, input: ContentStorage.list(paths)))
  }

  private func mark(
    _ paths: Set<GitPath>, _ special: [GitPath: SnapshotMeta.SpecialEntry]
  ) async throws(GitError) {
    for (flag, option) in [
      (IndexFlags.assumeUnchanged, "--assume-unchanged"), (.skipWorktree, "--skip-worktree"),
    ] {
      var marked = paths.filter { special[$0]?.flags.contains(flag) == true }
      if flag == .skipWorktree {
        let absent = plan.unwritten.filter { edit in
          edit.change.new.map { $0.tracked.mode != .gitlink } ?? false
        }
        marked.formUnion(absent.map(\.path))
      }
      guard !marked.isEmpty else { continue }
      try await git.check(
        ["update-index", "-z", option, "--stdin"], index: index.path,
        input: ContentStorage.list(marked.sorted()))
    }
  }
}
