import LaForgeCore

extension RepositoryPosition {
  /// The commits that HEAD and the references name.
  var namedObjects: Set<ObjectID> {
    var named = Set(tips.others.values)
    named.formUnion(tips.branches.values)
    named.formUnion(tips.branchesElsewhere.values)
    named.formUnion(tips.headsElsewhere)
    named.formUnion(tips.stash)
    named.formUnion(tips.remoteBranches.values)
    if let head = head.commit { named.insert(head) }
    return named
  }

  /// Where commits that were made since may be found: HEAD and the local branches that moved.
  func movedTips(since before: RepositoryPosition) -> Set<ObjectID> {
    let moved = tips.branches.filter { before.tips.branches[$0.key] != $0.value }
    var starts = Set(moved.values)
    if let head = head.commit, head != before.head.commit { starts.insert(head) }
    return starts
  }

  /// The remote-tracking branches that moved since, by name.
  func movedRemoteBranches(since before: RepositoryPosition) -> [String: ObjectID] {
    tips.remoteBranches.filter { before.tips.remoteBranches[$0.key] != $0.value }
  }
}
