import CLaForgeSupport
import CLibgit2
import LaForgeCore

/// The library as a whole: started once, never shut down.
enum LibGit2 {
  /// Initialises libgit2 on the first use of this property.
  ///
  /// The corresponding C function is `git_libgit2_init`, called so that it parses no certificates.
  static let start: Void = {
    let count = laforge_libgit2_start(git_libgit2_init)
    precondition(count > 0, "git_libgit2_init failed with \(count)")
  }()

  /// The version of the library that runs, such as `1.5.1`.
  static var version: String {
    var major: Int32 = 0
    var minor: Int32 = 0
    var revision: Int32 = 0
    git_libgit2_version(&major, &minor, &revision)
    return "\(major).\(minor).\(revision)"
  }
}

/// Throws what a libgit2 call that returned `code` has to say, unless it succeeded.
///
/// `git_error_last` belongs to the thread and to the latest failure, so it is read at once and
/// cleared: a later call may fail without setting a message of its own.
@discardableResult
func check(_ function: String, _ code: Int32) throws(GitError) -> Int32 {
  if code >= 0 { return code }
  throw lastError(function, code)
}

extension GitError {
  /// Whether libgit2 found a lock file of another process in its way.
  var isLocked: Bool { code.rawValue == GIT_ELOCKED.rawValue }
}

/// As `check`, but `GIT_ENOTFOUND`, the expected absence of something, returns false.
func checkExists(_ function: String, _ code: Int32) throws(GitError) -> Bool {
  if code == GIT_ENOTFOUND.rawValue {
    git_error_clear()
    return false
  }
  try check(function, code)
  return true
}

/// The class of the latest failure, `GIT_ERROR_CONFIG` for instance; not cleared.
func lastErrorClass() -> Int32 {
  git_error_last()?.pointee.klass ?? Int32(GIT_ERROR_NONE.rawValue)
}

func lastError(_ function: String, _ code: Int32) -> GitError {
  let message = git_error_last().flatMap { $0.pointee.message }.map { String(cString: $0) }
  git_error_clear()
  return GitError(
    code: GitError.Code(rawValue: code), message: message ?? "libgit2 gave no reason",
    function: function)
}
