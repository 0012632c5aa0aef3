import ArgumentParser
import LaForgeCore
import LaForgeGit
import SystemPackage

/// `laforge restore`: bring files back; history does not move.
struct RestoreCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Bring files of a step back into the working tree; history does not move.",
    usage: "laforge restore STEP [options] [--] [paths...]",
    discussion: """
      Nothing is deleted and nothing staged. Without paths, all files that the step changed. 'O15' \
      stands for the state just before that operation; `laforge restore O15` alone takes a restore \
      back. Behind `--` every word is a path.
      """)

  @Argument(help: ArgumentHelp("The step, or an operation such as O15.", valueName: "STEP"))
  var source: String

  @Argument(help: ArgumentHelp("Files or folders.", valueName: "paths"))
  var paths: [String] = []

  @Flag(help: "Take the files as they were before the step.")
  var before = false

  @Flag(help: "Bring back the uncommitted work that the step destroyed.")
  var lost = false

  @Option(
    name: .customLong("to"),
    help: ArgumentHelp("Write them into a new or empty folder instead.", valueName: "folder"))
  var folder: String?

  @OptionGroup var options: OperationOptions

  func validate() throws {
    if folder?.isEmpty == true { throw ValidationError("'--to' needs a folder") }
    if before, lost { throw ValidationError("'--before' and '--lost' exclude each other") }
  }

  func run(in context: CommandContext) async throws -> ExitStatus {
    let source = try parseSource()
    let session = try await OperationSession(in: context, isDryRun: options.isDryRun)
    let paths = try paths.map { path in
      try TypedPath(
        path, in: session.directory, top: session.repository.location.workingTree)
    }
    let target = folder.map { context.directory.pushing(FilePath($0)) }
    if let target { try RestoreRequest.checkFolder(target, typed: folder ?? "") }
    let request = try await RestoreRequest(source: source, session: session).request(for: paths)
    if let target { return try await export(request, to: target, session, in: context) }
    return try await session.run(
      request, options, words: words, in: context)
  }

  /// The command as it was called, without `laforge`.
  private var words: [String] {
    let flags = [before ? "--before" : nil, lost ? "--lost" : nil].compactMap { $0 }
    let dashes = paths.contains { $0.hasPrefix("-") } ? ["--"] : []
    return ["restore", source] + flags + dashes + paths
  }

  private func export(
    _ request: OperationRequest, to target: FilePath, _ session: OperationSession,
    in context: CommandContext
  ) async throws -> ExitStatus {
    do {
      let count = try await session.runner.export(
        request, to: target.string, isDryRun: options.isDryRun)
      if options.isJSON {
        let document = ExportDocument(
          isDryRun: options.isDryRun, folder: target.string, files: count)
        try context.output.write(try JSONOutput.document(document))
        return .success
      }
      let done = options.isDryRun ? "Would write" : "Wrote"
      try context.output.write("\(done) \(Counted(count, "file")) to '\(folder ?? "")'.\n")
      return .success
    } catch let error as OperationError {
      throw CommandFailure(
        UserMessage(error, session.words(for: error, of: request, words)))
    }
  }

  private func parseSource() throws -> RestoreSource {
    if let operation = OperationReference.parse(source) {
      guard !before, !lost else {
        throw CommandFailure(
          UserMessage(
            code: "usage",
            summary: "'\(source)' is an operation and stands for the state before it.",
            hint: "Leave '--before' and '--lost' away."),
          status: .usage)
      }
      return .operation(operation)
    }
    guard let reference = StepReference(parsing: source) else {
      throw CommandFailure(
        UserMessage(
          code: "not_a_step", summary: "'\(source)' is not a step.",
          hint: "`laforge restore @ --before \(ShellWords.quote(source))`"),
        status: .usage)
    }
    return lost ? .lost(reference) : before ? .before(reference) : .after(reference)
  }
}

/// An operation as people type it: `O15`.
enum OperationReference {
  static func parse(_ text: String) -> OperationID? {
    guard text.hasPrefix("O") || text.hasPrefix("o"), let number = Int64(text.dropFirst()),
      number > 0
    else { return nil }
    return OperationID(rawValue: number)
  }
}

/// A path as a person typed it in some folder.
struct TypedPath {
  let text: String
  /// The same relative to the top of the working tree.
  let path: GitPath

  /// - Throws: `CommandFailure` for a path outside the working tree.
  init(_ text: String, in directory: String, top: FilePath) throws {
    self.text = text
    guard !text.isEmpty else {
      throw CommandFailure(
        UserMessage(code: "usage", summary: "A path cannot be empty.", hint: "`.` is this folder."),
        status: .usage)
    }
    var full = top.appending(directory).pushing(FilePath(text)).lexicallyNormalized()
    guard full.removePrefix(top.lexicallyNormalized()), !full.string.hasPrefix("/") else {
      throw CommandFailure(
        UserMessage(
          code: "outside", summary: "'\(text)' is outside the working tree '\(top)'.",
          consequence: "Nothing was changed."))
    }
    path = GitPath(full.string)
  }
}
