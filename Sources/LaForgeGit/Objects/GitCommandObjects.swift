import Foundation
import LaForgeCore
import SystemPackage

/// The objects of a repository through the git command, for what libgit2 cannot open.
///
/// Git is asked for many objects at once; each call is a process.
final class GitCommandObjects: ObjectDatabase {
  let idLength: Int
  private let git: GitCommand
  private let gitDirectory: FilePath
  /// Trees and small objects that were read or written, which never change.
  private var cache: [ObjectID: GitObject] = [:]

  init(_ git: GitCommand, gitDirectory: FilePath, idLength: Int) {
    self.idLength = idLength
    self.git = git
    self.gitDirectory = gitDirectory
  }

  func read(_ ids: [ObjectID]) async throws(GitError) -> [ObjectID: GitObject] {
    var found = cache.filter { ids.contains($0.key) }
    let unknown = ids.filter { found[$0] == nil }
    guard !unknown.isEmpty else { return found }
    let result = try await call(["cat-file", "--batch"], input: Self.lines(unknown))
    var rest = result.output[...]
    while let end = rest.firstIndex(of: 10) {
      let words = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
      rest = rest[(end + 1)...]
      guard words.count == 3, let id = ObjectID(hex: String(words[0])),
        let kind = GitObject.Kind(rawValue: String(words[1])), let count = Int(words[2])
      else { continue }
      let object = GitObject(kind, Array(rest.prefix(count)))
      if kind == .tree { cache[id] = object }
      found[id] = object
      rest = rest.dropFirst(count + 1)
    }
    return found
  }

  func existing(_ ids: [ObjectID]) async throws(GitError) -> Set<ObjectID> {
    guard !ids.isEmpty else { return [] }
    let result = try await call(
      ["cat-file", "--batch-check=%(objectname)"], input: Self.lines(ids))
    return Set(result.text.split(separator: "\n").compactMap { ObjectID(hex: String($0)) })
  }

  /// `git hash-object` takes many files at once, but not many texts, so the contents pass through
  /// files in a folder of their own.
  func write(_ objects: [GitObject]) async throws(GitError) -> [ObjectID] {
    var ids: [ObjectID?] = Array(repeating: nil, count: objects.count)
    for (kind, indices) in Dictionary(grouping: objects.indices, by: { objects[$0].kind }) {
      let written = try await write(indices.map { objects[$0].content }, kind)
      for (index, id) in zip(indices, written) {
        ids[index] = id
        if kind == .tree { cache[id] = objects[index] }
      }
    }
    return ids.compactMap { $0 }
  }

  private func write(
    _ contents: [[UInt8]], _ kind: GitObject.Kind
  ) async throws(GitError) -> [ObjectID] {
    let folder = gitDirectory.appending("laforge-objects-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(atPath: folder.string) }
    var names = ""
    do {
      try FileManager.default.createDirectory(
        atPath: folder.string, withIntermediateDirectories: false,
        attributes: [.posixPermissions: 0o700])
      for (index, content) in contents.enumerated() {
        let path = folder.appending(String(index))
        try Data(content).write(to: URL(filePath: path.string))
        names += path.string + "\n"
      }
    } catch {
      throw GitError(
        code: .notStarted, message: error.localizedDescription, function: "hash-object")
    }
    let result = try await call(
      ["hash-object", "-w", "-t", kind.rawValue, "--no-filters", "--stdin-paths"],
      input: Array(names.utf8))
    let ids = result.text.split(separator: "\n").compactMap { ObjectID(hex: String($0)) }
    guard ids.count == contents.count else {
      throw GitError(
        code: .notStarted, message: "git hash-object did not answer for every object",
        function: "hash-object")
    }
    return ids
  }

  /// Git makes durable what it writes before it ends.
  func flush() {}

  private func call(
    _ arguments: [String], input: [UInt8]
  ) async throws(GitError) -> GitCommand.Result {
    try await git.check(
      GitCommand.Call(
        arguments: ["--git-dir=\(gitDirectory)"] + arguments, directory: gitDirectory,
        input: input))
  }

  private static func lines(_ ids: [ObjectID]) -> [UInt8] {
    Array(ids.map { $0.hex + "\n" }.joined().utf8)
  }
}
