import SystemPackage

/// Where a repository's references point at one moment.
package struct ReferenceTips: Equatable, Sendable {
  /// The local branches that no other worktree has checked out, by full name.
  package var branches: [String: ObjectID]
  /// The remote-tracking branches, by full name.
  package var remoteBranches: [String: ObjectID]
  /// The targets of all other references: tags, notes, the stash, the branches of other worktrees.
  package var others: Set<ObjectID>

  package init(
    branches: [String: ObjectID] = [:], remoteBranches: [String: ObjectID] = [:],
    others: Set<ObjectID> = []
  ) {
    self.branches = branches
    self.remoteBranches = remoteBranches
    self.others = others
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
  func head() throws(RepositoryError) -> Head

  /// Returns where the references point now.
  func referenceTips() throws(GitError) -> ReferenceTips

  /// Returns the commits that HEAD and the local branches reach now and nothing reached before,
  /// oldest first; commits fetched from a remote are not among them.
  func commitsMade(
    since before: RepositoryPosition, until after: RepositoryPosition
  ) throws(GitError) -> [ObjectID]

  /// Compares the files of two commits, without rename detection; `nil` stands for no files.
  func changes(from old: ObjectID?, to new: ObjectID?) throws(GitError) -> ChangeSummary

  /// Returns the value of a git configuration variable; `nil` where it is not set.
  func configuration(_ name: String) throws(GitError) -> String?

  /// Returns the shortest form of an object's id that git would show; for an object that the
  /// repository does not hold, the first seven digits.
  func abbreviation(of id: ObjectID) -> String
}

extension SourceRepository {
  /// The project's id: `laforge.project`, else the name of the main worktree's folder.
  package var projectID: String {
    get throws(RepositoryError) {
      do throws(GitError) {
        let configured = try configuration("laforge.project") ?? ""
        return configured.isEmpty ? location.defaultProjectID : configured
      } catch {
        throw .unreadable(path: location.gitDirectory.string, cause: error)
      }
    }
  }
}
