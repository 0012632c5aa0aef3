import CLaForgeSupport
import Foundation
import Glibc
import LaForgeAgent
package import LaForgeCore
import LaForgeGit
import LaForgeStore
import LaForgeUsage
import SystemPackage

/// Everything outside that a command may use.
///
/// Only this file names the adapters, the environment and the clock.
package struct CommandContext {
  /// The caller's environment, a `NAME=value` each.
  package var environment: [[UInt8]]
  package var clock: RecordingClock
  package var output: StandardStream
  package var error: StandardStream
  /// Those of descriptors 0, 1 and 2 that the caller had closed.
  package var closedDescriptors: Set<Int32>

  package init(
    environment: [[UInt8]], clock: RecordingClock, output: StandardStream,
    error: StandardStream, closedDescriptors: Set<Int32>
  ) {
    self.environment = environment
    self.clock = clock
    self.output = output
    self.error = error
    self.closedDescriptors = closedDescriptors
  }

  /// The context of this process.
  package static func makeLive() -> CommandContext {
    let closed = laforge_descriptors_secure()
    laforge_signals_survive_file_limit()
    // Only how characters are classified and measured; nothing else depends on a locale.
    setlocale(LC_CTYPE, "C.UTF-8")
    let variables = rawEnvironment()
    let columns = value(of: "COLUMNS", in: variables).flatMap { Int($0) }.flatMap {
      $0 > 0 ? $0 : nil
    }
    return CommandContext(
      environment: variables,
      clock: RecordingClock(
        now: {
          var time = timespec()
          clock_gettime(CLOCK_REALTIME, &time)
          return Timestamp(millisecondsSince1970: milliseconds(time))
        },
        monotonicMilliseconds: {
          var time = timespec()
          clock_gettime(CLOCK_MONOTONIC, &time)
          return milliseconds(time)
        }),
      output: StandardStream(descriptor: 1, columns: columns),
      // Messages are laid out for a terminal only: a log of them is searched line by line.
      error: StandardStream(descriptor: 2, columns: isatty(2) != 0 ? columns : nil),
      closedDescriptors: Set((0..<3).filter { closed & (1 << UInt32($0)) != 0 }))
  }

  /// Returns an environment variable; `nil` where it is unset or empty, as POSIX utilities take it.
  package func variable(_ name: String) -> String? {
    Self.value(of: name, in: environment)
  }

  /// Colour only on a terminal that can show it, and never against `NO_COLOR`.
  func style(for stream: StandardStream) -> Style {
    Style(
      isColored: stream.isTerminal && variable("NO_COLOR") == nil && variable("TERM") != "dumb")
  }

  private static func value(of name: String, in environment: [[UInt8]]) -> String? {
    let prefix = Array("\(name)=".utf8)
    guard let variable = environment.first(where: { $0.starts(with: prefix) }),
      variable.count > prefix.count
    else { return nil }
    return String(decoding: variable[prefix.count...], as: UTF8.self)
  }

  /// The variables with the bytes they have: the agent gets them unchanged.
  private static func rawEnvironment() -> [[UInt8]] {
    var variables: [[UInt8]] = []
    var next = environ
    while let variable = next.pointee {
      let length = strlen(variable)
      variables.append(Array(UnsafeRawBufferPointer(start: variable, count: length)))
      next += 1
    }
    return variables
  }

  private static func milliseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  // MARK: - Composition

  /// The folder that LaForge was called in.
  var directory: FilePath { FilePath(FileManager.default.currentDirectoryPath) }

  var git: GitCommand {
    GitCommand(program: ProgramSearch(path: variable("PATH")).find("git").map { FilePath($0) })
  }

  /// Opens the repository that LaForge was called in.
  ///
  /// - Parameter isRead: Whether it is only read, and no object may be left in it.
  /// - Returns: The repository, with a working tree.
  /// - Throws: `RepositoryError` for anything that cannot be recorded in.
  func openRepository(
    readOnly isRead: Bool = false
  ) async throws(RepositoryError) -> WorktreeRepository {
    let followed = ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR"]
    return try await WorktreeRepository.open(
      from: directory, git: git,
      followsEnvironment: followed.contains { variable($0) != nil },
      ceilings: variable("GIT_CEILING_DIRECTORIES"), attributesFiles: attributesFiles,
      hasConfigurationInEnvironment: variable("GIT_CONFIG_COUNT") != nil
        || variable("GIT_CONFIG_PARAMETERS") != nil,
      storingIn: isRead ? .temporary(FilePath(variable("TMPDIR") ?? "/tmp")) : .repository)
  }

  /// The attributes files of the user and of the machine; see `man 5 gitattributes`.
  private var attributesFiles: [String] {
    let configuration =
      variable("XDG_CONFIG_HOME") ?? variable("HOME").map { "\($0)/.config" }
    return ["/etc/gitattributes"] + (configuration.map { ["\($0)/git/attributes"] } ?? [])
  }

  func makeRecorder(
    repository: WorktreeRepository, store: SQLiteStepStore
  ) -> StepRecorder {
    StepRecorder(
      repository: repository, store: store,
      spool: makeSpool(commonDirectory: repository.location.commonDirectory),
      runner: ProcessAgentRunner(
        environment: environment, temporaryDirectory: variable("TMPDIR") ?? "/tmp",
        closedDescriptors: closedDescriptors,
        outputFolder: StoreFolder(commonDirectory: repository.location.commonDirectory).outputs,
        now: clock.monotonicMilliseconds),
      isAgentAlive: ProcessTable().isAlive, clock: clock)
  }

  func makeBegunRecorder(
    repository: WorktreeRepository, store: SQLiteStepStore
  ) -> BegunStepRecorder {
    BegunStepRecorder(
      repository: repository, store: store,
      spool: makeSpool(commonDirectory: repository.location.commonDirectory),
      isAgentAlive: ProcessTable().isAlive, clock: clock)
  }

  func makeRunner(
    repository: WorktreeRepository, store: SQLiteStepStore, enclosing: StepID?
  ) -> OperationRunner {
    OperationRunner(
      repository: repository, store: store, isAgentAlive: ProcessTable().isAlive, clock: clock,
      enclosing: enclosing)
  }

  /// Whether a working tree is the whole disk or the user's whole home: every run would have to
  /// look at all of it.
  func isWholeDisk(_ workingTree: FilePath) -> Bool {
    guard let top = FileIdentity(workingTree) else { return false }
    return top == FileIdentity("/")
      || top == variable("HOME").flatMap { FileIdentity(FilePath($0)) }
  }

  /// How many more files this process may open, as far as is asked for.
  func freeDescriptors(atMost count: Int) -> Int {
    Int(laforge_descriptors_left(Int32(clamping: count)))
  }

  /// Whether the folder that LaForge was called in is still there.
  var folderExists: Bool {
    FileManager.default.fileExists(atPath: directory.string) && !directory.isEmpty
  }

  /// Starts the person's pager; `nil` where standard output is no terminal or they want none.
  func openPager() async -> Pager? {
    guard output.isTerminal, let command = try? await git.pager(in: directory),
      !command.isEmpty, command != "cat"
    else { return nil }
    return Pager(command)
  }

  /// The words of the git that runs this process as its hook; `nil` where none does.
  var callingGit: [String]? {
    ancestors.map(\.words).first { $0.first?.split(separator: "/").last == "git" }
  }

  /// The processes that this one descends from, its parent first.
  var ancestors: [(process: AgentProcess, words: [String])] { ProcessTable().ancestors() }

  /// A process of this machine; `nil` where there is none.
  func process(_ pid: Int32) -> (process: AgentProcess, words: [String])? {
    ProcessTable().find(pid)
  }

  /// Waits; for what tells of itself in no other way.
  func pause(milliseconds: UInt32) { usleep(milliseconds * 1000) }

  /// Lets git show a difference in this process's place, with its pager and colours.
  ///
  /// Returns only if git cannot be executed.
  ///
  /// - Parameters:
  ///   - old: The tree on the left side.
  ///   - new: The tree on the right side.
  ///   - options: More options of `git diff`.
  ///   - paths: What is shown of the trees; all of them if empty.
  ///   - objects: A temporary object directory that git must see, and that is removed after it.
  /// - Returns: The status to exit with.
  func showDiff(
    from old: ObjectID, to new: ObjectID, options: [String], paths: [String],
    seeing objects: TemporaryObjects?
  ) -> ExitStatus {
    var words = ["git", "diff"] + options + [old.hex, new.hex, "--"] + paths
    if let objects {
      // The shell stays to remove the directory, also after a Ctrl-C, which git's pager may survive.
      let script = #"d=$1; shift; trap 'rm -r -f "$d"' EXIT; trap : INT QUIT; "$@""#
      let variables = objects.variables.map { "\($0.key)=\($0.value)" }.sorted()
      words = ["sh", "-c", script, "sh", objects.directory.string, "env"] + variables + words
    }
    let command = AgentCommand(words: words.map { Array($0.utf8) })
    let failure = ProcessReplacement.execute(command, closing: closedDescriptors)
    error.say(UserMessage(failure, command: command, step: nil))
    return .agent(failure.exitStatus)
  }

  func makeHistory(
    _ store: SQLiteStepStore, worktree: String
  ) -> StepHistory {
    StepHistory(store: store, worktree: worktree, isAgentAlive: ProcessTable().isAlive)
  }

  func makeSpool(commonDirectory: FilePath) -> FileStepSpool {
    let state =
      variable("XDG_STATE_HOME").map { FilePath($0) }
      ?? variable("HOME").map { FilePath($0).appending(".local/state") }
    return FileStepSpool(commonDirectory: commonDirectory, stateDirectory: state)
  }

  /// Reads the usage of a run; looks at the agent's session files as they are now, unless the run is
  /// over.
  func makeMeter(
    agent: String, call: AgentCall, prices: [String: ModelPrice], isOver: Bool = false
  ) -> UsageReader {
    UsageReader(
      agent: agent, call: call, prices: PriceTable(own: prices),
      databases: SQLiteSessionDatabase(), isOver: isOver)
  }

  /// The call of an agent in this environment.
  func agentCall(
    _ arguments: [String], directory: FilePath, workingTree: FilePath, start: Timestamp,
    model: String?
  ) -> AgentCall {
    let variables = environment.map { String(decoding: $0, as: UTF8.self) }.compactMap { pair in
      pair.firstIndex(of: "=").map {
        (String(pair[..<$0]), String(pair[pair.index(after: $0)...]))
      }
    }
    return AgentCall(
      arguments: arguments, directory: directory.string, workingTree: workingTree.string,
      home: variable("HOME"),
      environment: Dictionary(variables, uniquingKeysWith: { first, _ in first }),
      start: start.millisecondsSince1970, model: model)
  }

  /// Whether the user wants an agent to run even where no record of it can be made.
  func prefersBestEffort(_ repository: WorktreeRepository?) async throws(GitError) -> Bool {
    guard let repository else { return LibGit2Reader.userFlag("laforge.bestEffort") ?? false }
    return try await repository.flag("laforge.bestEffort") ?? false
  }
}
