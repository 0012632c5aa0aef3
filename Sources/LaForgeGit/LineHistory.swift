import Foundation
import Glibc
import LaForgeCore
import SystemPackage

/// A repository of its own in which each recorded state of a worktree is a commit, so that
/// `git blame` follows states.
///
/// It borrows the objects of the user's repository, into which nothing is written, and is removed at
/// the end of this object's life. No configuration of the user's applies to it, and it has no hooks.
final class LineHistory {
  private let git: RepositoryGit
  private let scratch: ScratchFolder
  private var commits: [UInt8] = []
  private var tip: ObjectID?
  private var count = 0

  private static let branch = "refs/heads/line"

  /// - Throws: `GitError` where the folder cannot be made.
  init(borrowingFrom git: RepositoryGit, in temporaryDirectory: FilePath) throws(GitError) {
    self.git = git
    scratch = try ScratchFolder(in: temporaryDirectory, purpose: "blame")
    for folder in ["objects", "objects/info", "objects/pack", "refs", "refs/heads", "info"] {
      let path = scratch.path.pushing(FilePath(folder))
      guard mkdir(path.string, 0o700) == 0 else {
        throw GitError(
          code: .notStarted, message: "'\(path)': \(Errno(rawValue: errno).description)",
          function: "mkdir")
      }
    }
    try scratch.write("HEAD", Array("ref: \(Self.branch)\n".utf8))
    let format =
      git.idLength == 32
      ? "\trepositoryFormatVersion = 1\n[extensions]\n\tobjectFormat = sha256\n"
      : "\trepositoryFormatVersion = 0\n"
    // A small pack would be taken apart by another process.
    let configuration = "[fastimport]\n\tunpackLimit = 0\n[core]\n\tbare = true\n\(format)"
    try scratch.write("config", Array(configuration.utf8))
    // In quotes a path may hold anything.
    let objects = git.location.commonDirectory.appending("objects")
    try scratch.write(
      "objects/info/alternates", Self.quote(Array(objects.string.utf8)) + [10])
  }

  /// Adds a state: the tree of all its files, `nil` for none.
  ///
  /// - Parameters:
  ///   - tree: The tree; one that is the same as the last adds nothing.
  ///   - moment: What its lines are known by.
  ///   - time: When it was taken.
  func append(_ tree: ObjectID?, moment: Int, time: Timestamp?) {
    guard count == 0 || tree != tip else { return }
    begin(moment: String(moment), time: time)
    // See "filemodify" in `man 1 git-fast-import`: an empty path is the root.
    add(tree.map { "M 040000 \($0) \"\"\n" } ?? "deleteall\n")
    tip = tree
  }

  /// Adds what lies in the working tree now.
  ///
  /// - Parameters:
  ///   - entry: The file.
  ///   - path: Where it lies.
  ///   - gone: Paths of the last state that are no more: one of them may be its former name.
  func append(_ entry: TrackedEntry, at path: GitPath, gone: [GitPath]) {
    begin(moment: "now", time: nil)
    for path in gone { add(Array("D ".utf8) + Self.quote(path.bytes) + [10]) }
    add(Array("M \(entry.mode.octal) \(entry.id) ".utf8) + Self.quote(path.bytes) + [10])
  }

  private func begin(moment: String, time: Timestamp?) {
    let who = "<\(moment)> \((time?.millisecondsSince1970 ?? 0) / 1000) +0000"
    count += 1
    add("commit \(Self.branch)\nauthor \(who)\ncommitter \(who)\ndata 0\n")
  }

  private func add(_ text: String) { add(Array(text.utf8)) }
  private func add(_ bytes: [UInt8]) { commits += bytes }

  /// Stores a content in this repository, as the user's repository would store it at a path: line
  /// ends and filters apply.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - link: The target of a symbolic link, which is its content.
  /// - Returns: The id of the content.
  /// - Throws: `GitError`.
  func store(_ path: GitPath, link: [UInt8]?) async throws(GitError) -> ObjectID {
    var call = git.call(["hash-object", "-w", "--", path.text])
    if let link {
      call = git.call(["hash-object", "-w", "--no-filters", "--stdin"], input: link)
    }
    call.environment["GIT_OBJECT_DIRECTORY"] = scratch.path.appending("objects").string
    let result = try await git.git.check(call)
    guard let id = ObjectID(hex: result.text.trimmingCharacters(in: .newlines)) else {
      throw GitError(
        code: .notStarted, message: "git named no object", function: "git hash-object")
    }
    return id
  }

  /// Runs `git blame --porcelain` over all that was added.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - ranges: Values of `-L`.
  ///   - functions: What says how functions begin.
  /// - Returns: How git ended.
  /// - Throws: `GitError` where git cannot be started or does not take the states.
  func blame(
    _ path: GitPath, ranges: [String], functions: FunctionRules
  ) async throws(GitError) -> GitCommand.Result {
    try await git.git.check(call(["fast-import", "--quiet"], input: commits))
    try scratch.write("info/attributes", Array(functions.attributes.utf8))
    let options = functions.settings.flatMap { ["-c", $0] }
    return try await git.git.run(
      call(
        options + ["blame", "--porcelain", "--no-textconv"] + ranges.map { "-L\($0)" }
          + [Self.branch, "--", path.text]))
  }

  /// No configuration but the repository's own counts: the person's `blame.ignoreRevsFile`, for one,
  /// names commits that are not here, and a later empty value does not take it back.
  private func call(_ arguments: [String], input: [UInt8] = []) -> GitCommand.Call {
    GitCommand.Call(
      arguments: arguments, directory: scratch.path,
      environment: [
        "GIT_DIR": scratch.path.string, "GIT_ATTR_NOSYSTEM": "1", "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_COUNT": nil,
        "GIT_CONFIG_PARAMETERS": nil,
      ], input: input)
  }

  /// Bytes in quotes, as git reads them; see "path" in `man 1 git-fast-import`.
  private static func quote(_ bytes: [UInt8]) -> [UInt8] {
    var quoted: [UInt8] = [UInt8(ascii: "\"")]
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): quoted += [UInt8(ascii: "\\"), byte]
      case 10: quoted += Array("\\n".utf8)
      default: quoted.append(byte)
      }
    }
    return quoted + [UInt8(ascii: "\"")]
  }
}

/// How functions begin in a file; see "Defining a custom hunk-header" in `man 5 gitattributes`.
struct FunctionRules {
  /// Configuration, `NAME=VALUE` each.
  var settings: [String] = []
  /// An attributes file.
  var attributes = ""
}
