import Foundation
import Glibc
import LaForgeCore
import SystemPackage

/// The uncommitted files of a working tree, sorted by what has to be done about them.
struct Inventory: Sendable {
  /// Files whose content on disk differs from the index, with the mode that git gives them.
  private(set) var present: [GitPath: EntryMode] = [:]
  /// Tracked paths that are gone from the disk.
  private(set) var absent: Set<GitPath> = []
  /// Submodules whose checked out commit is another than the index says.
  private(set) var gitlinks: Set<GitPath> = []
  /// Files that are as staged, but not as committed.
  private(set) var stagedOnly: Set<GitPath> = []
  private(set) var leftOut: [LeftOut] = []
  private(set) var summary = UncommittedSummary()
  /// Whether a `.gitattributes` is among the changed, untracked or ignored files.
  private(set) var mentionsAttributes = false

  private let settings: CaptureSettings
  private let top: FilePath
  private var untrackedBytes: Int64 = 0

  /// Whether there is nothing to store.
  var isEmpty: Bool { present.isEmpty && absent.isEmpty && gitlinks.isEmpty }

  init(_ listing: StatusListing, settings: CaptureSettings, top: FilePath) {
    self.settings = settings
    self.top = top
    for file in listing.tracked { add(file) }
    for file in listing.unmerged {
      summary.changed += 1
      summary.conflicts += 1
      if file.worktreeMode == nil { absent.insert(file.path) } else { addPresent(file.path) }
    }
    for path in listing.untracked { addUntracked(path) }
    let paths =
      listing.tracked.map(\.path) + listing.unmerged.map(\.path) + listing.untracked
      + listing.ignored
    mentionsAttributes = paths.contains { $0.name.elementsEqual(".gitattributes".utf8) }
    for path in listing.ignored where !IgnoredFile.isExpendable(path) {
      let size = WorkingTreeFile(path, in: top)?.size
      leftOut.append(LeftOut(path: path, reason: .ignored, bytes: size))
    }
  }

  /// The inventory of some paths that are to be stored whatever git thinks of them.
  init(forcing paths: some Sequence<GitPath>, settings: CaptureSettings, top: FilePath) {
    self.settings = settings
    self.top = top
    for path in paths { addPresent(path) }
  }

  /// Adds ignored files that the user wants covered.
  mutating func include(_ paths: [GitPath]) {
    let included = Set(paths)
    leftOut.removeAll { $0.reason == .ignored && included.contains($0.path) }
    for path in paths where present[path] == nil { addUntracked(path) }
  }

  private mutating func add(_ file: StatusListing.Tracked) {
    summary.changed += 1
    if file.head != file.index, !file.isIntentToAdd { summary.staged += 1 }
    if let submodule = file.submodule {
      let letters = Array(submodule)
      if letters.count == 4, letters[2] == "M" || letters[3] == "U" {
        leftOut.append(LeftOut(path: file.path, reason: .submodule))
      }
      guard file.isDirty else { return }
      if file.worktreeMode == nil {
        absent.insert(file.path)
      } else if letters.count == 4, letters[1] == "C" {
        gitlinks.insert(file.path)
      } else if file.worktreeMode != .gitlink {
        addPresent(file.path, tracked: file.index)
      }
      return
    }
    guard file.isDirty else {
      if file.worktreeMode?.isRegular == true { stagedOnly.insert(file.path) }
      return
    }
    if file.worktreeMode == nil {
      // Git does not see what is neither a file nor a link.
      if WorkingTreeFile(file.path, in: top)?.kind == .other {
        leftOut.append(LeftOut(path: file.path, reason: .notAFile))
      } else {
        absent.insert(file.path)
      }
    } else {
      addPresent(file.path, tracked: file.index)
    }
  }

  private mutating func addUntracked(_ path: GitPath) {
    if path.bytes.last == UInt8(ascii: "/") {
      if !isLinkedWorktree(path) {
        leftOut.append(LeftOut(path: path, reason: .nestedRepository))
      }
      return
    }
    guard let file = WorkingTreeFile(path, in: top) else { return }
    let reason: LeftOut.Reason? =
      if RefusedName.matches(path) {
        .refusedName
      } else if file.size > settings.maximumFileSize {
        .tooLarge
      } else if untrackedBytes + file.size > settings.maximumUntrackedSize
        || summary.untracked >= CaptureSettings.maximumUntrackedCount
      {
        .tooMuchUntracked
      } else {
        nil
      }
    if let reason {
      leftOut.append(LeftOut(path: path, reason: reason, bytes: file.size))
      return
    }
    summary.untracked += 1
    untrackedBytes += file.size
    addPresent(path)
  }

  private mutating func addPresent(_ path: GitPath, tracked: TrackedEntry? = nil) {
    guard let file = WorkingTreeFile(path, in: top) else {
      // It vanished since it was listed.
      absent.insert(path)
      return
    }
    switch file.kind {
    case .other: leftOut.append(LeftOut(path: path, reason: .notAFile))
    case .folder: gitlinks.insert(path)
    case .regular, .symbolicLink:
      var mode = file.mode(trustsExecutableBit: settings.trustsExecutableBit)
      if !settings.trustsExecutableBit, let tracked, tracked.mode.isRegular, mode?.isRegular == true
      {
        mode = tracked.mode
      }
      present[path] = mode
    }
  }

  /// A linked worktree has a file `.git` that points to its folder under `worktrees/`.
  private func isLinkedWorktree(_ folder: GitPath) -> Bool {
    let path = top.appending(folder.text).appending(".git").string
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return false }
    return text.hasPrefix("gitdir: ") && text.contains("/worktrees/")
  }
}

/// Which ignored files nobody needs to be warned about.
enum IgnoredFile {
  /// Returns whether a file can be made again, by its name: what builds, interpreters, editors and
  /// operating systems leave behind.
  ///
  /// Ignored folders count as such, too.
  static func isExpendable(_ path: GitPath) -> Bool {
    if path.bytes.last == UInt8(ascii: "/") { return true }
    let name = String(decoding: path.name, as: UTF8.self).lowercased()
    if names.contains(name) || name.hasSuffix("~") || name.hasPrefix(".#") { return true }
    guard let dot = name.lastIndex(of: ".") else { return false }
    return suffixes.contains(String(name[name.index(after: dot)...]))
  }

  private static let names: Set<String> = [
    ".ds_store", "thumbs.db", "desktop.ini", "tags", "compile_commands.json", ".coverage",
    ".eslintcache", ".gitattributes",
  ]

  private static let suffixes: Set<String> = [
    "o", "obj", "a", "lib", "so", "dylib", "dll", "exe", "out", "class", "jar", "pyc", "pyo",
    "pyd", "log", "tmp", "temp", "swp", "swo", "bak", "orig", "rej", "map", "tsbuildinfo", "d",
    "gcda", "gcno", "profraw", "lock", "pid", "cache", "ninja_log", "ninja_deps", "rlib", "rmeta",
    "hi", "beam", "aux", "toc", "fls", "fdb_latexmk", "elc", "ppu", "gz", "zip", "tgz",
  ]
}
