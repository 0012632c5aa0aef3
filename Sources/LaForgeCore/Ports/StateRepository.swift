/// A state of a worktree as it was found.
package struct CapturedState: Equatable, Sendable {
  package var state: RepositoryState
  /// How many paths are uncommitted.
  package var summary: UncommittedSummary
  /// What the snapshot does not hold, ignored files among them.
  package var leftOut: [LeftOut]
  /// Commits that operations in progress name.
  package var commits: [ObjectID]

  package init(
    state: RepositoryState, summary: UncommittedSummary = UncommittedSummary(),
    leftOut: [LeftOut] = [], commits: [ObjectID] = []
  ) {
    self.state = state
    self.summary = summary
    self.leftOut = leftOut
    self.commits = commits
  }
}

/// How many paths are uncommitted.
package struct UncommittedSummary: Hashable, Sendable {
  /// Tracked paths that differ from HEAD.
  package var changed = 0
  /// Those of them of which something is staged.
  package var staged = 0
  package var conflicts = 0
  package var untracked = 0

  package init() {}
}

/// What is to stay alive whatever becomes of the references.
package struct KeepRequest: Equatable, Sendable {
  /// Trees of snapshots.
  package var snapshots: Set<ObjectID>
  /// Commits that no reference may reach any more; each is kept without its ancestors.
  package var commits: Set<ObjectID>
  /// Annotated tags.
  package var tags: Set<ObjectID>
  /// Kept snapshots that the new ones are like: what they hold need not be kept once more.
  package var bases: Set<ObjectID>
  /// Parts of the record file, which do not make the reference move by themselves; each takes the
  /// place of those that it holds the lines of.
  package var records: [RecordSegment] = []

  package init(
    snapshots: Set<ObjectID> = [], commits: Set<ObjectID> = [], tags: Set<ObjectID> = [],
    bases: Set<ObjectID> = []
  ) {
    self.snapshots = snapshots
    self.commits = commits
    self.tags = tags
    self.bases = bases
  }

  package var isEmpty: Bool { snapshots.isEmpty && commits.isEmpty && tags.isEmpty }

  /// Every id of it.
  package var ids: Set<ObjectID> { snapshots.union(commits).union(tags) }
}

/// What became of a request to keep something.
package enum KeepOutcome: Equatable, Sendable {
  /// The reference has a new value.
  case kept(KeepGeneration)
  /// The reference is as it should be.
  case nothingNew
  /// A part of the reference itself is gone.
  case unreadable
}

/// A new value of the one reference that keeps everything alive.
package struct KeepGeneration: Equatable, Sendable {
  /// The annotated tag that the reference points to.
  package var tag: ObjectID
  /// The tree that the tag names.
  package var tree: ObjectID
  /// What it keeps that the one before did not; everything if it replaces all.
  package var added: Set<ObjectID>
  /// What was recorded and is gone.
  package var lost: Set<ObjectID>
  /// Snapshots of which only a part is left.
  package var partial: Set<ObjectID>
  /// Whether nothing of the one before is in it but what is added.
  package var replacesAll: Bool

  package init(
    tag: ObjectID, tree: ObjectID, added: Set<ObjectID>, lost: Set<ObjectID> = [],
    partial: Set<ObjectID> = [], replacesAll: Bool = false
  ) {
    self.tag = tag
    self.tree = tree
    self.added = added
    self.lost = lost
    self.partial = partial
    self.replacesAll = replacesAll
  }
}

