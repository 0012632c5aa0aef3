import CLaForgeSupport
import Foundation
import Glibc
import LaForgeCore
import SystemPackage

/// The packs in which LaForge stores objects.
///
/// A `git gc` that is at work deletes what no reference reached when it counted, whatever a reference
/// says since. It leaves a pack alone that has a file of the same name ending in `.keep`; see
/// `man 1 git-repack`. So each new pack gets that file before git can see the pack, and loses it in
/// `release(at:needed:)`, when every `git gc` that has not seen the reference must be over.
struct KeptPacks: Sendable {
  let git: RepositoryGit

  /// The folder of all packs of the repository.
  var folder: FilePath { git.incoming.main.appending("pack") }

  /// The first line of a `.keep` file of LaForge's.
  static let mark = "LaForge: removed by a later command of LaForge.\n"

  // MARK: - Installing

  /// Moves a pack and its index into the repository, where nothing removes it for now.
  ///
  /// - Parameter pack: Its path without the ending, on the same file system.
  /// - Throws: `GitError` if a file cannot be written or renamed.
  func install(_ pack: FilePath) throws(GitError) {
    guard let name = pack.lastComponent?.string else { return }
    let target = folder.appending(name)
    try Self.write(Self.mark, to: FilePath(target.string + ".keep"))
    // Git looks for the index, so that comes last.
    for ending in [".pack", ".rev", ".idx"] {
      guard rename(pack.string + ending, target.string + ending) == 0 else {
        let number = errno
        if ending == ".rev", number == ENOENT { continue }
        unlink(target.string + ".keep")
        throw Self.failure(target, number, "rename")
      }
    }
    try Self.syncFolder(folder)
  }

  /// Moves a pack to where only this process and its children see it.
  ///
  /// - Parameter pack: Its path without the ending.
  /// - Throws: `GitError` if a file cannot be renamed.
  func leave(_ pack: FilePath) throws(GitError) {
    guard let name = pack.lastComponent?.string else { return }
    let target = git.incoming.path.appending("pack").appending(name)
    for ending in [".pack", ".idx"] {
      guard rename(pack.string + ending, target.string + ending) == 0 else {
        throw Self.failure(target, errno, "rename")
      }
    }
  }

  /// Whether a pack of this name is in the repository: a `git gc` may be about to remove it.
  func has(_ name: String) -> Bool {
    WorkingTreeFile.exists(folder.appending(name + ".pack"))
  }

  /// Lets git put objects into a pack and installs it; they may be anywhere that git finds them.
  ///
  /// - Throws: `GitError` if an object is missing or the pack cannot be written; nothing is installed
  ///   then.
  func pack(_ ids: some Collection<ObjectID>) async throws(GitError) {
    guard !ids.isEmpty else { return }
    try git.incoming.make()
    let scratch = git.incoming.path.appending("new")
    let prefix = scratch.appending("pack")
    let input = ids.map { $0.hex + "\n" }.joined()
    var unique = ""
    while true {
      let result = try await git.check(
        ["pack-objects", "-q", "--compression=1", prefix.string],
        input: Array((input + unique).utf8))
      let name = "pack-" + result.text.trimmingCharacters(in: .newlines)
      guard has(name) else {
        return try install(scratch.appending(name))
      }
      // The same objects again; one more makes it another pack.
      Self.remove(scratch.appending(name))
      unique = try await git.git.check(
        try git.storingCall(
          ["hash-object", "-w", "--stdin"], input: Array("\(name) \(getpid())\n".utf8))
      ).text
    }
  }

  /// Moves into the repository what git children have stored.
  ///
  /// - Parameter existing: Objects of the repository that the pack must hold as well.
  /// - Throws: `GitError` if a pack cannot be written or one of `existing` is gone.
  func packIncoming(with existing: Set<ObjectID> = []) async throws(GitError) {
    let loose = git.incoming.looseObjects()
    try await pack(existing.union(loose))
    git.incoming.removeLoose(loose)
    for pack in git.incoming.packs() { try install(pack) }
  }

  // MARK: - Files

  private static func write(_ text: String, to path: FilePath) throws(GitError) {
    // One of a killed process may be there, which only root could write to.
    unlink(path.string)
    let descriptor = laforge_open(path.string, O_WRONLY | O_CREAT | O_CLOEXEC, 0o444)
    guard descriptor >= 0 else { throw failure(path, errno, "open") }
    defer { laforge_close(descriptor) }
    let bytes = Array(text.utf8)
    // Not made durable: no `git gc` is at work any more after a power loss.
    guard laforge_write(descriptor, bytes, bytes.count) == bytes.count else {
      let number = errno
      unlink(path.string)
      throw failure(path, number, "write")
    }
  }

  private static func syncFolder(_ folder: FilePath) throws(GitError) {
    let descriptor = laforge_open(folder.string, O_RDONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw failure(folder, errno, "open") }
    defer { laforge_close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure(folder, errno, "fsync") }
  }

  /// Removes a pack; the index first, so that git does not look for the rest.
  static func remove(_ pack: FilePath) {
    for ending in [".idx", ".rev", ".pack", ".keep"] { unlink(pack.string + ending) }
  }

  private static func failure(_ path: FilePath, _ number: Int32, _ function: String) -> GitError {
    GitError(
      code: .io, message: "'\(path)': \(Errno(rawValue: number).description)", function: function)
  }
}
