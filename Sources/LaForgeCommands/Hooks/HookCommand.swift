import ArgumentParser
import Foundation
import LaForgeCore
import LaForgeGit
import LaForgeStore
import SystemPackage

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
      guard let session = try await HookSession(in: context) else { return .success }
      return try await session.run(hook, Array(words.dropFirst()), in: context)
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

/// A repository whose git runs a hook.
struct HookSession {
  let repository: WorktreeRepository
  let store: SQLiteStepStore

  /// `nil` where nothing was recorded.
  init?(in context: CommandContext) async throws {
    guard let repository = try? await context.openRepository() else { return nil }
    self.repository = repository
    do {
      store = try SQLiteStepStore(forHookIn: repository.location.commonDirectory)
    } catch {
      guard error.code != .noDatabase, error.code != .busy else { return nil }
      throw CommandFailure(UserMessage(error))
    }
  }

  /// Does the work of a hook.
  ///
  /// - Parameters:
  ///   - hook: The hook.
  ///   - arguments: What git gave it.
  ///   - context: Where it runs.
  /// - Returns: The status for git.
  /// - Throws: `GitError`, `StoreError` or `CommandFailure`, all of which git need not know.
  func run(
    _ hook: HookName, _ arguments: [String], in context: CommandContext
  ) async throws -> ExitStatus {
    switch hook {
    case .commitMessage:
      guard let step = try runningStep(in: context), let file = arguments.first else { break }
      try await addTrailer(of: step, to: context.directory.pushing(FilePath(file)), in: context)
    case .postCommit:
      guard let step = try runningStep(in: context), let commit = try await repository.head().commit
      else { break }
      try store.addCommit(commit, to: step)
    case .postRewrite:
      try store.noteRewrites(String(decoding: try Self.standardInput(), as: UTF8.self))
    case .prePush:
      let lines = String(decoding: try Self.standardInput(), as: UTF8.self)
      return try await PushGuard(session: self).check(lines, in: context)
    }
    return .success
  }

  private func runningStep(in context: CommandContext) throws(StoreError) -> StepID? {
    try RecordingSession.enclosingStep(store, repository.location.worktree, in: context)
  }

  private static func standardInput() throws -> [UInt8] {
    try Array(FileHandle.standardInput.readToEnd() ?? Data())
  }

  // MARK: - The trailer

  private enum TrailerChoice: String {
    case step, agent, none
  }

  /// Names the step in a message, unless git would make no commit of it.
  private func addTrailer(
    of id: StepID, to path: FilePath, in context: CommandContext
  ) async throws {
    let choice = try await trailerChoice(in: context)
    guard choice != .none, let step = try store.step(id) else { return }
    let message = try Data(contentsOf: URL(filePath: path.string))
    let text = try await repository.significantText(ofMessage: Array(message))
    guard !text.isEmpty, try await text != templateText(in: context) else { return }
    var trailers = [(name: Trailer.step, value: "\(store.storeID)/\(id.rawValue)")]
    if choice == .agent {
      let configuration = step.agentConfiguration
      if let agent = configuration.agent { trailers.append(("LaForge-Agent", agent)) }
      if let model = configuration.model { trailers.append(("LaForge-Model", model)) }
    }
    try await repository.addTrailers(trailers, toMessageIn: path)
  }

  private func trailerChoice(in context: CommandContext) async throws -> TrailerChoice {
    guard let value = try await repository.configuration("laforge.trailer") else { return .step }
    if let choice = TrailerChoice(rawValue: value) { return choice }
    context.error.say(
      UserMessage(
        code: "bad_configuration",
        summary: "'\(value)' is no value of laforge.trailer; the commit gets the usual trailer.",
        hint: "`git config laforge.trailer step`, or 'agent' or 'none'."),
      as: "Warning")
    return .step
  }

  /// The text that a message starts from; git makes no commit of it either.
  private func templateText(in context: CommandContext) async throws -> [String]? {
    guard let template = try await repository.configuration("commit.template") else { return nil }
    let path =
      template.hasPrefix("~/")
      ? FilePath((context.variable("HOME") ?? "") + template.dropFirst())
      : repository.location.workingTree.pushing(FilePath(template))
    guard let text = try? Data(contentsOf: URL(filePath: path.string)) else { return nil }
    return try await repository.significantText(ofMessage: Array(text))
  }
}

/// The trailers by which commits name their steps.
enum Trailer {
  /// Its value is the store's id, a slash and the step's number.
  static let step = "LaForge-Step"

  /// Reads a value; `nil` where it is none.
  static func parse(_ value: String) -> (storeID: String, step: StepID)? {
    let parts = value.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].utf8.count == 8, let number = Int64(parts[1]), number > 0
    else { return nil }
    return (String(parts[0]), StepID(rawValue: number))
  }
}
