import LaForgeCore

/// The tree behind `refs/laforge/keep`.
///
/// Its entries are snapshots by their id, and commits and annotated tags that no reference may reach
/// any more: as the bytes of the object (`<id>.commit`, `<id>.tag`), since a reference that reached
/// them as commits would show them in `git log --all`, with a commit's tree beside them
/// (`<id>.tree`). In the folder `partial` lies what is left of snapshots some objects of which are
/// gone, by their ids. The newest entries stand in the root itself, older ones in closed blocks, so that
/// an update writes one tree however many entries there are.
struct KeepTree {
  let objects: any ObjectDatabase

  /// The entries of a closed block at most; the root holds up to as many besides the blocks.
  static let blockSize = 256

  /// Adds entries to a tree; not flushed.
  ///
  /// - Returns: The new tree.
  /// - Throws: `GitError`.
  func adding(
    _ entries: [GitPath: TrackedEntry], to root: TreeObject
  ) async throws(GitError) -> ObjectID {
    var root = root
    let partial = entries.filter { Self.isPartial($0.key) }
    let isEntry = { (name: GitPath) in
      !Self.isBlock(name) && !Self.isRecord(name) && !Self.isPartial(name)
        && name != Self.partialFolder
    }
    var open = root.entries.filter { isEntry($0.key) }
    open.merge(entries.filter { isEntry($0.key) }) { $1 }
    let records = Self.records(of: root, replacedBy: entries)
    while open.count > Self.blockSize {
      let part = open.sorted { $0.key < $1.key }.prefix(Self.blockSize)
      let block = TreeObject(Dictionary(part.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 }))
      let id = try await objects.write(block.object)
      root[Self.blockName(after: root)] = TrackedEntry(mode: .tree, id: id)
      for (name, _) in part { open[name] = nil }
    }
    let partialTree = try await adding(partial, toFolderOf: root)
    root = TreeObject(
      root.entries.filter { Self.isBlock($0.key) }.merging(open) { $1 }
        .merging(records) { $1 })
    root[Self.partialFolder] = partialTree
    return try await objects.write(root.object)
  }

  private func adding(
    _ partial: [GitPath: TrackedEntry], toFolderOf root: TreeObject
  ) async throws(GitError) -> TrackedEntry? {
    let present = root[Self.partialFolder]
    guard !partial.isEmpty else { return present }
    var folder = TreeObject()
    if let present, let object = try await objects.read([present.id])[present.id] {
      folder = try TreeObject(parsing: object.content, idLength: present.id.byteCount)
    }
    for (name, entry) in partial {
      if let subject = Self.subject(of: name) { folder[GitPath(subject.hex)] = entry }
    }
    return TrackedEntry(mode: .tree, id: try await objects.write(folder.object))
  }

  /// What is left of a snapshot; `nil` if it is whole, or wholly gone.
  func remains(
    of snapshot: ObjectID, in root: TreeObject
  ) async throws(GitError) -> ObjectID? {
    guard let folder = root[Self.partialFolder],
      let object = try await objects.read([folder.id])[folder.id]
    else { return nil }
    let tree = try TreeObject(parsing: object.content, idLength: folder.id.byteCount)
    return tree[GitPath(snapshot.hex)]?.id
  }

  /// Every entry of the root and of its blocks; what is left of snapshots has the names of
  /// `partialName`.
  ///
  /// - Returns: The entries, and whether a block could not be read, so that there may be more.
  /// - Throws: `GitError` if the object database cannot be read.
  func allEntries(
    of root: TreeObject
  ) async throws(GitError) -> (entries: [GitPath: TrackedEntry], isComplete: Bool) {
    let isFolder = { (name: GitPath) in Self.isBlock(name) || name == Self.partialFolder }
    var entries = root.entries.filter { !isFolder($0.key) }
    let folders = root.entries.filter { isFolder($0.key) }
    let read = try await objects.read(folders.values.map(\.id))
    var isComplete = true
    for (name, entry) in folders {
      guard let object = read[entry.id], object.kind == .tree else {
        isComplete = false
        continue
      }
      let tree = try TreeObject(parsing: object.content, idLength: entry.id.byteCount)
      for (inner, found) in tree.entries {
        let subject = name == Self.partialFolder ? Self.subject(of: inner) : nil
        entries[subject.map(Self.partialName) ?? inner] = found
      }
    }
    return (entries, isComplete)
  }

  private static let partialFolder = GitPath("partial")

  /// The name of what is left of a snapshot, among all entries.
  static func partialName(_ snapshot: ObjectID) -> GitPath { GitPath("\(snapshot).partial") }

  private static func isPartial(_ name: GitPath) -> Bool {
    name.bytes.suffix(8).elementsEqual(".partial".utf8)
  }

  /// The object that an entry is about.
  static func subject(of name: GitPath) -> ObjectID? {
    ObjectID(hex: String(name.text.prefix { $0 != "." }))
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
