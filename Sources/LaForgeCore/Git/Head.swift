/// What HEAD says: the branch it points to, and the commit there.
public struct Head: Hashable, Codable, Sendable {
  /// The full name of the branch that HEAD is a symbolic reference to, such as `refs/heads/main`;
  /// bytes that are no UTF-8 are replaced.
  ///
  /// `nil` for a detached HEAD.
  public var branch: String?
  /// The commit; `nil` for an unborn branch.
  public var commit: ObjectID?

  /// Creates a value of these parts.
  public init(branch: String?, commit: ObjectID?) {
    self.branch = branch
    self.commit = commit
  }

  /// The branch without `refs/heads/`, for people; `nil` for a detached HEAD.
  package var shortBranch: String? {
    guard let branch else { return nil }
    let prefix = "refs/heads/"
    return branch.hasPrefix(prefix) ? String(branch.dropFirst(prefix.count)) : branch
  }
}

/// How much two states of the files differ.
public struct ChangeSummary: Hashable, Codable, Sendable {
  /// Paths that were added, deleted or changed; a renamed file counts as two.
  public var filesChanged: Int
  /// Lines added; a binary file has none.
  public var insertions: Int
  /// Lines deleted; a binary file has none.
  public var deletions: Int

  /// Creates a value of these parts.
  public init(filesChanged: Int, insertions: Int, deletions: Int) {
    self.filesChanged = filesChanged
    self.insertions = insertions
    self.deletions = deletions
  }

  /// No difference.
  public static let none = ChangeSummary(filesChanged: 0, insertions: 0, deletions: 0)
}
