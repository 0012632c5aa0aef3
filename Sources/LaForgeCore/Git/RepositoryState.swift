/// A recorded state: HEAD, and the snapshot of all that is uncommitted.
package struct RepositoryState: Hashable, Codable, Sendable {
  package var head: Head
  /// The tree of the snapshot; `nil` for a clean state, of which HEAD says all.
  package var snapshot: ObjectID?

  package init(head: Head, snapshot: ObjectID?) {
    self.head = head
    self.snapshot = snapshot
  }
}

/// Something that a snapshot could not take, or that LaForge does not cover.
public struct LeftOut: Hashable, Codable, Sendable {
  /// Why it is not in the snapshot.
  public enum Reason: String, Hashable, Codable, CaseIterable, Sendable {
    /// Larger than `laforge.maxFileSize`.
    case tooLarge = "too_large"
    /// The untracked files together pass `laforge.maxUntracked` or 100,000 files.
    case tooMuchUntracked = "too_much_untracked"
    /// The file cannot be read.
    case unreadable
    /// A FIFO, socket or device.
    case notAFile = "not_a_file"
    /// A git repository inside this one that is no submodule.
    case nestedRepository = "nested_repository"
    /// A submodule with uncommitted changes of its own.
    case submodule
    /// A submodule that stands at another commit than an operation wants.
    case submoduleMoved = "submodule_moved"
    /// A name that git refuses to track, such as `.Git`.
    case refusedName = "refused_name"
    /// A filter that git needs for it failed.
    case filterFailed = "filter_failed"
    /// Ignored by git, and not named by `laforge.include`.
    case ignored
    /// It was in the snapshot, and its object is gone from the repository.
    case lost
  }

  /// The path; a folder where the reason is about one.
  public var path: GitPath
  /// Why it was left out.
  public var reason: Reason
  /// Its size in bytes; `nil` where that is unknown or it is no file.
  public var bytes: Int64?

  /// Creates a value of these parts.
  public init(path: GitPath, reason: Reason, bytes: Int64? = nil) {
    self.path = path
    self.reason = reason
    self.bytes = bytes
  }
}

/// Uncommitted work that was there before a step and is nowhere after it.
public struct LostWork: Hashable, Codable, Sendable {
  /// What became of the path.
  public enum Kind: String, Hashable, Codable, Sendable {
    /// The path is gone.
    case deleted
    /// The path has the content of HEAD again.
    case reverted
  }

  /// The path.
  public var path: GitPath
  /// What became of it.
  public var kind: Kind

  /// Creates a value of these parts.
  public init(path: GitPath, kind: Kind) {
    self.path = path
    self.kind = kind
  }
}

/// How a reference moved while a step ran.
public struct ReferenceMove: Hashable, Codable, Sendable {
  /// The full name.
  public var name: String
  /// Where it pointed before; `nil` where it did not exist.
  public var old: ObjectID?
  /// Where it points after; `nil` where it was deleted.
  public var new: ObjectID?

  /// Creates a value of these parts.
  public init(name: String, old: ObjectID?, new: ObjectID?) {
    self.name = name
    self.old = old
    self.new = new
  }
}
