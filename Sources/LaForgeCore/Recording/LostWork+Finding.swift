/// Finds uncommitted work that a step destroyed.
package struct LostWorkSearch {
  /// What was uncommitted before: HEAD against the state.
  package var before: StateDifference
  /// What is uncommitted after.
  package var after: StateDifference
  /// The state before against the state after.
  package var step: StateDifference
  /// Contents that commits and stash entries of the step hold.
  package var committed: Set<ObjectID>

  package init(
    before: StateDifference, after: StateDifference, step: StateDifference,
    committed: Set<ObjectID>
  ) {
    self.before = before
    self.after = after
    self.step = step
    self.committed = committed
  }

  /// The paths, in their order.
  ///
  /// A file that was changed further is the step's work on top of the person's and does not count;
  /// one that is gone, or has the content that HEAD had, does, unless its content is elsewhere.
  package var lost: [LostWork] {
    var alive = committed
    for change in after.files.values { if let id = change.new?.tracked.id { alive.insert(id) } }
    for change in after.index.values {
      if let id = change.new?.staged?.id { alive.insert(id) }
    }
    var lost: [LostWork] = []
    for path in Set(before.files.keys).union(before.index.keys) {
      // A file that only the index still held counts with its staged content.
      let file = before.files[path]
      // What a submodule has checked out is its own.
      if file?.new?.tracked.mode == .gitlink { continue }
      let content =
        file.map { $0.new?.tracked.id } ?? nil
        ?? (file?.new == nil ? before.index[path]?.new?.staged?.id : nil)
      guard let content, !alive.contains(content) else { continue }
      let committedContent = file?.old?.tracked.id ?? before.index[path]?.old?.staged?.id
      guard content != committedContent else { continue }
      let change = step.files[path]
      let isStagedOnly = file?.new == nil
      if isStagedOnly {
        if step.index[path] != nil { lost.append(LostWork(path: path, kind: .deleted)) }
      } else if let change {
        if change.new == nil {
          lost.append(LostWork(path: path, kind: .deleted))
        } else if change.new?.tracked.id == committedContent {
          lost.append(LostWork(path: path, kind: .reverted))
        }
      }
    }
    return lost.sorted { $0.path < $1.path }
  }
}
