package import LaForgeCore
import Subprocess
package import SystemPackage

/// The installed `git`, run as a child for what libgit2 cannot do or must not.
package struct GitCommand: Sendable {
  /// The program; `nil` where there is none.
  private let program: FilePath?

  /// - Parameter program: Where `git` lies: it is looked for once, not at every call.
  package init(program: FilePath?) {
    self.program = program
  }

  /// What one call of git needs besides its arguments.
  struct Call: Sendable {
    var arguments: [String]
    /// Where it runs; `nil` for this process's own folder.
    var directory: FilePath?
    /// Variables on top of `GitEnvironment.overrides`; `nil` removes one.
    var environment: [String: String?] = [:]
    /// Its standard input.
    var input: [UInt8] = []
  }

  /// How git ended and what it said.
  struct Result: Sendable {
    /// The exit status; 128 plus the number for a signal.
    var status: Int32
    var output: [UInt8]
    /// What it wrote to standard error, bytes that are no UTF-8 replaced.
    var complaint: String

    var text: String { String(decoding: output, as: UTF8.self) }

    /// The first line of the complaint that says what is wrong.
    var reason: String {
      let lines = complaint.split(separator: "\n").map(String.init)
        .filter { !$0.hasPrefix("warning: ") && !$0.hasPrefix("hint: ") }
      let line = lines.first { $0.hasPrefix("fatal: ") || $0.hasPrefix("error: ") } ?? lines.first
      guard let line else {
        return status > 128
          ? "git was ended by signal \(status - 128)" : "git exited with status \(status)"
      }
      return line.hasPrefix("fatal: ") || line.hasPrefix("error: ")
        ? String(line.dropFirst(7)) : line
    }
  }

  /// Returns git's version, such as `2.39.5`; `nil` where there is no git.
  package func version() async throws(GitError) -> String? {
    guard let text = try await question(["version"], in: nil) else { return nil }
    let words = text.split(whereSeparator: \.isWhitespace)
    return words.count > 2 ? String(words[2]) : text
  }

  /// The command of the person's pager, for the shell; see "GIT_PAGER" in `man 1 git-var`.
  ///
  /// `nil` where git cannot tell.
  package func pager(in directory: FilePath) async throws(GitError) -> String? {
    try await question(["var", "GIT_PAGER"], in: directory)?.split(separator: "\n").first
      .map(String.init)
  }

  /// Where git says that the repository of a folder lies, by all of git's own rules: `GIT_DIR` and
  /// its relatives, `safe.directory`, format extensions.
  ///
  /// - Returns: `nil` where git finds or accepts none.
  func resolve(
    from directory: FilePath
  ) async throws(GitError) -> (gitDirectory: FilePath, workingTree: FilePath)? {
    let arguments = ["rev-parse", "--absolute-git-dir", "--show-toplevel"]
    guard let text = try await question(arguments, in: directory) else { return nil }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count >= 2 else { return nil }
    return (FilePath(String(lines[0])), FilePath(String(lines[1])))
  }

  /// Runs git with the caller's own environment and returns its standard output; `nil` where it
  /// exits with a failure or does not exist.
  func question(
    _ arguments: [String], in directory: FilePath?
  ) async throws(GitError) -> String? {
    do {
      let result = try await execute(
        Arguments(arguments), environment: .inherit, directory: directory, input: .none)
      return result.status == 0 ? result.text : nil
    } catch  where error.code == .noGit {
      return nil
    }
  }

  /// Runs git with every setting that could make it do something else put aside.
  ///
  /// - Throws: `GitError` where git cannot be started; not for an exit status.
  func run(_ call: Call) async throws(GitError) -> Result {
    let arguments = Arguments(GitEnvironment.options + call.arguments)
    let environment = environment(of: call)
    // Without input there is no pipe to make and to wait for.
    return call.input.isEmpty
      ? try await execute(
        arguments, environment: environment, directory: call.directory, input: .none)
      : try await execute(
        arguments, environment: environment, directory: call.directory, input: .array(call.input))
  }

  /// As `run`, but every exit status other than 0 is an error.
  @discardableResult
  func check(_ call: Call) async throws(GitError) -> Result {
    let result = try await run(call)
    guard result.status == 0 else {
      throw GitError(
        code: GitError.Code(rawValue: result.status), message: result.reason,
        function: "git \(call.arguments.first ?? "")")
    }
    return result
  }

  /// As `run`, with a file as standard input, which is closed.
  func run(_ call: Call, reading descriptor: Int32) async throws(GitError) -> Result {
    try await execute(
      Arguments(GitEnvironment.options + call.arguments), environment: environment(of: call),
      directory: call.directory,
      input: .fileDescriptor(
        FileDescriptor(rawValue: descriptor), closeAfterSpawningProcess: true))
  }

  /// What a conversation with git led to.
  struct Conversation<Value: Sendable>: Sendable {
    var value: Value
    /// The first line of what git complained of.
    var reason: String
  }

  /// Runs git and speaks with it line by line while it runs.
  func converse<Value: Sendable>(
    _ call: Call,
    _ body: (StandardInputWriter, LineReader) async throws -> Value
  ) async throws -> Conversation<Value> {
    guard let program else {
      throw GitError(code: .noGit, message: "there is no git on PATH", function: "git")
    }
    let ended = try await Subprocess.run(
      .path(program), arguments: Arguments(GitEnvironment.options + call.arguments),
      environment: environment(of: call), workingDirectory: call.directory, input: .inputWriter,
      output: .sequence, error: .bytes(limit: Self.outputLimit)
    ) { execution in
      try await body(execution.standardInputWriter, LineReader(execution.standardOutput))
    }
    let complaint = Result(
      status: ended.terminationStatus.shellStatus, output: [],
      complaint: String(decoding: ended.standardError, as: UTF8.self))
    return Conversation(value: ended.closureResult, reason: complaint.reason)
  }

  private func environment(of call: Call) -> Environment {
    var variables = GitEnvironment.overrides
    for (name, value) in call.environment { variables[name] = value }
    var updates: [Environment.Key: String?] = [:]
    for (name, value) in variables {
      guard let key = Environment.Key(rawValue: name) else { continue }
      updates[key] = value
    }
    return .inherit.updating(updates)
  }

  private func execute(
    _ arguments: Arguments, environment: Environment, directory: FilePath?,
    input: some InputProtocol
  ) async throws(GitError) -> Result {
    guard let program else {
      throw GitError(code: .noGit, message: "there is no git on PATH", function: "git")
    }
    do {
      let ended = try await Subprocess.run(
        .path(program), arguments: arguments, environment: environment,
        workingDirectory: directory, input: input, output: .bytes(limit: Self.outputLimit),
        error: .bytes(limit: Self.outputLimit))
      return Result(
        status: ended.terminationStatus.shellStatus, output: ended.standardOutput,
        complaint: String(decoding: ended.standardError, as: UTF8.self))
    } catch let error as SubprocessError where error.code == .executableNotFound {
      throw GitError(code: .noGit, message: "there is no git on PATH", function: "git")
    } catch {
      throw GitError(code: .notStarted, message: "\(error)", function: "git")
    }
  }

  /// Bytes of output that are taken in at most: any number.
  ///
  /// Swift Subprocess reserves memory for every other limit at once.
  private static let outputLimit = Int.max
}

