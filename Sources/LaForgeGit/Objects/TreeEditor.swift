import LaForgeCore

/// Makes trees that differ from others in a few paths.
///
/// Trees are read and written level by level, so that a database behind a process is asked as often
/// as the paths are deep, not as often as there are folders.
struct TreeEditor {
  let objects: any ObjectDatabase

  /// A folder on the way to an edited path.
  private final class Node {
    let depth: Int
    var base: ObjectID?
    var tree = TreeObject()
    var children: [GitPath: Node] = [:]
    /// What becomes of the paths right in this folder; a `nil` inside removes one.
    var edits: [GitPath: TrackedEntry?] = [:]

    init(depth: Int) {
      self.depth = depth
    }
  }

  /// Writes `base` with its paths edited and returns the tree; `nil` where nothing is left.
  ///
  /// - Parameters:
  ///   - base: A tree; `nil` for an empty one.
  ///   - edits: What the paths are to be; `nil` removes one. An entry takes the place of a folder
  ///     of its name, and a folder that of an entry.
  /// - Returns: The tree, written but not flushed.
  /// - Throws: `GitError` where a tree cannot be read or written.
  func edit(
    _ base: ObjectID?, _ edits: [GitPath: TrackedEntry?]
  ) async throws(GitError) -> ObjectID? {
    guard !edits.isEmpty else { return base }
    let root = Node(depth: 0)
    root.base = base
    for (path, entry) in edits { add(path, entry, to: root) }
    let levels = try await load(root)
    var written: [ObjectIdentifier: ObjectID] = [:]
    for level in levels.reversed() {
      var finished: [Node] = []
      for node in level {
        apply(to: node, written)
        if !node.tree.isEmpty { finished.append(node) }
      }
      let ids = try await objects.write(finished.map(\.tree.object))
      for (node, id) in zip(finished, ids) { written[ObjectIdentifier(node)] = id }
    }
    return written[ObjectIdentifier(root)]
  }

  private func add(_ path: GitPath, _ entry: TrackedEntry?, to root: Node) {
    var node = root
    let names = path.components
    for name in names.dropLast() {
      let name = GitPath(name)
      let child = node.children[name] ?? Node(depth: node.depth + 1)
      node.children[name] = child
      node = child
    }
    if let last = names.last { node.edits[GitPath(last)] = .some(entry) }
  }

  /// Reads the trees on the way and returns the folders by their depth.
  private func load(_ root: Node) async throws(GitError) -> [[Node]] {
    var levels: [[Node]] = []
    var level = [root]
    while !level.isEmpty {
      let read = try await objects.read(level.compactMap(\.base))
      var next: [Node] = []
      for node in level {
        if let base = node.base {
          guard let object = read[base], object.kind == .tree else {
            throw GitError(
              code: .missingObject, message: "the tree \(base) is missing", function: "tree")
          }
          node.tree = try TreeObject(parsing: object.content, idLength: base.byteCount)
        }
        for (name, child) in node.children {
          if let entry = node.tree[name], entry.mode == .tree { child.base = entry.id }
          next.append(child)
        }
      }
      levels.append(level)
      level = next
    }
    return levels
  }

  private func apply(to node: Node, _ written: [ObjectIdentifier: ObjectID]) {
    for (name, entry) in node.edits {
      if let entry {
        node.tree[name] = entry
      } else if node.tree[name]?.mode != .tree {
        node.tree[name] = nil
      }
    }
    for (name, child) in node.children {
      if let id = written[ObjectIdentifier(child)] {
        node.tree[name] = TrackedEntry(mode: .tree, id: id)
      } else if node.tree[name]?.mode == .tree {
        node.tree[name] = nil
      }
    }
  }
}
