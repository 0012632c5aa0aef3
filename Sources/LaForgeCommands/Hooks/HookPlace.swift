import Foundation
import LaForgeCore
import LaForgeGit
import SystemPackage

/// How a hook of LaForge's gets run in a repository.
enum HookPlace: Equatable {
  /// As a file that git, or the framework that owns git's file, runs.
  case file(FilePath)
  /// As a script that git's configuration names.
  case configuration(script: FilePath)
  /// By what a person adds to a file that is not LaForge's to write.
  case byHand(Addition)

  /// What to add where.
  struct Addition: Equatable {
    /// Why LaForge does not write it itself, in one sentence without a full stop.
    var reason: String
    /// The file; `nil` where there is nothing to add to.
    var file: FilePath?
    var lines: [String]
  }
}

/// Finds the place of each hook.
struct HookPlaces {
  let folder: HooksFolder
  let location: RepositoryLocation
  /// Whether git runs hooks that its configuration names.
  let isConfigured: Bool

  /// The scripts that git's configuration names lie here.
  func script(of hook: HookName) -> FilePath {
    location.commonDirectory.appending("laforge").appending("hooks").appending(hook.rawValue)
  }

  func place(of hook: HookName) -> HookPlace {
    if isConfigured { return .configuration(script: script(of: hook)) }
    if let addition = sharedFolder(hook) { return .byHand(addition) }
    let path = folder.path.appending(hook.rawValue)
    guard let text = HookFile(path).text, !HookFile(path).isOurs else { return .file(path) }
    switch HookFramework(ofHook: text) {
    case .preCommit where hook != .postRewrite:
      // It runs what lies there first; see "Running in migration mode" in its documentation. What
      // comes on standard input it hands on for `pre-push` only.
      return .file(FilePath(path.string + ".legacy"))
    case .lefthook:
      return .byHand(
        .init(
          reason: "lefthook writes its hooks anew",
          file: location.workingTree.appending("lefthook.yml"),
          lines: lefthook(hook)))
    case .overcommit:
      return .byHand(
        .init(
          reason: "overcommit writes its hooks anew",
          file: location.workingTree.appending(".overcommit.yml"), lines: overcommit(hook)))
    case .preCommit, nil:
      guard Self.looksAtItsName(text) else { return .file(path) }
      return .byHand(
        .init(
          reason: "the hook that is there looks at its own name, so it cannot be moved", file: path,
          lines: [Self.line(for: hook)]))
    }
  }

  /// What to add where the folder is not this repository's own.
  private func sharedFolder(_ hook: HookName) -> HookPlace.Addition? {
    let path = folder.path
    let names = path.components.suffix(2).map(\.string)
    if names.last == ".husky" || names == [".husky", "_"] {
      let husky = names.last == "_" ? path.removingLastComponent() : path
      return .init(
        reason: "husky's files are the project's", file: husky.appending(hook.rawValue),
        lines: [Self.line(for: hook)])
    }
    guard let scope = folder.scope else { return nil }
    if path == "/dev/null" {
      return .init(reason: "core.hooksPath turns all hooks off (\(scope))", file: nil, lines: [])
    }
    let line = [Self.line(for: hook)]
    if !["local", "worktree"].contains(scope) {
      return .init(
        reason: "core.hooksPath is set for other repositories too (\(scope))",
        file: path.appending(hook.rawValue), lines: line)
    }
    if folder.isTracked {
      return .init(
        reason: "the files there are the project's", file: path.appending(hook.rawValue),
        lines: line)
    }
    guard path.starts(with: location.workingTree) || path.starts(with: location.commonDirectory)
    else {
      return .init(
        reason: "core.hooksPath names a folder outside the repository",
        file: path.appending(hook.rawValue), lines: line)
    }
    return nil
  }

  /// The line for a hook that is a shell script.
  static func line(for hook: HookName) -> String {
    let isForSteps = hook == .commitMessage || hook == .postCommit
    let condition = isForSteps ? #"[ -n "$LAFORGE_STEP" ] && "# : ""
    return
      #"if \#(condition)command -v laforge >/dev/null; then laforge hook \#(hook.rawValue) "$@" || exit; fi"#
  }

  private func lefthook(_ hook: HookName) -> [String] {
    let arguments = hook == .commitMessage || hook == .prePush ? " {0}" : ""
    let input = hook == .postRewrite || hook == .prePush ? ["      use_stdin: true"] : []
    return [
      "\(hook.rawValue):", "  commands:", "    laforge:",
      "      run: laforge hook \(hook.rawValue)\(arguments)",
    ] + input
  }

  private func overcommit(_ hook: HookName) -> [String] {
    let type = hook.rawValue.split(separator: "-").map(\.capitalized).joined()
    return [
      "\(type):", "  LaForge:", "    enabled: true", "    required_executable: laforge",
      "    command: ['laforge', 'hook', '\(hook.rawValue)']",
    ]
  }

  /// Whether a script does different things by the name it is called by.
  private static func looksAtItsName(_ text: String) -> Bool {
    let marks = ["${0##", "argv[0]", "$PROGRAM_NAME", "__FILE__"]
    return marks.contains(where: text.contains)
      || text.split(separator: "\n").contains { $0.contains("basename") && $0.contains("$0") }
  }
}

/// A program that manages the hooks of a project.
enum HookFramework {
  case preCommit, lefthook, overcommit

  /// Known by what it writes into every hook; `nil` for any other.
  init?(ofHook text: String) {
    let marks: [(String, HookFramework)] = [
      ("File generated by pre-commit", .preCommit), ("File generated by prek", .preCommit),
      ("call_lefthook", .lefthook), ("lefthook run", .lefthook),
      ("OVERCOMMIT_DISABLE", .overcommit),
    ]
    guard let found = marks.first(where: { text.contains($0.0) }) else { return nil }
    self = found.1
  }
}

/// A file in a hooks folder.
struct HookFile {
  let path: FilePath

  init(_ path: FilePath) { self.path = path }

  /// The line that marks LaForge's scripts, with the number of their version.
  private static let mark = "# LaForge hook, version "

  /// What it holds, bytes that are no UTF-8 replaced; `nil` where there is none.
  var text: String? {
    (try? Data(contentsOf: URL(filePath: path.string))).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The version of LaForge's script; `nil` where it is none.
  var version: Int? {
    guard let text, let line = text.split(separator: "\n").dropFirst().first,
      line.hasPrefix(Self.mark)
    else { return nil }
    return Int(line.dropFirst(Self.mark.count).prefix { $0.isNumber })
  }

  var isOurs: Bool { version != nil }

  /// Where the hook that was here before lies while LaForge's is in its place; under the old name
  /// where pre-commit has moved LaForge's aside since.
  var displaced: HookFile {
    let own = HookFile(FilePath(path.string + ".before-laforge"))
    guard !own.exists, path.string.hasSuffix(".legacy") else { return own }
    let former = HookFile(FilePath(path.string.dropLast(".legacy".count) + ".before-laforge"))
    return former.exists ? former : own
  }
}
