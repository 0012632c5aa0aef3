import ArgumentParser

/// A git hook that LaForge takes part in; see `man 5 githooks`.
enum HookName: String, CaseIterable {
  case commitMessage = "commit-msg"
  case postCommit = "post-commit"
  case postRewrite = "post-rewrite"
  case prePush = "pre-push"
}

/// `laforge hook`: what the installed scripts call.
///
/// It never fails the git command that runs it: only a push is ever refused.
struct HookCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "hook", abstract: "What the git hooks call; `laforge hooks install` sets them up.",
    usage: "laforge hook NAME [args...]", shouldDisplay: false)

  @Argument(parsing: .captureForPassthrough, help: "The hook and what git gave it.")
  var words: [String] = []

  func run(in context: CommandContext) async throws -> ExitStatus {
    guard let hook = words.first.flatMap(HookName.init(rawValue:)) else {
      throw ValidationError("'laforge hook' is called by git; `laforge hooks status` tells of them")
    }
    do {
      if hook == .prePush { return try await PushGuard.run(in: context) }
      guard let session = try await HookSession(in: context) else { return .success }
      try await session.run(hook, Array(words.dropFirst()), in: context)
    } catch let failure as CommandFailure {
      context.error.say(failure.message, as: "Warning")
    } catch {
      context.error.say(
        UserMessage(
          code: "hook_failed", summary: "LaForge's \(hook.rawValue) hook could not do its work.",
          consequence: "Git goes on without it.", causes: ["\(error)"]),
        as: "Warning")
    }
    return .success
  }
}
