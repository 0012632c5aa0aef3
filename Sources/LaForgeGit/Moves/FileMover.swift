import CLaForgeSupport
import Foundation
import Glibc
import LaForgeCore
import SystemPackage

/// Changes the files of the working tree as a plan says.
///
/// `git read-tree -m -u` does it, in a private index that knows every file that is to be changed as
/// it was saved: it looks at all of them first, and changes none where one is another by now. Files
/// whose exact bytes are recorded are then rewritten if a conversion has made others of them.
struct FileMover {
  let git: RepositoryGit
  let objects: any ObjectDatabase
  let plan: StatePlan
  let index: PrivateIndex

  private var top: FilePath { git.location.workingTree }

  /// Puts the files that are going to change into the private index as they are.
  ///
  /// - Returns: Those that are not as the plan expects them.
  func prepare(from: StateTrees) async throws(GitError) -> [GitPath] {
    guard !plan.files.isEmpty else { return [] }
    // A conflict anywhere keeps read-tree from working at all.
    let conflicts = from.meta.special.filter { !$0.conflict.isEmpty }.map(\.path)
    let present = plan.files.filter { $0.change.old != nil }.map(\.path)
    let paths = Set(plan.files.map(\.path)).union(conflicts)
    let marked = from.meta.special.filter { paths.contains($0.path) && !$0.flags.isEmpty }
    var hidden = Dictionary(marked.map { ($0.path, $0.flags) }, uniquingKeysWith: { $1 })
    // What sparse checkout keeps off the disk is as the index says, and is not gone.
    let sparse = try await skipped(present)
    for path in sparse { hidden[path] = .skipWorktree }
    try await ContentStorage.clear(hidden, in: index, git)
    // What is not there is named only to be forgotten: its name may lead through a link by now, and
    // what is only staged may have the name of a folder.
    let staged = try await TreeComparison(objects: objects).collisions(of: from.index, with: paths)
    try await index.forget(paths.subtracting(present).union(staged), git)
    try await index.update(Set(present).subtracting(sparse), git)
    // What is not as it was saved has been changed since; nothing is changed yet.
    let saved = from.worktree
    let differing = try await git.check(
      [
        "diff-index", "--cached", "--name-only", "-z", "--no-ext-diff", "--ignore-submodules",
        (saved ?? TreeObject.emptyID(idLength: objects.idLength)).hex,
      ], index: index.path)
    let changed = Set(differing.output.split(separator: 0).map { GitPath($0) })
      .intersection(present)
    return changed.sorted()
  }

  /// Those of the paths that are not on disk and that the index marks as skipped.
  private func skipped(_ paths: [GitPath]) async throws(GitError) -> Set<GitPath> {
    let absent = paths.filter { WorkingTreeFile($0, in: top) == nil }
    guard !absent.isEmpty else { return [] }
    return try await git.skippedPaths(index: index.path).intersection(absent)
  }

  /// Changes the files.
  func move(from: StateTrees, to: StateTrees) async throws(GitError) {
    guard !plan.files.isEmpty else { return }
    let empty = TreeObject.emptyID(idLength: objects.idLength)
    try await git.check(
      [
        "read-tree", "--no-sparse-checkout", "-m", "-u", (from.worktree ?? empty).hex,
        (to.worktree ?? empty).hex,
      ], index: index.path)
    try await restoreBytes(to: to)
  }

  /// Rewrites the files whose exact bytes are known and are not what git has written.
  private func restoreBytes(to: StateTrees) async throws(GitError) {
    let regular = plan.files.filter { $0.change.new?.tracked.mode.isRegular == true }
    guard !regular.isEmpty else { return }
    var head: ObjectID?
    if let commit = to.meta.head.commit { head = try await objects.treeID(of: commit) }
    let committed = try await TreeComparison(objects: objects).entries(
      of: head, at: regular.map(\.path))
    for edit in regular {
      guard let entry = edit.change.new else { continue }
      // A file that was as committed is as git checks it out; of a modified one the bytes count.
      guard let id = entry.raw ?? (committed[edit.path] == entry.tracked ? nil : entry.tracked.id)
      else { continue }
      if let file = WorkingTreeFile(edit.path, in: top), file.size > Self.streamedSize,
        entry.raw == nil
      {
        continue
      }
      let bytes = try await objects.object(id, .blob).content
      if WorkingTreeFile.content(of: edit.path, in: top) == bytes { continue }
      try replace(edit.path, with: bytes, isExecutable: entry.tracked.mode == .executable)
    }
  }

  /// A file of this size has no conversion that git would have undone in reasonable time; its blob
  /// is what was written.
  private static let streamedSize: Int64 = 64 << 20

  /// Writes a file in the git directory and renames it, so that nobody sees half of it, and so that
  /// what a crash leaves is in no state.
  private func replace(
    _ path: GitPath, with bytes: [UInt8], isExecutable: Bool
  ) throws(GitError) {
    let temporary = Array(
      git.location.gitDirectory.appending("laforge-raw-\(getpid())").string.utf8CString)
    let target = WorkingTreeFile.characters(path, in: top)
    try write(bytes, to: temporary, isExecutable: isExecutable, for: path)
    if rename(temporary, target) == 0 { return }
    let isOtherDisk = errno == EXDEV
    let error = Self.failure("rename", path)
    unlink(temporary)
    guard isOtherDisk else { throw error }
    // The bytes are kept: a file that a crash leaves half written is written again.
    try write(bytes, to: target, isExecutable: isExecutable, for: path)
  }

  private func write(
    _ bytes: [UInt8], to file: [CChar], isExecutable: Bool, for path: GitPath
  ) throws(GitError) {
    // Never into what is there: it may have other links.
    unlink(file)
    let descriptor = laforge_open(
      file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, isExecutable ? 0o777 : 0o666)
    guard descriptor >= 0 else { throw Self.failure("open", path) }
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes {
        laforge_write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let error = Self.failure("write", path)
        laforge_close(descriptor)
        unlink(file)
        throw error
      }
      done += count
    }
    laforge_close(descriptor)
  }

  private static func failure(_ function: String, _ path: GitPath) -> GitError {
    GitError(
      code: .notStarted, message: "'\(path)': \(Errno(rawValue: errno).description)",
      function: function)
  }
}
