import Glibc
import LaForgeCore
import SystemPackage

/// Takes the state of a worktree without disturbing anything of the user's.
///
/// One `git status` tells what differs from HEAD. Where git would store the bytes as they are, the
/// contents go into objects in this process; where a filter or a line-end conversion may apply, git
/// stores them through a private copy of the index, and the exact bytes are kept beside.
struct StateCapture {
  let git: RepositoryGit
  let objects: any ObjectDatabase
  let settings: CaptureSettings

  /// A state as it was found, and what it was found to consist of.
  struct Found: Sendable {
    var trees: StateTrees
    var isClean: Bool
    /// Paths that are uncommitted, by what they are.
    var summary: UncommittedSummary
    /// What the snapshot does not hold; ignored files among them.
    var leftOut: [LeftOut]
    /// Commits that operations in progress name.
    var commits: [ObjectID]
  }

  private var location: RepositoryLocation { git.location }

  /// Takes the state.
  ///
  /// - Parameter head: HEAD, read just before.
  /// - Returns: The state, its objects written but not flushed.
  /// - Throws: `GitError`; not for a file that cannot be taken, which is left out.
  func take(at head: Head) async throws(GitError) -> Found {
    let git = git
    async let status = Self.status(git)
    // Lets git begin: what follows is read while it works.
    await Task.yield()
    let index = try IndexFile(
      location.gitDirectory.appending("index"), idLength: objects.idLength)
    let progress = try ProgressFiles.read(in: location.gitDirectory)
    var listing = try StatusListing(parsing: try await status.get())
    var flags = index.flags
    if index.isPartial { flags = try await listFlags() }
    let hidden = flags.filter { path, marks in
      marks.contains(.assumeUnchanged)
        || (marks.contains(.skipWorktree) && WorkingTreeFile(path, in: location.workingTree) != nil)
    }
    if !hidden.isEmpty { listing = try await listUnhidden(hidden) }
    let recorded = flags.filter { path, marks in
      // What sparse checkout itself has marked is no choice of the user's.
      marks != .skipWorktree || !settings.isSparse || hidden[path] != nil
    }
    var meta = SnapshotMeta(head: head, special: specials(listing, recorded))
    // An absent file says something of a state only where it would have been covered.
    meta.includes = settings.includes.isEmpty ? nil : settings.includes
    var inventory = Inventory(listing, settings: settings, top: location.workingTree)
    try await include(into: &inventory)
    let mayConvert =
      settings.mayConvert || index.hasAttributes || index.isPartial
      || inventory.mentionsAttributes || hasOtherAttributes
    return try await build(
      head: head, meta: meta, inventory: inventory, progress: progress, listing: listing,
      hidden: hidden, mayConvert: mayConvert)
  }

  private static func status(_ git: RepositoryGit) async -> Result<[UInt8], GitError> {
    do throws(GitError) {
      return .success(try await git.check(StatusListing.arguments).output)
    } catch {
      return .failure(error)
    }
  }

  private func build(
    head: Head, meta: SnapshotMeta, inventory: Inventory, progress: [GitPath: [UInt8]],
    listing: StatusListing, hidden: [GitPath: IndexFlags], mayConvert: Bool
  ) async throws(GitError) -> Found {
    var meta = meta
    var headTree: ObjectID?
    if let commit = head.commit { headTree = try await objects.treeID(of: commit) }
    let editor = TreeEditor(objects: objects)
    let indexTree = try await editor.edit(headTree, indexEdits(listing))
    let storage = ContentStorage(git: git, objects: objects, settings: settings)
    let stored = try await storage.store(inventory, clearing: hidden, converting: mayConvert)
    var trees = StateTrees(index: indexTree, worktree: indexTree, meta: meta)
    trees.worktree = try await editor.edit(indexTree, stored.entries)
    trees.raw = try await editor.edit(
      nil, stored.raw.mapValues { TrackedEntry(mode: .regular, id: $0) })
    let leftOut = (inventory.leftOut + stored.leftOut).sorted { $0.path < $1.path }
    meta.leftOut =
      leftOut
      .filter { $0.reason != .ignored }.map { LeftOut(path: $0.path, reason: $0.reason) }
    trees.meta = meta
    if !progress.isEmpty {
      let paths = progress.keys.sorted()
      let blobs = try await objects.write(paths.map { GitObject(.blob, progress[$0] ?? []) })
      trees.progress = try await editor.edit(
        nil,
        Dictionary(
          zip(paths, blobs.map { TrackedEntry(mode: .regular, id: $0) }),
          uniquingKeysWith: { $1 }))
    }
    let isClean =
      listing.tracked.isEmpty && listing.unmerged.isEmpty && inventory.isEmpty
      && progress.isEmpty && meta.special.isEmpty && meta.includes == nil
      // What was left out must be known later: it is never touched.
      && meta.leftOut.allSatisfy { $0.reason == .nestedRepository }
    return Found(
      trees: trees, isClean: isClean, summary: inventory.summary, leftOut: leftOut,
      commits: ProgressFiles.commits(in: progress))
  }

