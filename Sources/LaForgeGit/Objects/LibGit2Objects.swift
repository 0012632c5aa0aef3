import CLaForgeSupport
import CLibgit2
import Glibc
import LaForgeCore
import SystemPackage

/// The objects of a repository through libgit2.
///
/// What is written stays in memory until `flush`, which makes a pack of it.
///
/// libgit2 objects belong to one thread at a time, so this is not `Sendable`.
final class LibGit2Objects: ObjectDatabase {
  /// libgit2 reads repositories with SHA-1 alone.
  static let sha1Length = Int(GIT_OID_RAWSZ)
  var idLength: Int { Self.sha1Length }
  private let database: Handle<DatabaseKind>
  private let git: RepositoryGit
  private var pending: [ObjectID: GitObject] = [:]
  private var pendingBytes = 0
  /// Whether libgit2 looks into the temporary object directory, too.
  private var seesIncoming = false

  /// How many bytes wait in memory at most.
  private static let memoryLimit = 64 << 20

  init(_ repository: OpaquePointer, git: RepositoryGit) throws(GitError) {
    try check("git_libgit2_opts", laforge_git_enable_fsync())
    database = try Handle<DatabaseKind>("git_repository_odb") {
      git_repository_odb(&$0, repository)
    }
    self.git = git
  }

  /// The corresponding C function is `git_odb_add_disk_alternate`.
  private func lookIntoIncoming() throws(GitError) {
    guard !seesIncoming, let path = git.incoming.existing else { return }
    try check(
      "git_odb_add_disk_alternate", git_odb_add_disk_alternate(database.pointer, path.string))
    seesIncoming = true
  }

  func read(_ ids: [ObjectID]) throws(GitError) -> [ObjectID: GitObject] {
    try lookIntoIncoming()
    var found: [ObjectID: GitObject] = [:]
    for id in ids {
      if let object = pending[id] {
        found[id] = object
        continue
      }
      var raw = try id.libgit2()
      let object = try Handle<DatabaseObjectKind>.find("git_odb_read") {
        git_odb_read(&$0, database.pointer, &raw)
      }
      guard let object, let kind = Self.kind(git_odb_object_type(object.pointer)) else { continue }
      let bytes = UnsafeRawBufferPointer(
        start: git_odb_object_data(object.pointer), count: git_odb_object_size(object.pointer))
      found[id] = GitObject(kind, Array(bytes))
    }
    return found
  }

  func existing(_ ids: [ObjectID]) throws(GitError) -> Set<ObjectID> {
    try lookIntoIncoming()
    var found: Set<ObjectID> = []
    for id in ids {
      var raw = try id.libgit2()
      if pending[id] != nil || git_odb_exists(database.pointer, &raw) == 1 { found.insert(id) }
    }
    return found
  }

  func write(_ objects: [GitObject]) throws(GitError) -> [ObjectID] {
    var ids: [ObjectID] = []
    for object in objects {
      var raw = git_oid()
      let code = object.content.withUnsafeBytes {
        git_odb_hash(&raw, $0.baseAddress, $0.count, Self.type(object.kind))
      }
      try check("git_odb_hash", code)
      let id = ObjectID(raw)
      if pending.updateValue(object, forKey: id) == nil { pendingBytes += object.content.count }
      ids.append(id)
    }
    if pendingBytes > Self.memoryLimit { try writePending(with: []) }
    return ids
  }

  func flush(with existing: Set<ObjectID>) async throws(GitError) {
    switch git.incoming.destination {
    case .repository:
      try writePending(with: existing)
      guard git.incoming.existing != nil else { return }
      try await KeptPacks(git: git).packIncoming()
      try check("git_odb_refresh", git_odb_refresh(database.pointer))
    case .temporary:
      // For the git children of this command; they see the temporary object directory.
      try writePending(with: [])
    }
  }