extension Subprocess.TerminationStatus {
  /// What a shell reports: the exit status, or 128 plus the signal's number.
  fileprivate var shellStatus: Int32 {
    switch self {
    case .exited(let status): status
    case .signaled(let signal): 128 + signal
    }
  }
}

extension GitError.Code {
  /// No `git` was found on PATH.
  package static let noGit = GitError.Code(rawValue: -1002)
  /// A process for git could not be started or spoken to.
  package static let notStarted = GitError.Code(rawValue: -1003)
  /// Other processes changed the same thing again and again.
  package static let contention = GitError.Code(rawValue: -1005)
  /// The operating system refused a file operation.
  package static let io = GitError.Code(rawValue: -1004)
}

/// Lines of a stream as they come.
struct LineReader {
  private var buffers: SubprocessOutputSequence.Iterator
  private var waiting: [UInt8] = []

  init(_ stream: SubprocessOutputSequence) {
    buffers = stream.makeAsyncIterator()
  }

  /// Returns the next line without its end; `nil` at the end of the stream.
  mutating func next() async throws -> String? {
    while true {
      if let end = waiting.firstIndex(of: 10) {
        let line = String(decoding: waiting[..<end], as: UTF8.self)
        waiting.removeSubrange(...end)
        return line
      }
      guard let buffer = try await buffers.next() else { return nil }
      buffer.withUnsafeBytes { waiting.append(contentsOf: $0) }
    }
  }
}