/// A repository whose states can be taken and kept alive.
///
/// Nothing of the user's is changed: not the index, HEAD, a reference of theirs or a reflog.
package protocol StateRepository: SourceRepository {
  /// Whether the file is there by which git hooks see that a begun step runs in the worktree.
  var hasBegunMark: Bool { get }

  /// Leaves or removes that file.
  func markBegunSteps(_ areThere: Bool) throws(GitError)

  /// Takes the present state; the snapshot is written when it is kept.
  func captureState() async throws(GitError) -> CapturedState

  /// Compares two recorded states.
  func difference(
    from old: RepositoryState, to new: RepositoryState
  ) async throws(GitError) -> StateDifference

  /// The tree of all files of a state, as git would store them.
  func filesTree(of state: RepositoryState) async throws(GitError) -> ObjectID?

  /// A tree that `git diff` can show of a state: that of all its files.
  func objectForDiff(of state: RepositoryState) async throws(GitError) -> ObjectID

  /// Returns the files of a state at some paths, a folder standing for all that is in it.
  func files(
    of state: RepositoryState, at paths: [GitPath]
  ) async throws(GitError) -> Set<GitPath>

  /// Returns what a state has staged at some paths.
  func staged(
    in state: RepositoryState, at paths: [GitPath]
  ) async throws(GitError) -> [GitPath: TrackedEntry]

  /// Makes the keep reference hold more than it does.
  ///
  /// What is new is safe from a `git gc` that is at work already. The caller holds the lock that
  /// serialises this.
  ///
  /// - Parameters:
  ///   - request: What is to be added.
  ///   - recorded: The value that was last recorded, put back where the reference is gone.
  /// - Returns: `nothingNew` if the request is empty and the reference as recorded; `unreadable` if
  ///   it must be rebuilt first.
  /// - Throws: `GitError`.
  func keep(
    _ request: KeepRequest, recorded: ObjectID?
  ) async throws(GitError) -> KeepOutcome

  /// Whether everything that the keep reference needs exists.
  ///
  /// Everything is looked at only if a pack is gone that was there the last time.
  ///
  /// - Parameter recorded: The value that was last recorded.
  /// - Returns: False also if the reference itself cannot be read.
  /// - Throws: `GitError` if the object database cannot be read.
  func isKeptWhole(recorded: ObjectID?) async throws(GitError) -> Bool

  /// Rebuilds the keep reference from every recorded object that still exists.
  ///
  /// A damaged snapshot is replaced by one without the missing files.
  ///
  /// - Parameters:
  ///   - ids: Every snapshot, commit and tag that is recorded.
  ///   - recorded: The value that was last recorded.
  ///   - earlier: Values before it, the latest first.
  /// - Returns: The new value.
  /// - Throws: `GitError`.
  func rebuildKept(
    _ ids: Set<ObjectID>, recorded: ObjectID?, earlier: [ObjectID]
  ) async throws(GitError) -> KeepGeneration

  /// Lets git have the packs that no `git gc` can miss any more.
  ///
  /// The caller holds the lock of the keep reference, which has its recorded value.
  ///
  /// - Parameters:
  ///   - now: The present time.
  ///   - needed: An object that no reference reaches but the next command uses.
  /// - Returns: Whether there are many small packs, to be joined by `joinPacks`.
  /// - Throws: `GitError`.
  func releasePacks(at now: Timestamp, needed: ObjectID?) throws(GitError) -> Bool

  /// Writes small packs of LaForge's as one.
  ///
  /// - Parameter unwanted: Objects that nothing needs any more; they are left out.
  /// - Throws: `GitError`.
  func joinPacks(without unwanted: Set<ObjectID>) async throws(GitError)

  /// Returns those of the commits and their ancestors that no branch, tag or remote-tracking branch
  /// reaches; at most `limit`, the newest first.
  func unreachableCommits(
    from commits: Set<ObjectID>, limit: Int
  ) async throws(GitError) -> [ObjectID]

  /// Returns the contents that the commits have and their parents have not; of a stash entry also
  /// what it holds beside the working tree.
  func contents(introducedBy commits: [ObjectID]) async throws(GitError) -> Set<ObjectID>

  /// Whether the repository still has the worktree that the store knows by a name.
  func hasWorktree(_ name: String) -> Bool

  /// Returns those of the paths that are on disk.
  func onDisk(_ paths: some Sequence<GitPath>) -> Set<GitPath>

  /// Returns the other commits that a rebase split a commit into, oldest first; git tells the last part
  /// alone.
  ///
  /// Those right before it count that change, together with it, the same files from the same to the
  /// same contents as the old commit. Where an object cannot be read, there is no telling: none.
  func otherParts(of rewrite: CommitRewrite) async -> [ObjectID]

  /// Returns the annotated tags among objects that references name.
  func annotatedTags(among ids: Set<ObjectID>) async throws(GitError) -> Set<ObjectID>

  /// Makes an object safe from a `git gc` that is at work.
  ///
  /// - Returns: Whether it exists, and not only as bytes in what is kept.
  /// - Throws: `GitError` if it cannot be stored again.
  func secure(_ id: ObjectID) async throws(GitError) -> Bool

  /// Makes a commit whose ancestry holds all of `commits`; `nil` where none of them exists.
  func makeProtectingCommit(of commits: [ObjectID]) async throws(GitError) -> ObjectID?

  /// Points `refs/laforge/running/<id>` to a commit.
  func protect(_ step: StepID, with commit: ObjectID) async throws(GitError)

  /// Points `refs/laforge/orphaned/<id>` for good to a commit whose ancestry holds all of `commits`.
  func keepReachable(_ commits: [ObjectID], for step: StepID) async throws(GitError)

  /// What `refs/laforge/running/<id>` points to; `nil` where there is none.
  func protectingCommit(of step: StepID) async throws(GitError) -> ObjectID?

  /// The steps that have a `refs/laforge/running/<id>`.
  func protectedSteps() -> [StepID]

  /// Removes private indexes and files in the making that a LaForge which is gone has left in this
  /// worktree's git directory.
  func removeLeftovers()

  /// The commits that `refs/laforge/running/<id>` protects, the protecting ones themselves left out.
  func protectedCommits(of step: StepID) async throws(GitError) -> Set<ObjectID>

  /// Removes `refs/laforge/running/<id>`; nothing to remove is no error.
  func unprotect(_ step: StepID) async throws(GitError)
}
