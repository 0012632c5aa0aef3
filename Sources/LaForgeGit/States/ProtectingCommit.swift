import LaForgeCore

/// A commit whose ancestry holds many others, so that one reference keeps them all alive.
struct ProtectingCommit {
  let objects: any ObjectDatabase
  let purpose: Purpose

  /// What such a commit is for; its message says so, so that those of one purpose, which go after
  /// a time, are no objects of another's.
  enum Purpose: String {
    case running = "What LaForge protects while a step runs."
    case orphaned = "What a step left behind, too much of it for copies."
  }

  /// The parents of one commit at most: programs that draw graphs use a column for each.
  private static let width = 32

  /// Writes it and returns its id; not flushed.
  ///
  /// Its tree is that of a parent and its date not before theirs, so that `git log --all` with a
  /// path or a date shows what it does without it. What does not exist is passed over.
  ///
  /// - Returns: `nil` where none of the commits exists.
  /// - Throws: `GitError`.
  func make(of commits: [ObjectID]) async throws(GitError) -> ObjectID? {
    let read = try await objects.read(commits)
    var level: [(id: ObjectID, header: CommitHeader)] = []
    for id in commits {
      guard let object = read[id], object.kind == .commit else { continue }
      level.append((id, CommitHeader(object.content)))
    }
    guard !level.isEmpty else { return nil }
    repeat {
      var next: [(id: ObjectID, header: CommitHeader)] = []
      for start in stride(from: 0, to: level.count, by: Self.width) {
        let parents = level[start..<min(start + Self.width, level.count)]
        let commit = commit(of: Array(parents))
        next.append((try await objects.write(commit), CommitHeader(commit.content)))
      }
      level = next
    } while level.count > 1
    return level[0].id
  }

  /// The commits that one made by `make` stands for.
  func protected(by commit: ObjectID) async throws(GitError) -> Set<ObjectID> {
    var commits: Set<ObjectID> = []
    var waiting = [commit]
    while let id = waiting.popLast() {
      guard let object = try await objects.read([id])[id], object.kind == .commit else { continue }
      if object.content.suffix(message.utf8.count).elementsEqual(message.utf8) {
        waiting += CommitHeader(object.content).parents
      } else {
        commits.insert(id)
      }
    }
    return commits
  }

  private var message: String { "\n\n\(purpose.rawValue)\n" }

  private func commit(of parents: [(id: ObjectID, header: CommitHeader)]) -> GitObject {
    let time = parents.map(\.header.committedAt).max() ?? 0
    let person = "LaForge <laforge@localhost> \(time) +0000"
    var text = parents.first?.header.tree.map { "tree \($0)\n" } ?? ""
    for parent in parents { text += "parent \(parent.id)\n" }
    text += "author \(person)\ncommitter \(person)" + message
    return GitObject(.commit, Array(text.utf8))
  }
}
