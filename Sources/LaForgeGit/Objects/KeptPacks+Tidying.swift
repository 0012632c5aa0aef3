import Foundation
import Glibc
import LaForgeCore
import SystemPackage

/// Keeps the packs few, and gives them to git when no `git gc` can miss their objects any more.
extension KeptPacks {
  /// So many small packs that git must leave alone stay at most, and as many that it need not.
  static let limit = 8
  /// A pack of this many bytes is not small: it is not written again to join it with others.
  private static let smallSize: Int64 = 32 << 20
  /// A `git gc` that started before an object was reachable is over after so many seconds, unless
  /// its `gc.pid` says otherwise.
  private static let graceSeconds = 3600
  /// Git itself takes an older `gc.pid` for that of a process which is gone.
  private static let gcSeconds = 12 * 3600

  private struct Pack {
    /// The path without the ending.
    var path: FilePath
    var size: Int64
    /// Seconds since 1970 of its `.keep` file, or of itself.
    var time: Int

    var isSmall: Bool { size < smallSize }
  }

  /// As `StateRepository.releasePacks(at:needed:)`.
  func release(at now: Timestamp, needed: ObjectID?) throws(GitError) -> Bool {
    let seconds = Int(now.millisecondsSince1970 / 1000)
    removeTorn(before: seconds - Self.graceSeconds)
    var kept = keptPacks()
    guard !kept.isEmpty else { return false }
    if !isCollecting(at: seconds) {
      let old = kept.filter { $0.time < seconds - Self.graceSeconds && !holds(needed, $0) }
      for pack in old {
        try remember(pack)
        unlink(pack.path.string + ".keep")
      }
      let released = Set(old.map(\.path))
      kept.removeAll { released.contains($0.path) }
      if !old.isEmpty, freePacks().filter(\.isSmall).count > Self.limit { return true }
    }
    return kept.filter(\.isSmall).count > Self.limit
  }

  /// Removes what a killed process has left of packs whose index is not there.
  private func removeTorn(before seconds: Int) {
    for name in keepFiles() {
      let path = folder.appending(name)
      var status = stat()
      guard !WorkingTreeFile.exists(FilePath(path.string + ".idx")),
        stat(path.string + ".keep", &status) == 0, Int(status.st_mtim.tv_sec) < seconds
      else { continue }
      Self.remove(path)
    }
  }

  /// As `StateRepository.joinPacks(without:)`.
  func join(without unwanted: Set<ObjectID>) async throws(GitError) {
    let kept = keptPacks().filter(\.isSmall)
    if kept.count > Self.limit { try await join(kept, without: unwanted, keeping: true) }
    let free = freePacks().filter(\.isSmall)
    if free.count > Self.limit { try await join(free, without: unwanted, keeping: false) }
  }

  /// Whether a pack that git must leave alone has an object.
  func keeps(_ id: ObjectID) -> Bool {
    keptPacks().contains { holds(id, $0) }
  }

  private func holds(_ id: ObjectID?, _ pack: Pack) -> Bool {
    guard let id else { return false }
    return PackIndexFile(FilePath(pack.path.string + ".idx"), idLength: git.idLength)?
      .contains(id) ?? false
  }

  /// Writes the smaller ones of some packs as one and removes them.
  ///
  /// The largest stay, so that no object is written again at each joining.
  private func join(
    _ packs: [Pack], without unwanted: Set<ObjectID>, keeping: Bool
  ) async throws(GitError) {
    let joined = packs.sorted { $0.size < $1.size }.dropLast(3)
    var ids: Set<ObjectID> = []
    for pack in joined {
      let path = FilePath(pack.path.string + ".idx")
      guard let index = PackIndexFile(path, idLength: git.idLength) else { return }
      ids.formUnion(index.ids)
    }
    let before = Set(keptPacks().map(\.path))
    do {
      try await pack(ids.subtracting(unwanted))
    } catch {
      // Many packs take more room and time, and lose nothing.
      return
    }
    for pack in joined { Self.remove(pack.path) }
    guard !keeping else { return }
    for pack in keptPacks() where !before.contains(pack.path) {
      try remember(pack)
      unlink(pack.path.string + ".keep")
    }
  }

  /// Whether a `git gc` works in the repository; see `gc.pid` in `builtin/gc.c` of git.
  private func isCollecting(at seconds: Int) -> Bool {
    let path = git.location.commonDirectory.appending("gc.pid").string
    var status = stat()
    guard stat(path, &status) == 0, Int(status.st_mtim.tv_sec) > seconds - Self.gcSeconds,
      let text = try? String(contentsOfFile: path, encoding: .utf8)
    else { return false }
    let words = text.split(separator: " ")
    guard words.count == 2, let pid = pid_t(words[0]) else { return true }
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    let host = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    guard words[1].trimmingCharacters(in: .whitespacesAndNewlines) == host else { return true }
    return kill(pid, 0) == 0 || errno == EPERM
  }

  // MARK: - Listing

  /// The packs of LaForge's that git must leave alone.
  private func keptPacks() -> [Pack] {
    keepFiles().compactMap { pack(named: $0, timedBy: folder.appending($0 + ".keep")) }
  }

  /// The names of the `.keep` files of LaForge's, without their ending.
  private func keepFiles() -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
    return names.filter { name in
      name.hasSuffix(".keep")
        && FileManager.default.contents(atPath: folder.appending(name).string)?
          .elementsEqual(Self.mark.utf8) == true
    }.map { String($0.dropLast(5)) }
  }

  /// The packs that were kept once and that git has not replaced yet.
  private func freePacks() -> [Pack] {
    Set(remembered).compactMap { pack(named: $0, timedBy: folder.appending($0 + ".pack")) }
  }

  private func pack(named name: String, timedBy file: FilePath) -> Pack? {
    var status = stat()
    var timed = stat()
    guard stat(folder.appending(name + ".pack").string, &status) == 0,
      stat(file.string, &timed) == 0
    else { return nil }
    return Pack(
      path: folder.appending(name), size: Int64(status.st_size), time: Int(timed.st_mtim.tv_sec))
  }

  /// The names of the packs that were kept once, a line each.
  private var list: FilePath {
    git.location.commonDirectory.appending("laforge").appending("packs")
  }

  private var remembered: [String] {
    let text = (try? String(contentsOfFile: list.string, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init)
  }

  private func remember(_ pack: Pack) throws(GitError) {
    guard let name = pack.path.lastComponent?.string else { return }
    let names = remembered.filter { WorkingTreeFile.exists(folder.appending($0 + ".pack")) }
    do {
      try Data((names + [name]).map { $0 + "\n" }.joined().utf8)
        .write(to: URL(filePath: list.string), options: .atomic)
    } catch {
      throw GitError(code: .io, message: error.localizedDescription, function: "write")
    }
  }
}
