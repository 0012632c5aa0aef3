/// The place of a step on the lines of its worktree.
package struct StepLink: Hashable, Sendable {
  package var id: StepID
  package var isActive: Bool
  // Numbers begin at 1. There may be many links, and an optional is twice as large.
  private var parentNumber: Int64
  private var enclosingNumber: Int64

  package init(id: StepID, parent: StepID?, enclosing: StepID? = nil, isActive: Bool = true) {
    self.id = id
    parentNumber = parent?.rawValue ?? 0
    enclosingNumber = enclosing?.rawValue ?? 0
    self.isActive = isActive
  }

  /// The step that it descends from.
  package var parent: StepID? {
    parentNumber == 0 ? nil : StepID(rawValue: parentNumber)
  }

  /// The step that it ran within; such a step is on no line.
  package var enclosing: StepID? {
    enclosingNumber == 0 ? nil : StepID(rawValue: enclosingNumber)
  }
}

/// The steps of one worktree by their descent, never by comparing numbers alone.
///
/// Only numbers, parents and activity are needed: a history may be long, and what else is recorded
/// of a step is read for the few that count.
package struct StepLine {
  /// In the order of their numbers: a parent is before its children.
  private let links: [StepLink]

  /// - Parameter links: Steps of one worktree, in any order.
  package init(_ links: [StepLink]) {
    let isSorted = zip(links, links.dropFirst()).allSatisfy { $0.id < $1.id }
    self.links = isSorted ? links : links.sorted { $0.id < $1.id }
  }

  private func link(_ id: StepID) -> StepLink? { position(id).map { links[$0] } }

  private func position(_ id: StepID) -> Int? {
    guard let first = links.first?.id else { return nil }
    // No number is missing where there is one worktree.
    let (distance, overflows) = id.rawValue.subtractingReportingOverflow(first.rawValue)
    if !overflows, distance >= 0, distance < links.count, links[Int(distance)].id == id {
      return Int(distance)
    }
    var (low, high) = (0, links.count)
    while low < high {
      let middle = (low + high) / 2
      if links[middle].id < id { low = middle + 1 } else { high = middle }
    }
    return low < links.count && links[low].id == id ? low : nil
  }

  /// A step and the active ones that descend from it, in the order of their numbers; steps within
  /// others are on no line.
  package func activeDescendants(of id: StepID) -> [StepID] {
    guard let start = position(id), links[start].enclosing == nil else { return [] }
    var line = [id]
    var isOnLine = [Bool](repeating: false, count: links.count)
    isOnLine[start] = true
    for index in links.indices.dropFirst(start + 1) {
      let link = links[index]
      guard link.isActive, link.enclosing == nil,
        let parent = link.parent.flatMap(position), isOnLine[parent]
      else { continue }
      isOnLine[index] = true
      line.append(link.id)
    }
    return line
  }

  /// A step and its rolled-back ancestors, the oldest first.
  package func rolledBackAncestry(of id: StepID) -> [StepID] {
    var ancestry = [id]
    var current = link(id)
    while let parent = current?.parent.flatMap(link), !parent.isActive {
      ancestry.append(parent.id)
      current = parent
    }
    return ancestry.reversed()
  }

  /// The steps that ran within any of some others, at any depth.
  package func enclosed(in ids: [StepID]) -> [StepID] {
    let candidates = links.filter { $0.enclosing != nil }
    guard !candidates.isEmpty else { return [] }
    var outer = Set(ids)
    var found: [StepID] = []
    for link in candidates {
      guard let enclosing = link.enclosing, outer.contains(enclosing) else { continue }
      outer.insert(link.id)
      found.append(link.id)
    }
    return found
  }

  /// The active steps that are not ancestors of a step, nor the step itself.
  package func activeOutsideAncestry(of id: StepID) -> [StepID] {
    var ancestors: Set<StepID> = [id]
    var current = link(id)
    while let parent = current?.parent.flatMap(link) {
      ancestors.insert(parent.id)
      current = parent
    }
    return links.filter {
      $0.isActive && $0.enclosing == nil && !ancestors.contains($0.id)
    }.map(\.id)
  }

  /// Some steps, and those that ran within them, as far as their activity is not the one asked for.
  package func switched(_ ids: [StepID], to isActive: Bool) -> [StepID] {
    let all = ids + enclosed(in: ids)
    let switched = all.filter { link($0).map { $0.isActive != isActive } ?? false }
    return all.count == ids.count ? switched : switched.sorted()
  }

  /// Those of some steps that did not run within another.
  package func outermost(_ ids: [StepID]) -> [StepID] {
    ids.filter { link($0).map { $0.enclosing == nil } ?? false }
  }

  /// The nearest ancestor of a step that is one of some others; whatever is between them is not.
  package func nearestAncestor(of id: StepID, among ids: Set<StepID>) -> StepID? {
    var current = link(id)?.parent
    while let parent = current {
      if ids.contains(parent) { return parent }
      current = link(parent)?.parent
    }
    return nil
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
