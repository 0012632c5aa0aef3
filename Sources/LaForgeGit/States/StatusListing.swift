import LaForgeCore

/// What `git status --porcelain=v2 -z` printed; see "Porcelain Format Version 2" in
/// `man 1 git-status`.
struct StatusListing: Equatable, Sendable {
  /// A tracked path that differs between HEAD, index and working tree.
  struct Tracked: Equatable, Sendable {
    var path: GitPath
    var head: TrackedEntry?
    var index: TrackedEntry?
    /// The mode in the working tree; `nil` where the file is gone.
    var worktreeMode: EntryMode?
    /// Whether the working tree differs from the index.
    var isDirty: Bool
    var isIntentToAdd: Bool
    /// The four letters about a submodule; `nil` for anything else.
    var submodule: String?
  }

  /// A path in conflict.
  struct Unmerged: Equatable, Sendable {
    var path: GitPath
    var stages: [ConflictStage]
    /// The mode in the working tree; `nil` where the file is gone.
    var worktreeMode: EntryMode?
  }

  private(set) var tracked: [Tracked] = []
  private(set) var unmerged: [Unmerged] = []
  /// Files that git does not know; a nested repository ends with a slash.
  private(set) var untracked: [GitPath] = []
  /// Ignored files, and ignored folders with a slash at their end.
  private(set) var ignored: [GitPath] = []

  /// The arguments that print it.
  static let arguments = [
    "status", "--porcelain=v2", "-z", "--untracked-files=all", "--ignore-submodules=none",
    "--no-renames", "--no-ahead-behind", "--ignored=matching",
  ]

  init() {}

  /// - Throws: `GitError` where a line has another form, since what is not understood must not be
  ///   taken for clean.
  init(parsing output: [UInt8]) throws(GitError) {
    for line in output.split(separator: 0) {
      switch line.first {
      case UInt8(ascii: "1"): tracked.append(try Self.tracked(line))
      case UInt8(ascii: "u"): unmerged.append(try Self.unmerged(line))
      case UInt8(ascii: "?"): untracked.append(GitPath(line.dropFirst(2)))
      case UInt8(ascii: "!"): ignored.append(GitPath(line.dropFirst(2)))
      default: throw Self.failure(line)
      }
    }
  }

  private static func tracked(_ line: ArraySlice<UInt8>) throws(GitError) -> Tracked {
    // 1 XY sub mH mI mW hH hI path
    let (fields, path) = try split(line, fields: 8)
    guard fields[1].count == 2 else { throw failure(line) }
    let index = entry(mode: fields[4], id: fields[7])
    let isUnstaged = fields[1].last != "."
    return Tracked(
      path: path, head: entry(mode: fields[3], id: fields[6]), index: index,
      worktreeMode: EntryMode(octal: fields[5]), isDirty: isUnstaged,
      isIntentToAdd: fields[1] == ".A", submodule: fields[2] == "N..." ? nil : fields[2])
  }

  private static func unmerged(_ line: ArraySlice<UInt8>) throws(GitError) -> Unmerged {
    // u XY sub m1 m2 m3 mW h1 h2 h3 path
    let (fields, path) = try split(line, fields: 10)
    let stages = (1...3).compactMap { stage in
      entry(mode: fields[2 + stage], id: fields[6 + stage]).map {
        ConflictStage(stage: stage, entry: $0)
      }
    }
    return Unmerged(path: path, stages: stages, worktreeMode: EntryMode(octal: fields[6]))
  }

  private static func entry(mode: String, id: String) -> TrackedEntry? {
    guard let mode = EntryMode(octal: mode), let id = ObjectID(hex: id) else { return nil }
    return TrackedEntry(mode: mode, id: id)
  }

  /// The fields before the path, which itself may hold spaces.
  private static func split(
    _ line: ArraySlice<UInt8>, fields count: Int
  ) throws(GitError) -> ([String], GitPath) {
    let parts = line.split(
      separator: UInt8(ascii: " "), maxSplits: count, omittingEmptySubsequences: false)
    guard parts.count == count + 1 else { throw failure(line) }
    return (parts.dropLast().map { String(decoding: $0, as: UTF8.self) }, GitPath(parts[count]))
  }

  private static func failure(_ line: ArraySlice<UInt8>) -> GitError {
    GitError(
      code: .notStarted,
      message:
        "git status printed a line of unknown form: \(String(decoding: line, as: UTF8.self))",
      function: "git status")
  }
}
