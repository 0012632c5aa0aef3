/// What HEAD says.
struct Head: Hashable, CustomStringConvertible {
  /// The full name of the branch; `nil` for a detached HEAD.
  var branch: String?
  /// `nil` for a branch that is not born yet.
  var commit: String?

  var description: String { "\(branch ?? "detached") \(commit ?? "unborn")" }
}

/// A file or symbolic link on disk, by the ids of its contents.
struct FileEntry: Equatable, CustomStringConvertible {
  /// What git tells apart.
  enum Kind: String { case plain, executable, link }

  var kind: Kind
  /// The blob id of the bytes as they are.
  var id: String
  /// The blob id of what git would store for them, after filters and line-end conversion.
  var cleaned: String
  /// Whether git calls the file unmodified: it is then covered by its index entry, not by its bytes.
  var isUnmodified = false

  static func == (left: FileEntry, right: FileEntry) -> Bool {
    left.kind == right.kind && left.id == right.id
  }

  /// Whether git could not tell the two apart.
  func resembles(_ other: FileEntry) -> Bool { kind == other.kind && cleaned == other.cleaned }

  var description: String { "\(kind.rawValue) \(id.prefix(10))" }
}

/// All that the test sees of a repository at one moment, taken with plain git and plain reads.
struct WorkingState: Equatable {
  var head = Head()
  /// Branches, tags and whatever else, without the stash and without LaForge's own.
  var references: [String: String] = [:]
  /// Newest first.
  var stash: [String] = []
  /// All stages of a path with flag, mode, id and stage.
  var index: [String: [String]] = [:]
  /// Tracked and untracked files: what a state covers.
  var files: [String: FileEntry] = [:]
  var ignored: [String: FileEntry] = [:]
  /// Files within submodules and beside the repository, which no operation may touch.
  var outside: [String: FileEntry] = [:]
  /// Files of a merge, rebase, cherry-pick or revert in progress.
  var inProgress: [String: [UInt8]] = [:]

  /// Every file below the top folder, submodules aside.
  var disk: [String: FileEntry] { files.merging(ignored) { covered, _ in covered } }

  /// Whether everything that a state covers is the same.
  func covers(sameAs other: WorkingState) -> Bool {
    head == other.head && index == other.index && files == other.files
      && inProgress == other.inProgress
  }

  /// What differs, a line each.
  func differences(from expected: WorkingState) -> [String] {
    var lines: [String] = []
    func compare<Value: Equatable>(_ what: String, _ actual: Value, _ expected: Value) {
      if actual != expected { lines.append("\(what) is \(actual), expected \(expected)") }
    }
    func compare<Value: Equatable>(
      _ what: String, _ actual: [String: Value], _ expected: [String: Value]
    ) {
      for key in Set(actual.keys).union(expected.keys).sorted() where actual[key] != expected[key] {
        lines.append("\(what) '\(key)' is \(text(actual[key])), expected \(text(expected[key]))")
      }
    }
    compare("HEAD", head, expected.head)
    compare("stash", stash, expected.stash)
    compare("ref", references, expected.references)
    compare("index entry", index, expected.index)
    compare("file", files, expected.files)
    compare("ignored file", ignored, expected.ignored)
    compare("outside file", outside, expected.outside)
    compare("state file", inProgress, expected.inProgress)
    return lines
  }
}

/// A value for a failure's text.
func text<Value>(_ value: Value?) -> String { value.map { "\($0)" } ?? "absent" }

extension String {
  /// The folders above a path, nearest last.
  var folders: [String] {
    let parts = split(separator: "/")
    return (1..<max(1, parts.count)).map { parts.prefix($0).joined(separator: "/") }
  }
}
