import LaForgeCore

/// The objects of a repository, with those that exist only as bytes in the keep tree: a commit or
/// tag that was pruned is written back, as the same object, when it is read.
final class KeptObjects: ObjectDatabase {
  private let base: any ObjectDatabase
  private let reader: any RepositoryReader

  init(_ base: any ObjectDatabase, reader: any RepositoryReader) {
    self.base = base
    self.reader = reader
  }

  var idLength: Int { base.idLength }

  func read(_ ids: [ObjectID]) async throws(GitError) -> [ObjectID: GitObject] {
    var found = try await base.read(ids)
    for id in ids where found[id] == nil {
      let kept = KeepReference(reader: reader, objects: base, own: nil)
      guard let object = try await kept.bytes(of: id) else { continue }
      _ = try await base.write(object)
      found[id] = object
    }
    return found
  }

  func remains(of snapshot: ObjectID) async throws(GitError) -> ObjectID? {
    try await KeepReference(reader: reader, objects: base, own: nil).remains(of: snapshot)
  }

  func existing(_ ids: [ObjectID]) async throws(GitError) -> Set<ObjectID> {
    try await base.existing(ids)
  }

  func write(_ objects: [GitObject]) async throws(GitError) -> [ObjectID] {
    try await base.write(objects)
  }

  func flush(with existing: Set<ObjectID>) async throws(GitError) {
    try await base.flush(with: existing)
  }
}
