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
  /// Parts of the record file, which do not make the reference move by themselves; each takes the
  /// place of those that it holds the lines of.
  package var records: [RecordSegment] = []

  package init(
    snapshots: Set<ObjectID> = [], commits: Set<ObjectID> = [], tags: Set<ObjectID> = []
  ) {
    self.snapshots = snapshots
    self.commits = commits
    self.tags = tags
  }

  package var isEmpty: Bool { snapshots.isEmpty && commits.isEmpty && tags.isEmpty }

  /// Every id of it.
  package var ids: Set<ObjectID> { snapshots.union(commits).union(tags) }
}

/// A new value of the one reference that keeps everything alive.
package struct KeepGeneration: Equatable, Sendable {
  /// The annotated tag that the reference points to.
  package var tag: ObjectID
  /// The tree that the tag names.
  package var tree: ObjectID
  /// What it keeps that the one before did not.
  package var added: Set<ObjectID>
  /// Entries of the one before whose objects were gone.
  package var lost: Set<ObjectID>
  /// Whether more was lost than can be named: all of it, or a block of many.
  package var isIncomplete: Bool

  package init(
    tag: ObjectID, tree: ObjectID, added: Set<ObjectID>, lost: Set<ObjectID> = [],
    isIncomplete: Bool = false
  ) {
    self.tag = tag
    self.tree = tree
    self.added = added
    self.lost = lost
    self.isIncomplete = isIncomplete
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

  /// Takes the present state; the snapshot is durable when this returns, but nothing keeps it yet.
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
  /// The caller holds the lock that serialises this.
  ///
  /// - Parameters:
  ///   - request: What is to be added.
  ///   - recorded: The value that was last recorded, put back where the reference is gone.
  /// - Returns: The new value; `nil` where the request is empty and the reference as recorded.
  /// - Throws: `GitError`.
  func keep(
    _ request: KeepRequest, recorded: ObjectID?
  ) async throws(GitError) -> KeepGeneration?

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

  /// Whether an object exists, and not only as bytes in what is kept.
  func exists(_ id: ObjectID) async throws(GitError) -> Bool

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

  /// Removes loose objects of superseded keep values; what is gone or packed is left alone.
  func removeSuperseded(_ objects: [ObjectID]) throws(GitError)
}
