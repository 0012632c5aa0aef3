import SystemPackage

/// Where a repository's references point at one moment; LaForge's own are not among them.
package struct ReferenceTips: Equatable, Codable, Sendable {
  /// The local branches that no other worktree has checked out, by full name.
  package var branches: [String: ObjectID]
  /// The remote-tracking branches, by full name.
  package var remoteBranches: [String: ObjectID]
  /// The local branches that other worktrees have checked out, by full name.
  package var branchesElsewhere: [String: ObjectID]
  /// All other references by full name: tags, notes; annotated tags by the tag's own id.
  package var others: [String: ObjectID]
  /// The entries of the stash, the newest first.
  package var stash: [ObjectID]
  /// The commits that the HEADs of other worktrees name themselves, on no branch.
  package var headsElsewhere: Set<ObjectID>

  package init(
    branches: [String: ObjectID] = [:], remoteBranches: [String: ObjectID] = [:],
    branchesElsewhere: [String: ObjectID] = [:], others: [String: ObjectID] = [:],
    stash: [ObjectID] = [], headsElsewhere: Set<ObjectID> = []
  ) {
    self.branches = branches
    self.remoteBranches = remoteBranches
    self.branchesElsewhere = branchesElsewhere
    self.others = others
    self.stash = stash
    self.headsElsewhere = headsElsewhere
  }

  /// How references are now against what they were, by their full names.
  ///
  /// A branch that another worktree has checked out is that worktree's own, unless it is gone with it.
  ///
  /// - Parameters:
  ///   - old: What they were.
  ///   - elsewhere: The branches that other worktrees had checked out then.
  /// - Returns: The moves, by name.
  package func moves(
    since old: [String: ObjectID], elsewhere: [String: ObjectID] = [:]
  ) -> [ReferenceMove] {
    let new = branches.merging(others) { $1 }
    // Where a worktree still stands at the commit, it may have renamed its branch or left it.
    let present = headsElsewhere.union(branchesElsewhere.values)
    let gone = elsewhere.filter {
      new[$0.key] == nil && branchesElsewhere[$0.key] == nil && !present.contains($0.value)
    }
    let old = old.merging(gone) { $1 }
    return Set(old.keys).union(new.keys).subtracting(branchesElsewhere.keys)
      .subtracting(elsewhere.keys.filter { gone[$0] == nil })
      .filter { old[$0] != new[$0] }.sorted()
      .map { ReferenceMove(name: $0, old: old[$0], new: new[$0]) }
  }

  /// Everything but the remote-tracking branches, by name.
  package func targets(head: Head) -> [String: ObjectID] {
    var targets = branches.merging(branchesElsewhere) { $1 }.merging(others) { $1 }
    for (index, entry) in stash.enumerated() { targets["stash@{\(index)}"] = entry }
    for (index, commit) in headsElsewhere.sorted(by: { $0.hex < $1.hex }).enumerated() {
      targets["HEAD \(index)"] = commit
    }
    targets["HEAD"] = head.commit
    return targets
  }
}

/// HEAD and the references at one moment.
package struct RepositoryPosition: Equatable, Sendable {
  package var head: Head
  package var tips: ReferenceTips

  package init(head: Head, tips: ReferenceTips) {
    self.head = head
    self.tips = tips
  }
}

/// What recording reads of a repository.
///
/// Nothing here changes it.
package protocol SourceRepository {
  /// Where the repository lies.
  var location: RepositoryLocation { get }

  /// Returns HEAD's branch and commit; an unborn branch is no error.
  ///
  /// - Throws: `RepositoryError.missingCommit` where the commit does not exist,
  ///   `RepositoryError.unreadable` where HEAD cannot be read.
  func head() async throws(RepositoryError) -> Head

  /// Returns where the references point now.
  func referenceTips() async throws(GitError) -> ReferenceTips

  /// Returns the commits that HEAD and the local branches reach now and nothing reached before,
  /// oldest first; commits fetched from a remote are not among them.
  func commitsMade(
    since before: RepositoryPosition, until after: RepositoryPosition
  ) async throws(GitError) -> [ObjectID]

  /// Compares two trees, without rename detection; `nil` stands for an empty one.
  func changes(
    from old: ObjectID?, to new: ObjectID?
  ) async throws(GitError) -> ChangeSummary

  /// Returns the value of a git configuration variable; `nil` where it is not set.
  func configuration(_ name: String) async throws(GitError) -> String?

  /// Returns a truth value of the configuration; `nil` where it is not set.
  ///
  /// - Throws: `GitError` where its value is no truth value.
  func flag(_ name: String) async throws(GitError) -> Bool?

  /// Returns the shortest form of an object's id that git would show; for an object that the
  /// repository does not hold, the first seven digits.
  func abbreviation(of id: ObjectID) -> String
}

extension SourceRepository {
  /// The project's id: `laforge.project`, else the name of the main worktree's folder.
  package var projectID: String {
    get async throws(RepositoryError) {
      do throws(GitError) {
        let configured = try await configuration("laforge.project") ?? ""
        return configured.isEmpty ? location.defaultProjectID : configured
      } catch {
        throw .unreadable(path: location.gitDirectory.string, cause: error)
      }
    }
  }
}
