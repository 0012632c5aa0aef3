import Glibc
import LaForgeCore
import LaForgeGit
import LaForgeStore
import SystemPackage

/// What `restore` was asked for, looked up before anything is begun: all that is missing is told at
/// once, with where it is to be found.
struct RestoreRequest {
  let source: RestoreSource
  let session: OperationSession

  /// The request for these paths; none stands for all that the source is about.
  ///
  /// - Throws: `CommandFailure` where a path is not in the source.
  func request(for typed: [TypedPath]) async throws -> OperationRequest {
    let paths = typed.map(\.path)
    guard !paths.isEmpty else { return .restore(source, paths: []) }
    if case .lost(let reference) = source {
      return .restore(source, paths: try lost(in: try session.step(reference), paths))
    }
    let missing = try await missing(paths, in: source)
    guard missing.isEmpty else {
      throw CommandFailure(try await message(typed.filter { missing.contains($0.path) }))
    }
    return .restore(source, paths: paths)
  }

  /// - Throws: `CommandFailure` for a folder of `--to` that is neither new nor empty.
  static func checkFolder(_ folder: FilePath, typed: String) throws {
    var status = stat()
    guard stat(folder.string, &status) == 0 else { return }
    var problem: String?
    if status.st_mode & S_IFMT != S_IFDIR {
      problem = "is no folder"
    } else if let stream = opendir(folder.string) {
      defer { closedir(stream) }
      while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
        if !["."[...], ".."].contains(where: { name.elementsEqual($0.utf8) }) {
          problem = "is not empty"
          break
        }
      }
    } else {
      problem = "cannot be read: \(Errno(rawValue: errno).description)"
    }
    guard let problem else { return }
    throw CommandFailure(
      UserMessage(
        code: "folder_not_empty", summary: "'\(typed)' \(problem).",
        consequence: "Nothing was written.",
        hint: "`--to` takes a folder that is new or empty."))
  }

  // MARK: - Lookups

  /// The lost paths that were named, or that lie in a folder that was.
  private func lost(in step: Step, _ paths: [GitPath]) throws -> [GitPath] {
    let lost = (step.end?.lost ?? []).map(\.path)
    let known = PathIndex(lost)
    let missing = paths.filter { !known.holds($0) }
    guard missing.isEmpty || lost.isEmpty else {
      throw CommandFailure(
        UserMessage(
          code: "not_lost",
          summary: "\(step.id) destroyed no uncommitted work in \(Self.list(missing)).",
          consequence: "Nothing was changed.",
          hint: "`laforge show \(step.id.rawValue)` lists what it destroyed, and what it could not"
            + " keep."))
    }
    return lost.filter { path in paths.contains { path == $0 || path.isInside($0) } }
  }

  /// Those of the paths that a source does not hold; none where its state is not known.
  private func missing(
    _ paths: [GitPath], in source: RestoreSource
  ) async throws -> [GitPath] {
    guard let state = try state(of: source) else { return [] }
    let found = try await session.repository.files(of: state, at: paths)
    let known = PathIndex(found)
    return paths.filter { !known.holds($0) }
  }

  private func state(of source: RestoreSource) throws -> RepositoryState? {
    switch source {
    case .after(let reference): return try session.step(reference).stateAfter
    case .before(let reference), .lost(let reference):
      return try session.step(reference).stateBefore
    case .operation(let id): return try session.store.operation(id)?.before
    }
  }

  private func message(_ missing: [TypedPath]) async throws -> UserMessage {
    let (name, other, hint): (String, RestoreSource?, String)
    switch source {
    case .after(let reference), .lost(let reference):
      let id = try session.step(reference).id
      (name, other) = ("after \(id)", .before(reference))
      hint = "laforge restore \(id.rawValue) --before"
    case .before(let reference):
      let id = try session.step(reference).id
      (name, other) = ("before \(id)", .after(reference))
      hint = "laforge restore \(id.rawValue)"
    case .operation(let id):
      (name, other, hint) = ("before \(id)", nil, "")
    }
    var elsewhere: [String] = []
    if let other {
      let nowhere = Set(try await self.missing(missing.map(\.path), in: other))
      elsewhere = missing.filter { !nowhere.contains($0.path) }.map(\.text)
    }
    // A word that begins like an option is a path only behind `--`.
    if elsewhere.contains(where: { $0.hasPrefix("-") }) { elsewhere.insert("--", at: 0) }
    return UserMessage(
      code: "not_in_state",
      summary:
        "\(Self.list(missing.map(\.path))) \(missing.count == 1 ? "is" : "are") not in the state"
        + " \(name).",
      consequence: "Nothing was changed.",
      hint: elsewhere.isEmpty
        ? "`laforge diff \(name.split(separator: " ")[1]) now --stat` lists what differs from it."
        : "`\(hint) \(ShellWords.join(elsewhere))`")
  }

  private static func list(_ paths: [GitPath]) -> String {
    Readable.list(paths.map { "'\($0)'" })
  }
}
