import Foundation
import LaForgeCore
import LaForgeTestSupport
import SystemPackage
import Testing

@testable import LaForgeGit

/// Which lock files are taken for those of a killed LaForge.
@Suite struct LockAnnouncementTests {
  private func repository() async throws -> (TestEnvironment, WorktreeRepository) {
    let environment = try await TestEnvironment()
    try await environment.shell("mkdir .git/laforge; git config laforge.lockTimeout 0")
    return (environment, try await ReaderKind.libgit2.openWorktree(environment.repository))
  }

  /// What a process leaves that is killed while it has announced its locks.
  private func announce(_ environment: TestEnvironment, _ locks: String) async throws {
    try await environment.shell(
      """
      mkdir -p .git/laforge/locks
      printf 'mark' > .git/laforge/locks/1-999999
      for lock in \(locks); do printf '\\0%s' "$PWD/.git/$lock" >> .git/laforge/locks/1-999999; done
      """)
  }

  private func exists(_ path: String, in environment: TestEnvironment) -> Bool {
    FileManager.default.fileExists(
      atPath: environment.repository.appending(".git").appending(path).string)
  }

  @Test func whatADeadProcessAnnouncedIsRemoved() async throws {
    let (environment, worktree) = try await repository()
    try await announce(environment, "HEAD.lock refs/heads/main.lock index.lock")
    try await environment.shell("touch .git/HEAD.lock .git/refs/heads/main.lock .git/other.lock")
    let removed = try await worktree.removeAbandonedLocks()
    #expect(removed.map { $0.split(separator: "/").last } == ["HEAD.lock", "main.lock"])
    #expect(!exists("HEAD.lock", in: environment))
    #expect(exists("other.lock", in: environment))
    #expect(!exists("laforge/locks/1-999999", in: environment))
    #expect(try await worktree.removeAbandonedLocks().isEmpty)
  }

  @Test func aLockThatIsOlderIsOfAnotherProcess() async throws {
    let (environment, worktree) = try await repository()
    try await announce(environment, "HEAD.lock")
    try await environment.shell("touch -d '-1 minute' .git/HEAD.lock")
    #expect(try await worktree.removeAbandonedLocks().isEmpty)
    #expect(exists("HEAD.lock", in: environment))
  }

  @Test func whatALivingProcessAnnouncedStays() async throws {
    let (environment, worktree) = try await repository()
    let lock = environment.repository.appending(".git/HEAD.lock")
    let announcement = try LockAnnouncement([lock], mark: "mark", in: worktree.location)
    try await environment.shell("touch .git/HEAD.lock")
    #expect(try await worktree.removeAbandonedLocks().isEmpty)
    #expect(exists("HEAD.lock", in: environment))
    withExtendedLifetime(announcement) {}
  }

  @Test func anAnnouncementGoesWithItsProcessesWork() async throws {
    let (environment, worktree) = try await repository()
    do { _ = try LockAnnouncement([], mark: "mark", in: worktree.location) }
    let output = try await environment.shell("ls .git/laforge/locks")
    #expect(output.standardOutput.isEmpty)
  }

  /// Git closes its lock file while an editor is open.
  @Test func noLockIsRemovedWhileAGitIsAtWork() async throws {
    let (environment, worktree) = try await repository()
    try await announce(environment, "index.lock")
    try await environment.shell("touch .git/index.lock; mkfifo ready go")
    async let git = environment.shell("git -c alias.wait='!echo > ready; read x < go' wait")
    try await environment.shell("await ready")
    await #expect(throws: OperationError.self) { try await worktree.removeAbandonedLocks() }
    #expect(exists("index.lock", in: environment))
    try await environment.shell("notify go")
    _ = try await git
    #expect(try await worktree.removeAbandonedLocks().count == 1)
  }
}
