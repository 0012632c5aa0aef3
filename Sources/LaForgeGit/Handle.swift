import CLibgit2
import LaForgeCore

/// A kind of object that libgit2 allocates and the caller frees.
protocol HandleKind {
  static func free(_ pointer: OpaquePointer)
}

/// The one owner of a libgit2 object: freed when this value's life ends, in the reverse order of
/// declaration, so a child before its repository.
///
/// libgit2's functions that free return nothing and cannot fail.
struct Handle<Kind: HandleKind>: ~Copyable {
  let pointer: OpaquePointer

  /// Takes ownership of what a libgit2 function hands out through its first argument.
  init(
    _ function: String, _ create: (inout OpaquePointer?) -> Int32
  ) throws(GitError) {
    var created: OpaquePointer?
    try check(function, create(&created))
    guard let created else { preconditionFailure("\(function) returned no object") }
    pointer = created
  }

  /// As `init`, but returns `nil` for `GIT_ENOTFOUND`.
  static func find(
    _ function: String, _ create: (inout OpaquePointer?) -> Int32
  ) throws(GitError) -> Handle? {
    var created: OpaquePointer?
    guard try checkExists(function, create(&created)) else { return nil }
    guard let created else { preconditionFailure("\(function) returned no object") }
    return Handle(created)
  }

  private init(_ pointer: OpaquePointer) {
    self.pointer = pointer
  }

  deinit {
    Kind.free(pointer)
  }
}

enum RepositoryKind: HandleKind {
  static func free(_ pointer: OpaquePointer) { git_repository_free(pointer) }
}

enum ReferenceKind: HandleKind {
  static func free(_ pointer: OpaquePointer) { git_reference_free(pointer) }
}

enum ReferenceIteratorKind: HandleKind {
  static func free(_ pointer: OpaquePointer) { git_reference_iterator_free(pointer) }
}

enum ReflogKind: HandleKind {
  static func free(_ pointer: OpaquePointer) { git_reflog_free(pointer) }
}

enum ObjectKind: HandleKind {
  static func free(_ pointer: OpaquePointer) { git_object_free(pointer) }
}

enum CommitKind: HandleKind {
  static func free(_ pointer: OpaquePointer) { git_commit_free(pointer) }
}

enum TreeKind: HandleKind {
  static func free(_ pointer: OpaquePointer) { git_tree_free(pointer) }
}

enum DiffKind: HandleKind {
  static func free(_ pointer: OpaquePointer) { git_diff_free(pointer) }
}

enum DiffStatisticsKind: HandleKind {
  static func free(_ pointer: OpaquePointer) { git_diff_stats_free(pointer) }
}

enum RevisionWalkKind: HandleKind {
  static func free(_ pointer: OpaquePointer) { git_revwalk_free(pointer) }
}

enum ConfigurationKind: HandleKind {
  static func free(_ pointer: OpaquePointer) { git_config_free(pointer) }
}
