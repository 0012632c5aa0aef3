import Foundation
import LaForgeCore
import SystemPackage

/// The packs that a repository had when everything that LaForge keeps was found to exist.
///
/// What LaForge alone keeps lies in packs, so none of it can be gone as long as they are there.
struct SeenPacks {
  private let list: FilePath
  /// The index files of the packs that are there now.
  let present: Set<String>
  /// Whether git fetches missing objects when they are wanted; see `man 7 partial-clone`.
  let isPartialClone: Bool

  init(git: RepositoryGit) {
    list = git.location.commonDirectory.appending("laforge").appending("packs-seen")
    let names =
      (try? FileManager.default.contentsOfDirectory(atPath: KeptPacks(git: git).folder.string))
      ?? []
    present = Set(names.filter { $0.hasSuffix(".idx") })
    isPartialClone = names.contains { $0.hasSuffix(".promisor") }
  }

  /// Whether a pack is gone, or none was looked at yet.
  var areSomeGone: Bool {
    guard let names = noted else { return true }
    return !names.isSubset(of: present)
  }

  private var noted: Set<String>? {
    guard let text = try? String(contentsOfFile: list.string, encoding: .utf8) else { return nil }
    return Set(text.split(separator: "\n").map(String.init))
  }

  /// Notes the packs that are there now, everything having been looked at.
  func record() { write(present) }

  /// Notes packs that have come since, and forgets some that were joined.
  ///
  /// - Parameter joined: Packs whose objects are in others now.
  func update(without joined: Set<String> = []) {
    guard let names = noted else { return }
    let updated = names.subtracting(joined).union(present)
    if updated != names { write(updated) }
  }

  /// A list that cannot be written only means that everything is looked at again.
  private func write(_ names: Set<String>) {
    try? Data(names.sorted().map { $0 + "\n" }.joined().utf8)
      .write(to: URL(filePath: list.string), options: .atomic)
  }
}