  /// Writes what waits in memory as a pack, and copies objects of the repository into it.
  private func writePending(with existing: Set<ObjectID>) throws(GitError) {
    try lookIntoIncoming()
    var objects: [ObjectID: GitObject] = [:]
    for (id, object) in pending {
      var raw = try id.libgit2()
      // Packs that another process made since are found too: libgit2 looks again before it says no.
      if existing.contains(id) || git_odb_exists(database.pointer, &raw) != 1 {
        objects[id] = object
      }
    }
    var bytes = pendingBytes
    for id in existing where pending[id] == nil {
      guard let object = try read([id])[id] else {
        throw GitError(
          code: .missingObject, message: "the object \(id) was removed while it was being recorded",
          function: "git_odb_read")
      }
      objects[id] = object
      bytes += object.content.count
      guard bytes > Self.memoryLimit else { continue }
      try writePack(objects)
      objects = [:]
      bytes = 0
    }
    if !objects.isEmpty { try writePack(objects) }
    pending = [:]
    pendingBytes = 0
  }

  /// Writes objects as one pack and puts it where it belongs.
  private func writePack(_ objects: [ObjectID: GitObject]) throws(GitError) {
    let packs = KeptPacks(git: git)
    try git.incoming.make()
    let scratch = git.incoming.path.appending("new")
    var name = try write(objects.values.map { $0 }, to: scratch)
    switch git.incoming.destination {
    case .repository:
      while packs.has(name) {
        // The same objects again; one more makes it another pack.
        KeptPacks.remove(scratch.appending(name))
        let unique = GitObject(blob: "\(name) \(getpid())\n")
        name = try write(objects.values + [unique], to: scratch)
      }
      try packs.install(scratch.appending(name))
    case .temporary:
      try packs.leave(scratch.appending(name))
    }
    try lookIntoIncoming()
    try check("git_odb_refresh", git_odb_refresh(database.pointer))
  }

  /// Writes a pack through a database in memory that the pack builder reads.
  ///
  /// The corresponding C functions are `git_mempack_new` and `git_packbuilder_write`.
  ///
  /// - Returns: The name of the pack, without its ending.
  private func write(_ objects: [GitObject], to folder: FilePath) throws(GitError) -> String {
    let memory = try Handle<DatabaseKind>("git_odb_new") { git_odb_new(&$0) }
    var backend: UnsafeMutablePointer<git_odb_backend>?
    try check("git_mempack_new", git_mempack_new(&backend))
    try check("git_odb_add_backend", git_odb_add_backend(memory.pointer, backend, 1))
    let repository = try Handle<RepositoryKind>("git_repository_wrap_odb") {
      git_repository_wrap_odb(&$0, memory.pointer)
    }
    let builder = try Handle<PackBuilderKind>("git_packbuilder_new") {
      git_packbuilder_new(&$0, repository.pointer)
    }
    for object in objects {
      var raw = git_oid()
      let code = object.content.withUnsafeBytes {
        git_odb_write(&raw, memory.pointer, $0.baseAddress, $0.count, Self.type(object.kind))
      }
      try check("git_odb_write", code)
      try check("git_packbuilder_insert", git_packbuilder_insert(builder.pointer, &raw, nil))
    }
    try check(
      "git_packbuilder_write",
      git_packbuilder_write(builder.pointer, folder.string, 0o444, nil, nil))
    guard let hash = git_packbuilder_hash(builder.pointer)?.pointee else {
      preconditionFailure("git_packbuilder_hash returned no id")
    }
    return "pack-\(ObjectID(hash))"
  }

  private static func kind(_ type: git_object_t) -> GitObject.Kind? {
    switch type {
    case GIT_OBJECT_BLOB: .blob
    case GIT_OBJECT_TREE: .tree
    case GIT_OBJECT_COMMIT: .commit
    case GIT_OBJECT_TAG: .tag
    default: nil
    }
  }

  private static func type(_ kind: GitObject.Kind) -> git_object_t {
    switch kind {
    case .blob: GIT_OBJECT_BLOB
    case .tree: GIT_OBJECT_TREE
    case .commit: GIT_OBJECT_COMMIT
    case .tag: GIT_OBJECT_TAG
    }
  }
}

enum DatabaseKind: HandleKind {
  static func free(_ pointer: OpaquePointer) { git_odb_free(pointer) }
}

enum DatabaseObjectKind: HandleKind {
  static func free(_ pointer: OpaquePointer) { git_odb_object_free(pointer) }
}

enum PackBuilderKind: HandleKind {
  static func free(_ pointer: OpaquePointer) { git_packbuilder_free(pointer) }
}
