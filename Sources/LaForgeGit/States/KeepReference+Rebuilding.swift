import LaForgeCore

/// Builds the reference again where a part of it is gone.
extension KeepReference {
  /// Whether everything that the recorded value of the reference needs exists.
  ///
  /// - Parameters:
  ///   - recorded: The value that was last recorded; `nil` before the first.
  ///   - isPartialClone: Whether git fetches missing objects when they are wanted, so that only what
  ///     LaForge alone has can be missed.
  /// - Returns: False also if the reference itself cannot be read.
  /// - Throws: `GitError` if the object database cannot be read.
  func isWhole(recorded: ObjectID?, isPartialClone: Bool) async throws(GitError) -> Bool {
    guard let tag = recorded else { return true }
    guard let root = try await root(of: tag) else { return false }
    let (entries, isComplete) = try await tree.allEntries(of: root)
    guard isComplete else { return false }
    if isPartialClone {
      let ids = entries.values.map(\.id)
      return try await objects.existing(ids).count == Set(ids).count
    }
    var examination = KeepExamination(objects: objects)
    return try await examination.look(at: entries)
  }

  /// Points the reference to all that still exists.
  ///
  /// - Parameters:
  ///   - ids: Every snapshot, commit and tag that is recorded.
  ///   - recorded: The value that was last recorded.
  ///   - earlier: Values before it, the latest first; what only they can tell comes from them.
  ///   - isPartialClone: As for `isWhole`.
  /// - Returns: The new value.
  /// - Throws: `GitError`.
  func rebuild(
    _ ids: Set<ObjectID>, recorded: ObjectID?, earlier: [ObjectID], isPartialClone: Bool
  ) async throws(GitError) -> KeepGeneration {
    for _ in 0..<Self.attempts {
      let present = try await reader.target(of: Self.name)
      var entries: [GitPath: TrackedEntry] = [:]
      for tag in [present, recorded].compactMap({ $0 }) + earlier {
        guard let root = try await root(of: tag) else { continue }
        let known = try await tree.allEntries(of: root).entries
        let existing = try await objects.existing(known.values.map(\.id))
        for (name, entry) in known where entries[name] == nil && existing.contains(entry.id) {
          entries[name] = entry
        }
      }
      let unnamed = ids.subtracting(entries.keys.compactMap(KeepTree.subject))
      var lost = unnamed
      for (id, object) in try await objects.read(Array(unnamed)) {
        if object.kind == .tree {
          entries[GitPath(id.hex)] = TrackedEntry(mode: .tree, id: id)
        }
        lost.remove(id)
      }
      entries.merge(try await tree.entries(forBytesOf: unnamed)) { $1 }
      var partial: Set<ObjectID> = []
      if !isPartialClone {
        var examination = KeepExamination(objects: objects)
        if try await !examination.look(at: entries) {
          let rest = try await examination.salvage(entries)
          (entries, partial) = (rest.entries, rest.partial)
          lost.formUnion(rest.lost)
        }
      }
      let id = try await tree.adding(entries, to: TreeObject())
      guard let tag = try await move(to: id, from: present, with: try await all(of: entries))
      else { continue }
      let kept = Set(entries.keys.compactMap(KeepTree.subject))
      return KeepGeneration(
        tag: tag, tree: id, added: kept, lost: lost.subtracting(kept), partial: partial,
        replacesAll: true)
    }
    throw Self.contention
  }

  /// Everything that some entries hold beside HEAD's tree: nothing kept it alive.
  private func all(
    of entries: [GitPath: TrackedEntry]
  ) async throws(GitError) -> Set<ObjectID> {
    let closure = KeptClosure(objects: objects)
    let head = try await headTree()
    var needed: Set<ObjectID> = []
    var starts: [KeptClosure.Start] = []
    for (name, entry) in entries {
      guard entry.mode == .tree else {
        needed.insert(entry.id)
        continue
      }
      if name.text.hasSuffix(".tree") {
        starts.append(KeptClosure.Start(tree: entry.id, bases: [head].compactMap { $0 }))
      } else {
        let (parts, own) = try await closure.starts(of: entry.id, beyond: [], head: head)
        starts += parts
        needed.formUnion(own)
      }
    }
    return needed.union(try await closure.objects(of: starts))
  }
}
