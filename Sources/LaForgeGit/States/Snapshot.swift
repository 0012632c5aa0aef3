import Foundation
import LaForgeCore

/// The parts of a state as trees that are as git would make them.
struct StateTrees: Equatable, Sendable {
  /// The staged content of every path that is neither in conflict nor only intended to be added.
  var index: ObjectID?
  /// All files as git would store them.
  var worktree: ObjectID?
  /// The exact bytes of the files whose content as git would store it is another.
  var raw: ObjectID?
  /// The files of operations in progress.
  var progress: ObjectID?
  var meta: SnapshotMeta
}

/// What of a state no tree can hold.
struct SnapshotMeta: Codable, Equatable, Sendable {
  /// An index entry that is more than a staged file.
  struct SpecialEntry: Codable, Equatable, Sendable {
    var path: GitPath
    var conflict: [ConflictStage]
    var flags: IndexFlags
  }

  var head: Head
  /// In the order of the paths.
  var special: [SpecialEntry] = []
  /// What is not in the snapshot, without sizes, so that equal states have equal snapshots.
  var leftOut: [LeftOut] = []
  /// Paths that `git fsck` would judge, under the names that they are kept by.
  var escaped: [GitPath] = []
  /// The patterns of `laforge.include`; `nil` for none.
  var includes: [String]?

  var specialByPath: [GitPath: SpecialEntry] {
    Dictionary(special.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
  }
}

/// Writes states as one tree and reads them back.
///
/// A snapshot depends on the state alone, so that equal states are the same object.
struct Snapshot {
  let objects: any ObjectDatabase

  /// Writes a state and returns its tree; not flushed.
  func write(_ trees: StateTrees) async throws(GitError) -> ObjectID {
    var trees = trees
    let editor = TreeEditor(objects: objects)
    var head: ObjectID?
    if let commit = trees.meta.head.commit { head = try await objects.treeID(of: commit) }
    let comparison = TreeComparison(objects: objects)
    for part in [\StateTrees.index, \StateTrees.worktree] {
      let changed = try await comparison.differences(from: head, to: trees[keyPath: part])
      var edits: [GitPath: TrackedEntry?] = [:]
      for (path, change) in changed where RefusedName.isSubmoduleList(path) {
        guard let entry = change.new else { continue }
        edits[path] = .some(nil)
        edits[Self.escape(path)] = entry
        if !trees.meta.escaped.contains(path) { trees.meta.escaped.append(path) }
      }
      trees[keyPath: part] = try await editor.edit(trees[keyPath: part], edits)
    }
    trees.meta.escaped.sort()
    var root = TreeObject()
    root["meta"] = try await write(trees.meta)
    root["index"] = trees.index.map { TrackedEntry(mode: .tree, id: $0) }
    root["worktree"] = trees.worktree.map { TrackedEntry(mode: .tree, id: $0) }
    root["raw"] = trees.raw.map { TrackedEntry(mode: .tree, id: $0) }
    root["state"] = trees.progress.map { TrackedEntry(mode: .tree, id: $0) }
    return try await objects.write(root.object)
  }

  private func write(_ meta: SnapshotMeta) async throws(GitError) -> TrackedEntry {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data: Data
    do {
      data = try encoder.encode(meta)
    } catch {
      preconditionFailure("the facts about a snapshot are always JSON: \(error)")
    }
    let blob = try await objects.write(GitObject(.blob, Array(data)))
    return TrackedEntry(mode: .regular, id: blob)
  }

  /// Writes the facts about a snapshot again, some paths of which are gone.
  ///
  /// - Parameters:
  ///   - meta: The facts as they were.
  ///   - gone: The paths.
  /// - Returns: The entry to take their place.
  /// - Throws: `GitError` if they cannot be read or written.
  func meta(
    _ meta: ObjectID, leavingOut gone: Set<GitPath>
  ) async throws(GitError) -> TrackedEntry {
    let content = try await objects.object(meta, .blob).content
    guard var facts = try? JSONDecoder().decode(SnapshotMeta.self, from: Data(content)) else {
      throw damaged(meta)
    }
    facts.leftOut += gone.map { LeftOut(path: $0, reason: .lost) }
    facts.leftOut.sort { $0.path < $1.path }
    return try await write(facts)
  }

  /// Reads a state; that of a clean one is HEAD's tree.
  func load(_ state: RepositoryState) async throws(GitError) -> StateTrees {
    guard let recorded = state.snapshot else {
      var tree: ObjectID?
      if let commit = state.head.commit { tree = try await objects.treeID(of: commit) }
      return StateTrees(index: tree, worktree: tree, meta: SnapshotMeta(head: state.head))
    }
    let snapshot = try await objects.remains(of: recorded) ?? recorded
    let root = try TreeObject(
      parsing: try await objects.object(snapshot, .tree).content, idLength: snapshot.byteCount)
    guard let metaID = root["meta"]?.id else { throw damaged(snapshot) }
    let content = try await objects.object(metaID, .blob).content
    let meta: SnapshotMeta
    do {
      meta = try JSONDecoder().decode(SnapshotMeta.self, from: Data(content))
    } catch {
      throw damaged(snapshot)
    }
    var trees = StateTrees(
      index: root["index"]?.id, worktree: root["worktree"]?.id, raw: root["raw"]?.id,
      progress: root["state"]?.id, meta: meta)
    trees.meta.escaped = []
    guard !meta.escaped.isEmpty else { return trees }
    trees.index = try await unescape(trees.index, meta.escaped)
    trees.worktree = try await unescape(trees.worktree, meta.escaped)
    return trees
  }

  private func damaged(_ snapshot: ObjectID) -> GitError {
    GitError(
      code: .missingObject, message: "the snapshot \(snapshot) is damaged", function: "meta")
  }

  private func unescape(
    _ tree: ObjectID?, _ paths: [GitPath]
  ) async throws(GitError) -> ObjectID? {
    let kept = try await TreeComparison(objects: objects).entries(
      of: tree, at: paths.map(Self.escape))
    var edits: [GitPath: TrackedEntry?] = [:]
    for path in paths {
      guard let entry = kept[Self.escape(path)] else { continue }
      edits[Self.escape(path)] = .some(nil)
      edits[path] = entry
    }
    return try await TreeEditor(objects: objects).edit(tree, edits)
  }

  /// A name beside the path that no file system takes for the list of submodules.
  private static func escape(_ path: GitPath) -> GitPath {
    let folder = path.bytes.dropLast(path.name.count)
    return GitPath(Array(folder) + Array("laforge-kept-".utf8) + path.name.drop { $0 == 46 })
  }
}
