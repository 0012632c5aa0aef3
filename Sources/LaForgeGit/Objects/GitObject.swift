import LaForgeCore

/// An object of a repository: its kind, and its content without git's header.
struct GitObject: Hashable, Sendable {
  /// The kinds of objects, named as git writes them.
  enum Kind: String, Sendable {
    case blob, tree, commit, tag
  }

  var kind: Kind
  var content: [UInt8]

  init(_ kind: Kind, _ content: [UInt8]) {
    self.kind = kind
    self.content = content
  }

  init(blob text: String) {
    self.init(.blob, Array(text.utf8))
  }
}

/// Reads and writes the objects of a repository.
///
/// There are two: libgit2 in this process, and the git command for what libgit2 cannot open.
protocol ObjectDatabase: AnyObject {
  /// The length of an id in bytes: 20 for SHA-1, 32 for SHA-256.
  var idLength: Int { get }

  /// Returns those of the objects that exist.
  func read(_ ids: [ObjectID]) async throws(GitError) -> [ObjectID: GitObject]

  /// Returns those of the ids that name an object.
  func existing(_ ids: [ObjectID]) async throws(GitError) -> Set<ObjectID>

  /// Stores objects and returns their ids in the same order.
  ///
  /// They can be read through this database at once, by others after `flush`.
  func write(_ objects: [GitObject]) async throws(GitError) -> [ObjectID]

  /// Makes durable what was written, where no `git gc` at work removes it, in a number of waits for
  /// the disk that does not grow with it.
  ///
  /// - Parameter existing: Objects of the repository that are to be as safe from a `git gc`.
  /// - Throws: `GitError`; `missingObject` if one of `existing` is gone.
  func flush(with existing: Set<ObjectID>) async throws(GitError)

  /// What is left of a snapshot some objects of which are gone; `nil` if it is whole.
  func remains(of snapshot: ObjectID) async throws(GitError) -> ObjectID?
}

extension ObjectDatabase {
  /// Returns an object that must exist.
  func object(_ id: ObjectID, _ kind: GitObject.Kind) async throws(GitError) -> GitObject {
    guard let object = try await read([id])[id] else {
      throw GitError(
        code: .missingObject, message: "the \(kind) \(id) is missing", function: "cat-file")
    }
    guard object.kind == kind else {
      throw GitError(
        code: .missingObject, message: "\(id) is a \(object.kind), not a \(kind)",
        function: "cat-file")
    }
    return object
  }

  func write(_ object: GitObject) async throws(GitError) -> ObjectID {
    try await write([object])[0]
  }

  func flush() async throws(GitError) {
    try await flush(with: [])
  }

  func remains(of snapshot: ObjectID) async throws(GitError) -> ObjectID? { nil }

  /// The tree of a commit, or the tree itself.
  func treeID(of id: ObjectID) async throws(GitError) -> ObjectID {
    guard let object = try await read([id])[id] else {
      throw GitError(
        code: .missingObject, message: "the commit \(id) is missing", function: "cat-file")
    }
    if object.kind == .tree { return id }
    guard object.kind == .commit, let tree = CommitHeader(object.content).tree else {
      throw GitError(
        code: .missingObject, message: "\(id) is no commit", function: "cat-file")
    }
    return tree
  }
}

/// The lines of a commit object that LaForge needs; see "Commit objects" in
/// `man 7 gitcore-tutorial`.
struct CommitHeader {
  private(set) var tree: ObjectID?
  private(set) var parents: [ObjectID] = []
  /// Seconds since 1970.
  private(set) var committedAt: Int64 = 0

  init(_ content: [UInt8]) {
    for line in content.split(separator: 10, omittingEmptySubsequences: false) {
      if line.isEmpty { return }
      let words = String(decoding: line, as: UTF8.self).split(separator: " ")
      guard words.count > 1 else { continue }
      switch words[0] {
      case "tree": tree = ObjectID(hex: String(words[1]))
      case "parent": if let id = ObjectID(hex: String(words[1])) { parents.append(id) }
      case "committer": committedAt = words.dropLast().last.flatMap { Int64($0) } ?? 0
      default: break
      }
    }
  }
}
