/// Where a plan moves references, and what leaves them.
extension OperationPlanner {
  func planReferences(
    in plan: inout StatePlan, _ goal: OperationGoal, _ tips: ReferenceTips
  ) throws(OperationError) {
    let (old, new) = (plan.head.old ?? Head(branch: nil, commit: nil), goal.target.head)
    let own = tips.branches.merging(tips.others) { $1 }
    if let branch = new.branch, branch != old.branch {
      if tips.branchesElsewhere[branch] != nil { throw .checkedOutElsewhere(branch: branch) }
      let expected = goal.references.first { $0.name == branch }
      let present = own[branch]
      if goal.manner != .exact, present != new.commit, present != nil, present != expected?.old {
        throw .branchMoved(branch)
      }
      plan.references.append(ReferenceMove(name: branch, old: present, new: new.commit))
    }
    for move in goal.references where move.name != new.branch && move.old != move.new {
      let present = own[move.name]
      if present == move.new { continue }
      // What steps made stays, and what somebody else has moved since is theirs.
      let isCurrent = move.name == old.branch && old.branch == new.branch
      if isCurrent { continue }
      let isOurs = present == move.old && !goal.contested.contains(move.name)
      if isOurs, move.new != nil, tips.branchesElsewhere[move.name] == nil {
        plan.references.append(move)
      } else if present != nil || tips.branchesElsewhere[move.name] != nil {
        plan.keptReferences.append(move.name)
      }
    }
    plan.references.removeAll { $0.old == $0.new }
    let stored = Set(tips.stash)
    plan.stashes = goal.stashes.filter { !stored.contains($0) }
  }

  /// Names the commits that the branches lose.
  func planLeavingCommits(
    in plan: inout StatePlan, of steps: [Step]
  ) async throws(OperationError) {
    var moves = plan.references
    if let old = plan.head.old, let new = plan.head.new, old.branch == new.branch {
      moves.append(
        ReferenceMove(name: old.branch ?? "HEAD", old: old.commit, new: new.commit))
    }
    var named: Set<ObjectID> = []
    for move in moves where move.old != move.new && !move.name.hasPrefix("refs/tags/") {
      let (commits, pushed) = try await inGit { () async throws(GitError) in
        try await repository.commitsLeaving(from: move.old, to: move.new)
      }
      plan.leavingCommits += commits.filter { named.insert($0).inserted }
      plan.pushed.merge(pushed) { first, _ in first }
    }
    let recorded = Set(steps.flatMap { $0.end?.commits ?? [] })
    plan.ownCommits = plan.leavingCommits.filter { !recorded.contains($0) }
  }
}
