import Foundation
import LaForgeCore
import LaForgeGit
import LaForgeStore
import SystemPackage

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
  /// - Throws: `GitError`, `StoreError` or `CommandFailure`, all of which git need not know.
  func run(
    _ hook: HookName, _ arguments: [String], in context: CommandContext
  ) async throws {
    switch hook {
    case .commitMessage:
      guard let step = try runningStep(in: context), let file = arguments.first else { break }
      try await addTrailer(of: step, to: context.directory.pushing(FilePath(file)), in: context)
    case .postCommit:
      guard let step = try runningStep(in: context), let commit = try await repository.head().commit
      else { break }
      try store.addCommit(commit, to: step)
    case .postRewrite:
      try store.noteRewrites(try Self.standardInput())
    case .prePush: break
    }
  }

  private func runningStep(in context: CommandContext) throws(StoreError) -> StepID? {
    try RecordingSession.enclosingStep(store, repository.location.worktree, in: context)
  }

  /// What git gives a hook on standard input.
  static func standardInput() throws -> String {
    String(decoding: try FileHandle.standardInput.readToEnd() ?? Data(), as: UTF8.self)
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
    if message.last != UInt8(ascii: "\n") {
      // Of `git merge --no-edit`; git would take the trailer for a part of the subject.
      let file = try FileDescriptor.open(path, .writeOnly, options: [.append, .closeOnExec])
      try file.closeAfter { _ = try file.writeAll([UInt8(ascii: "\n")]) }
    }
    try await repository.addTrailers(trailers, toMessageIn: path)
  }

  private func trailerChoice(in context: CommandContext) async throws -> TrailerChoice {
    guard let value = try await repository.gitConfiguration("laforge.trailer") else { return .step }
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
    let top = repository.location.workingTree
    var path: FilePath?
    if let typed = context.callingGit.flatMap(TemplateOption.file) {
      // Relative to where git was called.
      path = top.pushing(FilePath(context.variable("GIT_PREFIX") ?? "")).pushing(FilePath(typed))
    } else if let set = try await repository.gitConfiguration("commit.template", type: "path") {
      path = top.pushing(FilePath(set))
    }
    guard let path,
      let text = try? Data(contentsOf: URL(filePath: path.string))
    else { return nil }
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
