import Foundation
import Glibc
import Subprocess
package import SystemPackage

/// A folder of its own with a home, a git configuration and a repository, and the built program in
/// it.
///
/// Nothing of the machine's own configuration reaches the processes that it runs: the environment
/// holds only what is set here, times are UTC, and git has one user and no system configuration.
package final class TestEnvironment: Sendable {
  /// The folder that everything lies in; removed at the end of this object's life.
  package let root: FilePath
  package let home: FilePath
  /// A git repository with the branch `main` and one commit of `README.md`.
  package let repository: FilePath

  /// What `git init` makes here: `sha1` or `sha256`.
  private let objectFormat: String

  /// Makes the folders and, unless told otherwise, the repository.
  package init(makesRepository: Bool = true, objectFormat: String = "sha1") async throws {
    self.objectFormat = objectFormat
    let name = "laforge-test-\(UUID().uuidString.prefix(8))"
    let folder = FileManager.default.temporaryDirectory.appending(path: name)
    root = FilePath(folder.resolvingSymlinksInPath().path)
    home = root.appending("home")
    repository = root.appending("web")
    for path in [root, home, root.appending("tmp"), repository] {
      try FileManager.default.createDirectory(
        atPath: path.string, withIntermediateDirectories: true)
    }
    try write("[user]\n\tname = Ada\n\temail = ada@example.com\n", to: home.appending(".gitconfig"))
    guard makesRepository else { return }
    try await git("init", "-q", "-b", "main")
    try write("hello\n", to: repository.appending("README.md"))
    try await git("add", ".")
    try await git("commit", "-q", "-m", "start")
  }

  deinit {
    // A test may have made folders that nobody may write.
    let script = #"chmod -R u+rwX "$0"; rm -rf "$0""#
    if !Self.spawn(["/bin/sh", "-c", script, root.string]) {
      print("The folder \(root) could not be removed.")
    }
  }

  /// The folder that the tests and the programs of this package were built into.
  package static let products = FilePath(CommandLine.arguments[0]).removingLastComponent()

  /// The built program.
  package static let program = products.appending("laforge")

  /// What processes find in their environment.
  package var variables: [String: String] {
    [
      "HOME": home.string, "TMPDIR": root.appending("tmp").string, "TZ": "UTC", "LC_ALL": "C",
      "PATH": "\(root.appending("bin")):/usr/local/bin:/usr/bin:/bin",
      "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_DATE": "2026-11-23T12:00:00Z",
      "GIT_COMMITTER_DATE": "2026-11-23T12:00:00Z", "GIT_DEFAULT_HASH": objectFormat,
    ]
  }

  // MARK: - Processes

  /// Runs the built program in the repository, or in another folder.
  @discardableResult
  package func laforge(
    _ arguments: [String], in directory: FilePath? = nil, adding: [String: String] = [:],
    input: String = ""
  ) async throws -> CommandOutput {
    try await run(Self.program.string, arguments, in: directory, adding: adding, input: input)
  }

  /// How many seconds a process may take before it is killed and the test fails.
  ///
  /// It ends a test that hangs; it is far above what anything takes on a slow machine.
  package static let patience = Seeds.isSoak ? 3600 : 300

  /// What scripts wait with; each says what it waited for when nothing came within a minute, with
  /// what the processes printed into the files `said*` of `TMPDIR`, and ends the script and all
  /// that it has started.
  ///
  /// `await FIFO [NAME]` reads a line; `notify FIFO` writes one to a process that reads there;
  /// `eventually CONDITION` evaluates a command until it succeeds, such as `is_gone PID`. The
  /// variable `PATIENCE` sets another limit, in seconds.
  private static let waiting = """
    give_up() {
      echo "Within ${PATIENCE:-60} s, $1." >&2; cat "$TMPDIR"/said* >&2 2> /dev/null
      for process in /proc/[0-9]*; do
        [ "${process#/proc/}" = $$ ] || ! grep -qszFx "HOME=$HOME" "$process/environ" ||
          kill -9 "${process#/proc/}"
      done; exit 1
    }
    is_gone() { case "$(ps -o stat= -p "$1")" in ''|Z*) ;; *) return 1; esac; }
    await() { read -r -t ${PATIENCE:-60} "${2:-_}" <> "$1" || give_up "nothing was written to '$1'"; }
    notify() { timeout ${PATIENCE:-60} sh -c 'echo > "$0"' "$1" || give_up "nothing read from '$1'"; }
    eventually() {
      local end=$((SECONDS + ${PATIENCE:-60}))
      until eval "$1"; do [ $SECONDS -lt $end ] || give_up "this was never true: $1"; done
    }
    """

  /// Runs a shell script in the repository, with the built program as `laforge` on its path.
  ///
  /// It may call `await`, `notify` and `eventually`, which wait for a minute at most.
  @discardableResult
  package func shell(
    _ script: String, in directory: FilePath? = nil, adding: [String: String] = [:],
    patience: Int = patience
  ) async throws -> CommandOutput {
    var variables = adding
    variables["PATH"] = "\(Self.products):\(self.variables["PATH"] ?? "")"
    return try await run(
      "/bin/bash", ["-c", "\(Self.waiting)\n\(script)"], in: directory, adding: variables,
      patience: patience)
  }

  /// Runs git in the repository and returns what it printed, without the last newline.
  @discardableResult
  package func git(_ arguments: String..., in directory: FilePath? = nil) async throws -> String {
    let output = try await run("/usr/bin/git", arguments, in: directory)
    guard output.status == 0 else { throw UnexpectedFailure(command: arguments, output: output) }
    return output.standardOutput.hasSuffix("\n")
      ? String(output.standardOutput.dropLast()) : output.standardOutput
  }

  /// Runs a program to the end of its output.
  ///
  /// - Throws: ``Overdue`` if that did not come in time.
  package func run(
    _ program: String, _ arguments: [String], in directory: FilePath? = nil,
    adding: [String: String] = [:], input: String = "", patience: Int = patience
  ) async throws -> CommandOutput {
    var environment: [Environment.Key: String] = [:]
    for (name, value) in variables.merging(adding, uniquingKeysWith: { $1 }) {
      guard let key = Environment.Key(rawValue: name) else { preconditionFailure(name) }
      environment[key] = value
    }
    let limit = TimeLimit(patience, for: TestProcesses(root: root))
    defer { _ = limit.stop() }
    let result = try await Subprocess.run(
      .path(FilePath(program)), arguments: Arguments(arguments),
      environment: .custom(environment), workingDirectory: directory ?? repository,
      input: .string(input), output: .bytes(limit: 64 << 20), error: .bytes(limit: 64 << 20))
    let status: Int32 =
      switch result.terminationStatus {
      case .exited(let code): code
      case .signaled(let signal): 128 + signal
      }
    let output = CommandOutput(
      standardOutputBytes: result.standardOutput, standardErrorBytes: result.standardError,
      status: status)
    if let running = limit.stop() {
      throw Overdue(
        [program] + arguments, seconds: patience, running: running, output: output)
    }
    return output
  }

  // MARK: - Files

  /// Writes a file, relative to nothing.
  package func write(_ text: String, to path: FilePath) throws {
    try Data(text.utf8).write(to: URL(filePath: path.string))
  }

  /// Makes an executable script of that name on the path and returns where it lies.
  @discardableResult
  package func makeProgram(_ name: String, _ script: String) throws -> FilePath {
    let folder = root.appending("bin")
    try FileManager.default.createDirectory(
      atPath: folder.string, withIntermediateDirectories: true)
    let (source, path) = (folder.appending(".\(name)"), folder.appending(name))
    try write("#!/bin/bash\n\(script)\n", to: source)
    // Whoever writes a program must be one process alone: what another thread forks meanwhile has the
    // file open for writing too, and until it executes something the program is "text file busy".
    guard Self.spawn(["/usr/bin/install", "-m", "755", source.string, path.string]) else {
      throw Errno.ioError
    }
    return path
  }

  /// Runs a program to its end and returns whether it exited with 0.
  ///
  /// Foundation's `Process` is not used: now and then it reads beyond the list of open descriptors
  /// while other tests start processes.
  static func spawn(_ words: [String]) -> Bool {
    let arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var pid = pid_t()
    var status: Int32 = 0
    return posix_spawn(&pid, words[0], nil, nil, arguments, environ) == 0
      && waitpid(pid, &status, 0) == pid && status == 0
  }

  /// The text of a file in the repository.
  package func text(of name: String) throws -> String {
    try String(contentsOfFile: repository.appending(name).string, encoding: .utf8)
  }
}