  // MARK: - The index

  private func indexEdits(_ listing: StatusListing) -> [GitPath: TrackedEntry?] {
    var edits: [GitPath: TrackedEntry?] = [:]
    for file in listing.tracked where file.head != file.index || file.isIntentToAdd {
      edits[file.path] = .some(file.isIntentToAdd ? nil : file.index)
    }
    for file in listing.unmerged { edits[file.path] = .some(nil) }
    return edits
  }

  private func specials(
    _ listing: StatusListing, _ flags: [GitPath: IndexFlags]
  ) -> [SnapshotMeta.SpecialEntry] {
    var entries: [GitPath: SnapshotMeta.SpecialEntry] = [:]
    for (path, marks) in flags {
      entries[path] = SnapshotMeta.SpecialEntry(path: path, conflict: [], flags: marks)
    }
    for file in listing.unmerged {
      entries[file.path] = SnapshotMeta.SpecialEntry(
        path: file.path, conflict: file.stages, flags: entries[file.path]?.flags ?? [])
    }
    return entries.values.sorted { $0.path < $1.path }
  }

  /// The marks by git's own word, where they are not all in the index file: `man 1 git-ls-files`.
  private func listFlags() async throws(GitError) -> [GitPath: IndexFlags] {
    let tagged = try await git.check(["ls-files", "-v", "-z"])
    var flags: [GitPath: IndexFlags] = [:]
    for line in tagged.output.split(separator: 0) {
      guard let tag = line.first, line.count > 2 else { continue }
      var marks: IndexFlags = []
      if tag == UInt8(ascii: "S") || tag == UInt8(ascii: "s") { marks.insert(.skipWorktree) }
      if (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(tag) { marks.insert(.assumeUnchanged) }
      if !marks.isEmpty { flags[GitPath(line.dropFirst(2))] = marks }
    }
    let intended = try await git.check(
      ["diff-files", "--diff-filter=A", "--name-only", "-z", "--no-ext-diff"])
    for path in intended.output.split(separator: 0) {
      flags[GitPath(path), default: []].insert(.intentToAdd)
    }
    return flags
  }

  /// The listing as it is without the marks that hide changes from `git status`.
  private func listUnhidden(
    _ hidden: [GitPath: IndexFlags]
  ) async throws(GitError) -> StatusListing {
    let copy = try PrivateIndex(location, purpose: "status")
    try await ContentStorage.clear(hidden, in: copy, git)
    let result = try await git.check(StatusListing.arguments, index: copy.path)
    return try StatusListing(parsing: result.output)
  }

  // MARK: - The working tree

  /// Adds the ignored files that the user wants covered.
  private func include(into inventory: inout Inventory) async throws(GitError) {
    guard !settings.includes.isEmpty else { return }
    let patterns = settings.includes.map { "--exclude=\($0)" }
    let found = try await git.check(
      ["ls-files", "--others", "--ignored", "-z"] + patterns)
    inventory.include(found.output.split(separator: 0).map { GitPath($0) })
  }

  /// Whether attributes come from files that are not in the working tree; `man 5 gitattributes`.
  private var hasOtherAttributes: Bool {
    let info = location.commonDirectory.appending("info/attributes").string
    return ([info] + settings.attributesFiles).contains { access($0, F_OK) == 0 }
  }
}
