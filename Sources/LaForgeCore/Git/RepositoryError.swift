/// Why no repository can be worked with, as decisions that a person can take.
package enum RepositoryError: Error, Equatable, Sendable {
  /// The folder and its parents hold no git repository.
  case notFound(directory: String)
  /// The repository has no working tree.
  case bare(path: String)
  /// The folder lies inside the git directory itself.
  case insideGitDirectory(path: String)
  /// Git does not trust the repository, since another user owns it.
  case ownedByOther(path: String)
  /// The repository uses a format extension that neither libgit2 nor the installed git knows.
  case unsupportedExtension(name: String, path: String)
  /// HEAD names a commit that the repository does not hold.
  case missingCommit(ObjectID, branch: String?)
  /// Anything else that git or libgit2 refused, HEAD or the configuration unreadable included.
  case unreadable(path: String, cause: GitError)
}
