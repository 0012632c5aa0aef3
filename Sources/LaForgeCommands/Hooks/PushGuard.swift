import LaForgeCore
import LaForgeGit
import LaForgeStore

/// Looks at what is about to be pushed: the `pre-push` hook.
enum PushGuard {
  /// Refuses LaForge's own references, whatever is known of the record, and points out commits that
  /// only rolled-back steps made.
  ///
  /// - Parameter context: Where to speak.
  /// - Returns: A failure to refuse the push.
  /// - Throws: `GitError`, `StoreError` or `CommandFailure`.
  static func run(in context: CommandContext) async throws -> ExitStatus {
    var tips: Set<ObjectID> = []
    // `LOCAL-REF LOCAL-ID REMOTE-REF REMOTE-ID` each.
    for line in try HookSession.standardInput().split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 4, let id = ObjectID(hex: String(words[1])), !id.isNull else { continue }
      if words[0].hasPrefix("refs/laforge/") || words[2].hasPrefix("refs/laforge/") {
        context.error.say(.ownReferencePushed)
        return .failure
      }
      tips.insert(id)
    }
    guard let session = try await HookSession(in: context) else { return .success }
    let rolledBack = try await session.store.commitRecord(withNotesIn: session.repository)
      .rolledBack
    let found = try await session.repository.unpublished(Set(rolledBack.keys), pushing: tips)
    guard !found.isEmpty else { return .success }
    let refuses = try await session.repository.gitConfiguration("laforge.pushGuard") == "refuse"
    let items = found.compactMap { commit in
      rolledBack[commit].map { "\(session.repository.abbreviation(of: commit))  (\($0))" }
    }
    context.error.say(
      .rolledBackPushed(items, isRefused: refuses), as: refuses ? "Error" : "Warning")
    return refuses ? .failure : .success
  }
}

extension UserMessage {
  /// A push would publish `refs/laforge/keep`.
  static let ownReferencePushed = UserMessage(
    code: "own_reference_pushed",
    summary: "This push would publish LaForge's own references, uncommitted work among them.",
    consequence: "Nothing was pushed.",
    hint: "name the branches to push; `git push --mirror` and 'refs/*' take everything.")

  /// A push publishes commits that only rolled-back steps made.
  static func rolledBackPushed(_ commits: [String], isRefused: Bool) -> UserMessage {
    let verb = isRefused ? "would publish" : "publishes"
    return UserMessage(
      code: "rolled_back_pushed",
      summary: "This push \(verb) \(Counted(commits.count, "commit")) of rolled-back steps:",
      items: commits, consequence: isRefused ? "Nothing was pushed." : nil,
      hint: isRefused
        ? "`git push --no-verify` pushes all the same."
        : "`git config laforge.pushGuard refuse` would refuse it.")
  }
}
