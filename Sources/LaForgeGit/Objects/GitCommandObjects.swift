import Foundation
import Glibc
import LaForgeCore
import SystemPackage

/// The objects of a repository through the git command, for what libgit2 cannot open.
///
/// Git is asked for many objects at once; each call is a process.
final class GitCommandObjects: ObjectDatabase {
  private let git: RepositoryGit
  /// Trees that were read or written, which never change.
  ///
  /// Nothing else is remembered: whether an object still exists is for git to say.
  private var trees: [ObjectID: GitObject] = [:]
  /// How many folders for contents were made.
  private var folders = 0

  init(_ git: RepositoryGit) {
    self.git = git
  }

  var idLength: Int { git.idLength }

  func read(_ ids: [ObjectID]) async throws(GitError) -> [ObjectID: GitObject] {
    var found: [ObjectID: GitObject] = [:]
    for id in ids { found[id] = trees[id] }
    let unknown = Set(ids).filter { found[$0] == nil }
    guard !unknown.isEmpty else { return found }
    let result = try await git.check(["cat-file", "--batch"], input: Self.lines(unknown))
    for (id, object) in try Self.parse(result.output) {
      if object.kind == .tree { trees[id] = object }
      found[id] = object
    }
    return found
  }

  /// See "BATCH OUTPUT" in `man 1 git-cat-file`.
  private static func parse(
    _ output: [UInt8]
  ) throws(GitError) -> [(ObjectID, GitObject)] {
    var objects: [(ObjectID, GitObject)] = []
    var rest = output[...]
    while let end = rest.firstIndex(of: 10) {
      let words = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
      rest = rest[(end + 1)...]
      // A missing object is one line of two words.
      guard words.count == 3, let id = ObjectID(hex: String(words[0])),
        let kind = GitObject.Kind(rawValue: String(words[1])), let count = Int(words[2])
      else { continue }
      guard rest.count > count else {
        throw GitError(
          code: .missingObject, message: "git told only a part of \(id)", function: "git cat-file")
      }
      objects.append((id, GitObject(kind, Array(rest.prefix(count)))))
      rest = rest.dropFirst(count + 1)
    }
    return objects
  }

  func existing(_ ids: [ObjectID]) async throws(GitError) -> Set<ObjectID> {
    guard !ids.isEmpty else { return [] }
    let result = try await git.check(
      ["cat-file", "--batch-check=%(objectname)"], input: Self.lines(Set(ids)))
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
        if kind == .tree { trees[id] = objects[index] }
      }
    }
    return ids.compactMap { $0 }
  }

  private func write(
    _ contents: [[UInt8]], _ kind: GitObject.Kind
  ) async throws(GitError) -> [ObjectID] {
    folders += 1
    try git.incoming.make()
    let folder = git.incoming.path.appending("new").appending("contents-\(folders)")
    defer { try? FileManager.default.removeItem(atPath: folder.string) }
    var names = ""
    do {
      try FileManager.default.createDirectory(
        atPath: folder.string, withIntermediateDirectories: false,
        attributes: [.posixPermissions: 0o700])
      for (index, content) in contents.enumerated() {
        let path = folder.appending(String(index))
        try Data(content).write(to: URL(filePath: path.string))
        names += Self.quote(path) + "\n"
      }
    } catch {
      throw GitError(
        code: .io, message: error.localizedDescription, function: "git hash-object")
    }
    // An object of somebody else's that is being written back may have a form that git now rejects.
    let result = try await git.git.check(
      try git.storingCall(
        ["hash-object", "-w", "-t", kind.rawValue, "--literally", "--no-filters", "--stdin-paths"],
        input: Array(names.utf8)))
    let ids = result.text.split(separator: "\n").compactMap { ObjectID(hex: String($0)) }
    guard ids.count == contents.count else {
      throw GitError(
        code: .notStarted, message: "git hash-object did not answer for every object",
        function: "git hash-object")
    }
    return ids
  }

  /// Git takes a name in quotes as a string of C, so that it may hold anything.
  private static func quote(_ path: FilePath) -> String {
    let escaped = path.string.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      .replacing("\n", with: "\\n")
    return "\"\(escaped)\""
  }

  func flush(with existing: Set<ObjectID>) async throws(GitError) {
    guard git.incoming.destination == .repository else { return }
    if let gone = existing.subtracting(try await self.existing(Array(existing))).first {
      throw GitError(
        code: .missingObject, message: "the object \(gone) was removed while it was being recorded",
        function: "git cat-file")
    }
    try await KeptPacks(git: git).packIncoming(with: existing)
  }

  private static func lines(_ ids: Set<ObjectID>) -> [UInt8] {
    Array(ids.map { $0.hex + "\n" }.joined().utf8)
  }
}
