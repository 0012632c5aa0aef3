import CLaForgeSupport
import Foundation
import Glibc
import LaForgeCore
import SystemPackage

/// Stores the contents of files of the working tree.
struct ContentStorage {
  let git: RepositoryGit
  let objects: any ObjectDatabase
  let settings: CaptureSettings

  /// What the paths became.
  struct Stored: Sendable {
    /// The content as git would store it; `nil` inside for a path that is gone.
    var entries: [GitPath: TrackedEntry?] = [:]
    /// The exact bytes where they are others.
    var raw: [GitPath: ObjectID] = [:]
    var leftOut: [LeftOut] = []
  }

  /// Files above this many bytes are stored by git, which streams them.
  private static let streamedSize: Int64 = 16 << 20
  /// About so many bytes are handed to the database at once, for which a call may be a process.
  private static let batchSize = 32 << 20

  private var top: FilePath { git.location.workingTree }

  /// Stores the files of an inventory.
  ///
  /// - Parameters:
  ///   - inventory: The paths.
  ///   - hidden: Marks of the index that would keep git from seeing a path.
  ///   - converting: Whether git must be asked what it would store.
  /// - Returns: What is to be put into the tree of all files.
  /// - Throws: `GitError`; not for a file that cannot be read, which is left out.
  func store(
    _ inventory: Inventory, clearing hidden: [GitPath: IndexFlags], converting: Bool
  ) async throws(GitError) -> Stored {
    if converting || !inventory.gitlinks.isEmpty {
      return try await storeThroughIndex(inventory, clearing: hidden)
    }
    var stored = Stored()
    for path in inventory.absent { stored.entries[path] = .some(nil) }
    let ids = try await storeBytes(of: inventory.present.keys)
    for (path, mode) in inventory.present {
      if let id = ids[path] {
        stored.entries[path] = TrackedEntry(mode: mode, id: id)
      } else if WorkingTreeFile(path, in: top) == nil {
        stored.entries[path] = .some(nil)
      } else {
        stored.leftOut.append(LeftOut(path: path, reason: .unreadable))
      }
    }
    return stored
  }

  /// Stores the bytes of files, or the targets of links; what cannot be read is absent.
  private func storeBytes(
    of paths: some Sequence<GitPath>
  ) async throws(GitError) -> [GitPath: ObjectID] {
    var stored: [GitPath: ObjectID] = [:]
    var waiting: [(path: GitPath, object: GitObject)] = []
    var bytes = 0
    for path in paths {
      guard let file = WorkingTreeFile(path, in: top) else { continue }
      if case .regular = file.kind, file.size > Self.streamedSize {
        stored[path] = try await stream(path)
        continue
      }
      guard let content = WorkingTreeFile.content(of: path, in: top) else { continue }
      waiting.append((path, GitObject(.blob, content)))
      bytes += content.count
      guard bytes > Self.batchSize else { continue }
      try await store(&waiting, in: &stored)
      bytes = 0
    }
    try await store(&waiting, in: &stored)
    return stored
  }

  private func store(
    _ waiting: inout [(path: GitPath, object: GitObject)], in stored: inout [GitPath: ObjectID]
  ) async throws(GitError) {
    let ids = try await objects.write(waiting.map(\.object))
    for (file, id) in zip(waiting, ids) { stored[file.path] = id }
    waiting = []
  }

  private func stream(_ path: GitPath) async throws(GitError) -> ObjectID? {
    let descriptor = WorkingTreeFile.open(path, in: top)
    guard descriptor >= 0 else { return nil }
    let result = try await git.git.run(
      try git.storingCall(["hash-object", "-w", "--no-filters", "--stdin"]), reading: descriptor)
    guard result.status == 0 else { return nil }
    return ObjectID(hex: result.text.trimmingCharacters(in: .newlines))
  }

  // MARK: - Through git

