import Glibc
import LaForgeCore
import SystemPackage

/// Changes of LaForge's own references.
extension RepositoryReader {
  /// As `update(_:to:from:)`, past a lock that a killed LaForge has left.
  ///
  /// Other processes write these references only to pack them, which takes a moment: a lock that stays
  /// the same for longer is left from a killed one. The lock of the packed references is waited for as
  /// long as `laforge.lockTimeout` says.
  func updateOwn(
    _ reference: String, to new: ObjectID?, from old: ObjectID?
  ) async throws(GitError) -> Bool {
    removeStaleLock(of: reference)
    let packed = location.commonDirectory.appending("packed-refs.lock")
    let lock = location.commonDirectory.appending("\(reference).lock")
    var announcement: LockAnnouncement?
    if new == nil {
      // A deletion may lock the packed references, which every git needs.
      announcement = try LockAnnouncement(
        [packed, lock], mark: "reference", in: location, isDurable: false)
    }
    defer { withExtendedLifetime(announcement) {} }
    var waited = 0
    while true {
      do throws(GitError) {
        return try await update(reference, to: new, from: old)
      } catch {
        let isLocked = error.isLocked || [packed, lock].contains(where: WorkingTreeFile.exists)
        // Read only now: it may take a git process.
        guard isLocked, waited < (try await lockTimeoutMilliseconds()) else { throw error }
        usleep(20_000)
        waited += 20
      }
    }
  }

  /// How long locks of other gits are waited for: `laforge.lockTimeout`, in milliseconds.
  func lockTimeoutMilliseconds() async throws(GitError) -> Int {
    let seconds = try await configuration("laforge.lockTimeout").flatMap { Int($0) } ?? 5
    return min(max(0, seconds), 86_400) * 1000
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
