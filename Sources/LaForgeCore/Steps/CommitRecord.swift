/// What a commit became by an amend or a rebase.
package struct CommitRewrite: Hashable, Sendable {
  package var old: ObjectID
  package var new: ObjectID

  package init(old: ObjectID, new: ObjectID) {
    self.old = old
    self.new = new
  }
}

/// The commits of steps, by what git hooks and the ends of steps told, and what they became.
package struct CommitRecord: Sendable {
  private var makers: [ObjectID: Set<StepID>] = [:]
  private var commits: [StepID: [ObjectID]] = [:]
  private var inactive: Set<StepID> = []
  /// Each in the order in which it was added.
  private var successors: [ObjectID: [ObjectID]] = [:]
  private var predecessors: [ObjectID: [ObjectID]] = [:]

  package init() {}

  /// Adds a commit that a step made.
  package mutating func add(_ commit: ObjectID, of step: StepID, isActive: Bool) {
    if makers[commit, default: []].insert(step).inserted {
      commits[step, default: []].append(commit)
    }
    if !isActive { inactive.insert(step) }
  }

  /// Adds what a commit became.
  package mutating func add(_ rewrite: CommitRewrite) {
    guard rewrite.old != rewrite.new,
      successors[rewrite.old]?.contains(rewrite.new) != true
    else { return }
    successors[rewrite.old, default: []].append(rewrite.new)
    predecessors[rewrite.new, default: []].append(rewrite.old)
  }

  /// Adds what a hook noted.
  package mutating func add(_ note: HookNote) {
    for commit in note.commits { add(commit.id, of: commit.step, isActive: true) }
    for rewrite in note.rewrites { add(rewrite) }
  }

  /// The commits that a step made, in their order.
  package func commits(of step: StepID) -> [ObjectID] { commits[step] ?? [] }

  /// What a commit is now: itself where it was never rewritten, several where it was split, the oldest
  /// first.
  package func present(_ commit: ObjectID) -> [ObjectID] {
    let ends = reach(from: commit, along: successors).filter { successors[$0] == nil }
    // Rewritten back and forth, it is what it was.
    return ends.isEmpty ? [commit] : ends
  }

  /// The steps that made a commit or what it was rewritten from, each with that commit.
  package func makers(of commit: ObjectID) -> [(step: StepID, commit: ObjectID)] {
    let found = reach(from: commit, along: predecessors).flatMap { origin in
      (makers[origin] ?? []).map { (step: $0, commit: origin) }
    }
    return found.sorted { ($0.step, $0.commit.hex) < ($1.step, $1.commit.hex) }
  }

  /// The commits that only rolled-back steps made, each with one of these; what they became is among
  /// them.
  package var rolledBack: [ObjectID: StepID] {
    var found: [ObjectID: StepID] = [:]
    for commit in makers.keys {
      for form in reach(from: commit, along: successors) {
        let steps = makers(of: form).map(\.step)
        if let step = steps.first, steps.allSatisfy(inactive.contains) { found[form] = step }
      }
    }
    return found
  }

  private func reach(
    from commit: ObjectID, along links: [ObjectID: [ObjectID]]
  ) -> [ObjectID] {
    var seen: Set<ObjectID> = []
    var found: [ObjectID] = []
    var waiting = [commit]
    while let next = waiting.popLast() {
      guard seen.insert(next).inserted else { continue }
      found.append(next)
      waiting += (links[next] ?? []).reversed()
    }
    return found
  }
}