  private func storeThroughIndex(
    _ inventory: Inventory, clearing hidden: [GitPath: IndexFlags]
  ) async throws(GitError) -> Stored {
    var stored = Stored()
    var paths = inventory.gitlinks
    for path in inventory.present.keys {
      if let reason = reasonToLeaveOut(path) {
        stored.leftOut.append(LeftOut(path: path, reason: reason))
      } else {
        paths.insert(path)
      }
    }
    let copy = try PrivateIndex(git.location, purpose: "snapshot")
    try await Self.clear(hidden, in: copy, git)
    try await copy.forget(inventory.absent, git)
    let isComplete = try await update(copy, paths.sorted())
    let tree = try await git.git.check(
      try git.storingCall(["write-tree", "--missing-ok"], index: copy.path))
    guard let treeID = ObjectID(hex: tree.text.trimmingCharacters(in: .newlines)) else {
      throw GitError(
        code: .notStarted, message: "git write-tree named no tree", function: "git write-tree")
    }
    let found = try await TreeComparison(objects: objects).entries(of: treeID, at: paths)
    let refused = isComplete ? [] : try await differing(copy, paths)
    for path in inventory.absent { stored.entries[path] = .some(nil) }
    for path in paths {
      if let entry = found[path], !refused.contains(path) {
        stored.entries[path] = entry
      } else if WorkingTreeFile(path, in: top) == nil {
        stored.entries[path] = .some(nil)
      } else {
        let isFolder = inventory.gitlinks.contains(path)
        stored.leftOut.append(
          LeftOut(path: path, reason: isFolder ? .nestedRepository : .filterFailed))
      }
    }
    let files = inventory.present.keys.filter(paths.contains) + inventory.stagedOnly
    let regular = files.filter { path in
      if case .regular = WorkingTreeFile(path, in: top)?.kind { true } else { false }
    }
    for (path, id) in try await storeBytes(of: regular) {
      // A staged file is as git stores it in the index, so only its bytes are compared.
      if id != (stored.entries[path] ?? found[path])?.id { stored.raw[path] = id }
    }
    return stored
  }

  /// Puts the files as they are on disk into a private index.
  ///
  /// - Returns: Whether every one of them was taken.
  private func update(
    _ index: PrivateIndex, _ paths: [GitPath]
  ) async throws(GitError) -> Bool {
    guard !paths.isEmpty else { return true }
    let input = Self.list(paths)
    let all = try await git.git.run(
      try git.storingCall(
        ["update-index", "--add", "--remove", "--replace", "-z", "--stdin"], index: index.path,
        input: input))
    if all.status == 0 { return true }
    // One file that cannot be stored makes the whole call fail; `add` goes on with the others.
    for _ in 0..<3 {
      unlink(index.path.string + ".lock")
      let added = try await git.git.run(
        try git.storingCall(
          [
            "add", "-A", "-f", "--sparse", "--ignore-errors", "--pathspec-from-file=-",
            "--pathspec-file-nul",
          ], index: index.path, input: input))
      // 1 where some were left; anything else wrote nothing, a file having vanished for instance.
      if added.status == 0 || added.status == 1 { break }
    }
    return false
  }

  /// Those of the paths whose content on disk is not what the private index now says.
  private func differing(
    _ index: PrivateIndex, _ paths: Set<GitPath>
  ) async throws(GitError) -> Set<GitPath> {
    let result = try await git.run(
      ["diff-files", "--name-only", "-z", "--ignore-submodules", "--no-ext-diff"],
      index: index.path)
    return paths.intersection(result.output.split(separator: 0).map { GitPath($0) })
  }

  private func reasonToLeaveOut(_ path: GitPath) -> LeftOut.Reason? {
    guard let file = WorkingTreeFile(path, in: top) else { return nil }
    if file.size > settings.maximumFileSize { return .tooLarge }
    guard case .regular = file.kind else { return nil }
    let descriptor = WorkingTreeFile.open(path, in: top)
    guard descriptor >= 0 else { return .unreadable }
    laforge_close(descriptor)
    return nil
  }

  /// Takes marks off entries of a private index, so that git sees the files as they are.
  static func clear(
    _ hidden: [GitPath: IndexFlags], in index: PrivateIndex, _ git: RepositoryGit
  ) async throws(GitError) {
    let assumed = hidden.filter { $0.value.contains(.assumeUnchanged) }.keys.sorted()
    if !assumed.isEmpty {
      try await git.check(
        ["update-index", "-z", "--no-assume-unchanged", "--stdin"], index: index.path,
        input: list(assumed))
    }
    let skipped = hidden.filter { $0.value.contains(.skipWorktree) }.keys.sorted()
    if !skipped.isEmpty {
      try await git.check(
        ["update-index", "-z", "--no-skip-worktree", "--stdin"], index: index.path,
        input: list(skipped))
    }
  }

  /// Paths as git reads them with `-z`.
  static func list(_ paths: [GitPath]) -> [UInt8] {
    paths.flatMap { $0.bytes + [0] }
  }
}
