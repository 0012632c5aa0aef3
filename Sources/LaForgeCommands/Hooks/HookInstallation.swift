import Foundation
import Glibc
import LaForgeCore
import LaForgeGit
import LaForgeHooks
import LaForgeStore
import SystemPackage

/// Puts LaForge's hooks into a repository and takes them out again.
struct HookInstallation {
  let repository: WorktreeRepository
  let places: HookPlaces

  init(_ repository: WorktreeRepository) async throws(GitError) {
    self.repository = repository
    places = HookPlaces(
      folder: try await repository.hooksFolder(), location: repository.location,
      isConfigured: try await repository.hasConfiguredHooks())
  }

  /// How a hook stands.
  struct Standing {
    enum State: String {
      case installed, outdated, missing
      /// A person must add something.
      case byHand = "by_hand"
    }
    var hook: HookName
    var place: HookPlace
    var state: State
    /// The hook that was there before and is run first.
    var displaced: FilePath?
  }

  func standing(of hook: HookName) async throws(GitError) -> Standing {
    let place = places.place(of: hook)
    switch place {
    case .file(let path):
      let file = HookFile(path)
      return Standing(
        hook: hook, place: place, state: state(of: file, hook),
        displaced: file.isOurs && file.displaced.exists ? file.displaced.path : nil)
    case .configuration(let script):
      let isNamed = try await repository.configuration("\(Self.section(hook)).command") != nil
      return Standing(
        hook: hook, place: place, state: isNamed ? state(of: HookFile(script), hook) : .missing)
    case .byHand(let addition):
      let text = addition.file.flatMap { HookFile($0).text } ?? ""
      let isThere =
        text.contains("laforge hook \(hook.rawValue)")
        || text.contains("'laforge', 'hook', '\(hook.rawValue)'")
      return Standing(hook: hook, place: place, state: isThere ? .installed : .byHand)
    }
  }

  private func state(of file: HookFile, _ hook: HookName) -> Standing.State {
    guard file.isOurs else { return .missing }
    return file.text == Self.script(hook) ? .installed : .outdated
  }

  /// Installs or updates a hook where LaForge may write it.
  ///
  /// - Returns: How it stands now.
  /// - Throws: `GitError` or `CommandFailure`.
  func install(_ hook: HookName) async throws -> Standing {
    let before = try await standing(of: hook)
    switch before.place {
    case .byHand: return before
    case .file(let path):
      guard before.state != .installed else { return before }
      try writeScript(of: hook, at: HookFile(path))
    case .configuration(let script):
      // Those of an older git would run as well.
      try removeFiles(of: hook)
      if before.state != .installed { try writeScript(of: hook, at: HookFile(script)) }
      let section = Self.section(hook)
      try await repository.setConfiguration("\(section).event", to: hook.rawValue)
      try await repository.setConfiguration("\(section).command", to: Self.command(script))
    }
    return try await standing(of: hook)
  }

  /// Takes a hook out, and puts back what was in its place.
  ///
  /// - Returns: How it stands now, and whether it was there.
  /// - Throws: `GitError` or `CommandFailure`.
  func uninstall(_ hook: HookName) async throws -> (standing: Standing, wasThere: Bool) {
    // Also where another git, or a framework, decides by now: what is ours goes.
    var wasThere = try removeFiles(of: hook)
    let section = Self.section(hook)
    if try await repository.configuration("\(section).command") != nil {
      wasThere = true
      try await repository.removeConfiguration(section: section)
    }
    let script = places.script(of: hook)
    if HookFile(script).isOurs, unlink(script.string) != 0 { throw Self.failure(script) }
    return (try await standing(of: hook), wasThere)
  }

  // MARK: - Files

  /// Takes LaForge's files out of the hooks folder; returns whether there were any.
  @discardableResult
  private func removeFiles(of hook: HookName) throws -> Bool {
    let path = places.folder.path.appending(hook.rawValue)
    let files = [path, FilePath(path.string + ".legacy")].map(HookFile.init).filter(\.isOurs)
    for file in files {
      let displaced = file.displaced
      let result =
        displaced.exists
        ? rename(displaced.path.string, file.path.string) : unlink(file.path.string)
      guard result == 0 else { throw Self.failure(file.path) }
    }
    return !files.isEmpty
  }

  /// The command for git's configuration: git puts the arguments behind it, and a commit must not fail
  /// where somebody has deleted LaForge's folder.
  private static func command(_ script: FilePath) -> String {
    let path = ShellWords.quote(script.string)
    return "f() { [ ! -x \(path) ] || \(path) \"$@\"; }; f"
  }

  private static func section(_ hook: HookName) -> String { "hook.laforge-\(hook.rawValue)" }

  private static func script(_ hook: HookName) -> String {
    let script = HookScripts.all.first { $0.name == hook.rawValue }
    return String(decoding: script?.text ?? [], as: UTF8.self)
  }

  /// Writes a script so that at every moment either it or what was there before is run.
  private func writeScript(of hook: HookName, at file: HookFile) throws {
    let path = file.path
    let displaced = file.displaced
    let displaces = !file.isOurs && file.exists
    // The two are one file where this was cut off before its end.
    let isLinked = displaces && FileIdentity(displaced.path) == FileIdentity(path)
    if displaces, displaced.exists, !isLinked { throw Self.bothThere(file) }
    let temporary = FilePath("\(path.string).laforge-new")
    do {
      try FileManager.default.createDirectory(
        atPath: path.removingLastComponent().string, withIntermediateDirectories: true)
      let descriptor = try FileDescriptor.open(
        temporary, .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute])
      try descriptor.closeAfter { _ = try descriptor.writeAll(Array(Self.script(hook).utf8)) }
    } catch {
      unlink(temporary.string)
      throw CommandFailure(.hookNotWritten(path, cause: "\(error)"))
    }
    // Of a symbolic link the link itself; see `man 2 link`.
    if displaces, !isLinked, link(path.string, displaced.path.string) != 0,
      // Without hard links there is a moment in which neither is run.
      rename(path.string, displaced.path.string) != 0
    {
      let failure = Self.failure(path)
      unlink(temporary.string)
      throw failure
    }
    guard rename(temporary.string, path.string) == 0 else {
      let failure = Self.failure(path)
      unlink(temporary.string)
      // Where the two are one file, nothing is done, and `unlink` takes the second name.
      if displaces, rename(displaced.path.string, path.string) == 0 {
        unlink(displaced.path.string)
      }
      throw failure
    }
  }

  private static func failure(_ path: FilePath) -> CommandFailure {
    CommandFailure(.hookNotWritten(path, cause: Errno(rawValue: errno).description))
  }

  private static func bothThere(_ file: HookFile) -> CommandFailure {
    CommandFailure(
      UserMessage(
        code: "hook_in_the_way",
        summary: "'\(file.path)' was replaced since LaForge put its hook there.",
        consequence: "It was left as it is, and so was '\(file.displaced.path)'.",
        hint: "Keep one of the two under the first name, remove the other, and install again."))
  }
}

extension HookFile {
  /// Whether something of that name is there, a link to nothing included.
  var exists: Bool {
    var status = stat()
    return lstat(path.string, &status) == 0
  }
}

extension UserMessage {
  /// A hook's file could not be changed.
  static func hookNotWritten(_ path: FilePath, cause: String) -> UserMessage {
    UserMessage(
      code: "hook_not_written", summary: "The hook '\(path)' cannot be written.",
      consequence: "What was there is still there.", causes: [cause])
  }
}
