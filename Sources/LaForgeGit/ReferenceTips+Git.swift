import LaForgeCore

extension ReferenceTips {
  /// Files one reference under what it is.
  mutating func add(_ id: ObjectID, as name: String, branchesElsewhere: Set<String>) {
    if name.hasPrefix("refs/heads/") {
      if branchesElsewhere.contains(name) {
        self.branchesElsewhere[name] = id
      } else {
        branches[name] = id
      }
    } else if name.hasPrefix("refs/remotes/") {
      remoteBranches[name] = id
    } else if !name.hasPrefix("refs/laforge/"), name != "refs/stash",
      // These belong to one worktree and to one bisection or rebase.
      !name.hasPrefix("refs/bisect/"), !name.hasPrefix("refs/rewritten/"),
      !name.hasPrefix("refs/worktree/")
    {
      others[name] = id
    }
  }
}
