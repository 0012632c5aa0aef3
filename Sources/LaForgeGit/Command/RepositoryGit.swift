import LaForgeCore
import SystemPackage

/// Git at work in one worktree.
struct RepositoryGit: Sendable {
  let git: GitCommand
  let location: RepositoryLocation
  /// The length of an object id in bytes.
  let idLength: Int
  /// Where objects go that a child stores.
  let incoming: IncomingObjects
  /// Variables on top of all others.
  var marks: [String: String] = [:]

  /// Runs git at the top of the working tree and returns how it ended.
  ///
  /// - Parameters:
  ///   - arguments: The subcommand and its arguments; paths go through `input`.
  ///   - index: The index file to work on; `nil` for the user's own, which only reading calls use.
  ///   - input: Its standard input.
  /// - Returns: The result, whatever the exit status.
  /// - Throws: `GitError` where git cannot be started.
  func run(
    _ arguments: [String], index: FilePath? = nil, input: [UInt8] = []
  ) async throws(GitError) -> GitCommand.Result {
    try await git.run(call(arguments, index: index, input: input))
  }

  /// As `run`, but an exit status other than 0 is an error.
  @discardableResult
  func check(
    _ arguments: [String], index: FilePath? = nil, input: [UInt8] = []
  ) async throws(GitError) -> GitCommand.Result {
    try await git.check(call(arguments, index: index, input: input))
  }

  /// As `call`, for a child that stores objects: they go to `incoming`.
  func storingCall(
    _ arguments: [String], index: FilePath? = nil, input: [UInt8] = []
  ) throws(GitError) -> GitCommand.Call {
    try incoming.make()
    var call = call(arguments, index: index, input: input)
    for (name, value) in incoming.variables(stores: true) { call.environment[name] = value }
    return call
  }

  /// The paths that an index marks as skipped; `man 1 git-ls-files`.
  func skippedPaths(index: FilePath) async throws(GitError) -> Set<GitPath> {
    let listed = try await check(["ls-files", "-t", "-z"], index: index)
    let skipped = listed.output.split(separator: 0).filter { $0.first == UInt8(ascii: "S") }
    return Set(skipped.map { GitPath($0.dropFirst(2)) })
  }

  func call(
    _ arguments: [String], index: FilePath? = nil, input: [UInt8] = []
  ) -> GitCommand.Call {
    var environment: [String: String?] = marks.mapValues { .some($0) }
    for (name, value) in incoming.variables(stores: false) { environment[name] = value }
    if let index { environment["GIT_INDEX_FILE"] = index.string }
    if location.isFromEnvironment {
      environment["GIT_DIR"] = location.gitDirectory.string
      environment["GIT_WORK_TREE"] = location.workingTree.string
      environment["GIT_COMMON_DIR"] = location.commonDirectory.string
    } else {
      // Where an agent has deleted `.git`, git must not take the repository around it instead.
      environment["GIT_CEILING_DIRECTORIES"] =
        location.workingTree.removingLastComponent().string
    }
    return GitCommand.Call(
      arguments: arguments, directory: location.workingTree, environment: environment,
      input: input)
  }

  /// As `call`, with another folder in the place of the working tree.
  func call(
    _ arguments: [String], workingTree: FilePath, index: FilePath? = nil, input: [UInt8] = []
  ) -> GitCommand.Call {
    var call = call(arguments, index: index, input: input)
    call.directory = workingTree
    call.environment["GIT_DIR"] = location.gitDirectory.string
    call.environment["GIT_COMMON_DIR"] = location.commonDirectory.string
    call.environment["GIT_WORK_TREE"] = workingTree.string
    return call
  }
}
