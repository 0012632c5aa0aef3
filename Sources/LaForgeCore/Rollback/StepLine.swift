/// The steps of one worktree by their descent, never by comparing numbers alone.
package struct StepLine {
  private let steps: [StepID: Step]

  /// - Parameter steps: Steps of one worktree.
  package init(_ steps: [Step]) {
    self.steps = Dictionary(steps.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
  }

  /// A step and the active ones that descend from it, in the order of their numbers; steps within
  /// others are on no line.
  package func activeDescendants(of id: StepID) -> [Step] {
    var line: [Step] = []
    var ids: Set<StepID> = []
    for step in steps.values.sorted(by: { $0.id < $1.id }) where step.start.enclosing == nil {
      let isDescendant = step.parent.map(ids.contains) ?? false
      guard step.id == id || (isDescendant && step.isActive) else { continue }
      ids.insert(step.id)
      line.append(step)
    }
    return line
  }

  /// A step and its rolled-back ancestors, the oldest first.
  package func rolledBackAncestry(of step: Step) -> [Step] {
    var ancestry = [step]
    while let parent = ancestry[0].parent.flatMap({ steps[$0] }), !parent.isActive {
      ancestry.insert(parent, at: 0)
    }
    return ancestry
  }

  /// The steps that ran within any of some others, at any depth.
  package func enclosed(in ids: [StepID]) -> [Step] {
    var outer = Set(ids)
    var found: [Step] = []
    for step in steps.values.sorted(by: { $0.id < $1.id }) {
      guard let enclosing = step.start.enclosing, outer.contains(enclosing) else { continue }
      outer.insert(step.id)
      found.append(step)
    }
    return found
  }

  /// The active steps that are not ancestors of a step, nor the step itself.
  package func activeOutsideAncestry(of step: Step) -> [Step] {
    var ancestors: Set<StepID> = [step.id]
    var current = step
    while let parent = current.parent, let next = steps[parent] {
      ancestors.insert(parent)
      current = next
    }
    return steps.values.filter {
      $0.isActive && $0.start.enclosing == nil && !ancestors.contains($0.id)
    }.sorted { $0.id < $1.id }
  }

  /// Where the references go when one chain of steps is taken out and another brought in.
  package static func moves(outOf old: [Step], into new: [Step]) -> [ReferenceMove] {
    var moves = Dictionary(
      self.moves(through: old).map { ($0.name, $0.reversed) }, uniquingKeysWith: { $1 })
    for move in self.moves(through: new) {
      if let back = moves[move.name] {
        moves[move.name] =
          back.new == move.old
          ? ReferenceMove(name: move.name, old: back.old, new: move.new) : nil
      } else {
        moves[move.name] = move
      }
    }
    return moves.values.sorted { $0.name < $1.name }
  }

  /// Where the references went through a chain of steps: from where the first found them to where
  /// the last left them.
  ///
  /// A reference that somebody else moved in between is not among them.
  package static func moves(through steps: [Step]) -> [ReferenceMove] {
    var moves: [String: ReferenceMove] = [:]
    var interrupted: Set<String> = []
    for step in steps {
      for move in step.referenceMoves {
        if let earlier = moves[move.name] {
          if earlier.new != move.old { interrupted.insert(move.name) }
          moves[move.name]?.new = move.new
        } else {
          moves[move.name] = move
        }
        // What two steps did at the same time cannot be told apart.
        if !step.overlaps.isEmpty { interrupted.insert(move.name) }
      }
    }
    return moves.values.filter { !interrupted.contains($0.name) }.sorted { $0.name < $1.name }
  }
}
