import LaForgeCore

/// The tree behind `refs/laforge/keep`.
///
/// Its entries are snapshots by their id, and commits and annotated tags that no reference may reach
/// any more: as the bytes of the object (`<id>.commit`, `<id>.tag`), since a reference that reached
/// them as commits would show them in `git log --all`, with a commit's tree beside them
/// (`<id>.tree`). The newest entries stand in the root itself, older ones in closed blocks, so that
/// an update writes one tree however many entries there are.
struct KeepTree {
  let objects: any ObjectDatabase

  /// The entries of a closed block at most; the root holds up to as many besides the blocks.
  static let blockSize = 256

  /// Adds entries to a tree; not flushed.
  ///
  /// - Returns: The new tree, and the blocks that were closed.
  /// - Throws: `GitError`.
  func adding(
    _ entries: [GitPath: TrackedEntry], to root: TreeObject
  ) async throws(GitError) -> (id: ObjectID, closedBlocks: [ObjectID]) {
    var root = root
    var closed: [ObjectID] = []
    var open = root.entries.filter { !Self.isBlock($0.key) && !Self.isRecord($0.key) }
    open.merge(entries.filter { !Self.isRecord($0.key) }) { $1 }
    let records = Self.records(of: root, replacedBy: entries)
    while open.count > Self.blockSize {
      let part = open.sorted { $0.key < $1.key }.prefix(Self.blockSize)
      let block = TreeObject(Dictionary(part.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 }))
      let id = try await objects.write(block.object)
      closed.append(id)
      root[Self.blockName(after: root)] = TrackedEntry(mode: .tree, id: id)
      for (name, _) in part { open[name] = nil }
    }
    root = TreeObject(
      root.entries.filter { Self.isBlock($0.key) }.merging(open) { $1 }
        .merging(records) { $1 })
    return (try await objects.write(root.object), closed)
  }

  /// The entries that keep a commit or tag as its bytes.
  ///
  /// - Returns: Nothing for an object that does not exist or is of another kind.
  func entries(
    forBytesOf ids: Set<ObjectID>
  ) async throws(GitError) -> [GitPath: TrackedEntry] {
    let read = try await objects.read(Array(ids)).filter {
      [.commit, .tag].contains($0.value.kind)
    }
    let pairs = read.map { (id: $0.key, object: $0.value) }
    let blobs = try await objects.write(pairs.map { GitObject(.blob, $0.object.content) })
    var entries: [GitPath: TrackedEntry] = [:]
    for ((id, object), blob) in zip(pairs, blobs) {
      entries[GitPath("\(id).\(object.kind)")] = TrackedEntry(mode: .regular, id: blob)
      if object.kind == .commit, let tree = CommitHeader(object.content).tree {
        entries[GitPath("\(id).tree")] = TrackedEntry(mode: .tree, id: tree)
      }
    }
    return entries
  }

  /// Finds an entry in the root or in a block; the newest blocks first.
  func entry(_ name: GitPath, in root: TreeObject) async throws(GitError) -> TrackedEntry? {
    if let entry = root[name] { return entry }
    for (_, block) in root.entries.filter({ Self.isBlock($0.key) }).sorted(by: { $0.key > $1.key })
    {
      guard let object = try await objects.read([block.id])[block.id] else { continue }
      let tree = try TreeObject(parsing: object.content, idLength: block.id.byteCount)
      if let entry = tree[name] { return entry }
    }
    return nil
  }

  /// The parts of the record file, without those whose lines are in a new one.
  private static func records(
    of root: TreeObject, replacedBy entries: [GitPath: TrackedEntry]
  ) -> [GitPath: TrackedEntry] {
    let added = entries.filter { isRecord($0.key) }
    let ranges = added.keys.compactMap { RecordSegment.range(of: $0.text) }
    let kept = root.entries.filter { name, _ in
      guard let range = RecordSegment.range(of: name.text) else { return false }
      return !ranges.contains {
        $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound
      }
    }
    return kept.merging(added) { $1 }
  }

  /// The parts of the record file, in order; one that cannot be read is left out.
  func records(in root: TreeObject) async throws(GitError) -> [RecordSegment] {
    let entries = root.entries.filter { Self.isRecord($0.key) }
    let contents = try await objects.read(entries.values.map(\.id))
    return entries.compactMap { name, entry in
      guard let range = RecordSegment.range(of: name.text), let blob = contents[entry.id] else {
        return nil
      }
      return RecordSegment(first: range.lowerBound, last: range.upperBound, bytes: blob.content)
    }.sorted { $0.first < $1.first }
  }

  static func isRecord(_ name: GitPath) -> Bool {
    name.bytes.starts(with: RecordSegment.prefix.utf8)
  }

  static func isBlock(_ name: GitPath) -> Bool {
    name.bytes.starts(with: "block-".utf8)
  }

  private static func blockName(after root: TreeObject) -> GitPath {
    // Not their count: a block that was lost leaves a gap.
    let numbers = root.entries.keys.filter(isBlock).compactMap { Int($0.text.dropFirst(6)) }
    let number = (numbers.max() ?? -1) + 1
    let digits = String(number)
    return GitPath("block-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits)
  }
}