/// What a process printed and how it ended.
package struct CommandOutput: Equatable, Sendable, CustomStringConvertible {
  package var standardOutputBytes: [UInt8]
  package var standardErrorBytes: [UInt8]
  /// As a shell reports it: 128 plus the number for a signal.
  package var status: Int32

  package init(standardOutputBytes: [UInt8], standardErrorBytes: [UInt8], status: Int32) {
    self.standardOutputBytes = standardOutputBytes
    self.standardErrorBytes = standardErrorBytes
    self.status = status
  }

  package var standardOutput: String { String(decoding: standardOutputBytes, as: UTF8.self) }
  package var standardError: String { String(decoding: standardErrorBytes, as: UTF8.self) }

  /// All of it as one text, for failures and goldens.
  package var description: String {
    "\(standardOutput)------- stderr -------\n\(standardError)[exit status: \(status)]"
  }

  /// Standard output as one JSON document.
  package func json() throws -> TestJSON {
    try TestJSON(parsing: standardOutput)
  }
}

/// A helper process of a test failed.
package struct UnexpectedFailure: Error, CustomStringConvertible {
  package var command: [String]
  package var output: CommandOutput

  package init(command: [String], output: CommandOutput) {
    self.command = command
    self.output = output
  }

  package var description: String { "\(command.joined(separator: " "))\n\(output)" }
}
