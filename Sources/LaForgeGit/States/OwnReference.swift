import Glibc
import LaForgeCore
import SystemPackage

/// Changes of LaForge's own references.
extension RepositoryReader {
  /// As `update(_:to:from:)`, past a lock that a killed LaForge has left.
  ///
  /// Nobody else writes these references but git when it packs them, which takes a moment: a lock
  /// that stays the same for longer is nobody's.
  func updateOwn(
    _ reference: String, to new: ObjectID?, from old: ObjectID?
  ) async throws(GitError) -> Bool {
    removeStaleLock(of: reference)
    return try await update(reference, to: new, from: old)
  }

  private func removeStaleLock(of reference: String) {
    let lock = location.commonDirectory.appending("\(reference).lock").string
    var first = stat()
    guard lstat(lock, &first) == 0 else { return }
    var waited = 0
    while waited < 2000 {
      usleep(20_000)
      waited += 20
      var now = stat()
      guard lstat(lock, &now) == 0, now.st_ino == first.st_ino,
        now.st_mtim.tv_sec == first.st_mtim.tv_sec, now.st_mtim.tv_nsec == first.st_mtim.tv_nsec
      else { return }
    }
    unlink(lock)
  }
}
