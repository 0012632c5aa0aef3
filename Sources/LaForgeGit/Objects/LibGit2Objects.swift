import CLibgit2
import LaForgeCore
import SystemPackage

/// The objects of a repository through libgit2.
///
/// What is written stays in memory until `flush`: a few objects are then written loose, each with
/// its own wait for the disk, more of them as one pack.
///
/// libgit2 objects belong to one thread at a time, so this is not `Sendable`.
final class LibGit2Objects: ObjectDatabase {
  let idLength = Int(GIT_OID_RAWSZ)
  private let database: Handle<DatabaseKind>
  private let packs: FilePath
  private var pending: [ObjectID: GitObject] = [:]
  private var pendingBytes = 0

  /// Up to this many objects are written loose.
  private static let looseLimit = 24
  /// How many bytes wait in memory at most.
  private static let memoryLimit = 64 << 20

  init(_ repository: OpaquePointer, commonDirectory: FilePath) throws(GitError) {
    try check("git_libgit2_opts", laforge_git_enable_fsync())
    database = try Handle<DatabaseKind>("git_repository_odb") {
      git_repository_odb(&$0, repository)
    }
    packs = commonDirectory.appending("objects").appending("pack")
  }

  func read(_ ids: [ObjectID]) throws(GitError) -> [ObjectID: GitObject] {
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
    if pendingBytes > Self.memoryLimit { try flush() }
    return ids
  }

  func flush() throws(GitError) {
    var missing: [ObjectID: GitObject] = [:]
    for (id, object) in pending {
      var raw = try id.libgit2()
      // Packs that another process made since are found too: libgit2 looks again before it says no.
      if git_odb_exists(database.pointer, &raw) != 1 { missing[id] = object }
    }
    if missing.count <= Self.looseLimit {
      for object in missing.values { try writeLoose(object) }
    } else {
      try writePack(missing)
    }
    pending = [:]
    pendingBytes = 0
  }

  private func writeLoose(_ object: GitObject) throws(GitError) {
    var raw = git_oid()
    let code = object.content.withUnsafeBytes {
      git_odb_write(&raw, database.pointer, $0.baseAddress, $0.count, Self.type(object.kind))
    }
    try check("git_odb_write", code)
  }

  /// Writes objects as one pack, through a database in memory that the pack builder reads.
  ///
  /// The corresponding C functions are `git_mempack_new` and `git_packbuilder_write`.
  private func writePack(_ objects: [ObjectID: GitObject]) throws(GitError) {
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
    for object in objects.values {
      var raw = git_oid()
      let code = object.content.withUnsafeBytes {
        git_odb_write(&raw, memory.pointer, $0.baseAddress, $0.count, Self.type(object.kind))
      }
      try check("git_odb_write", code)
      try check("git_packbuilder_insert", git_packbuilder_insert(builder.pointer, &raw, nil))
    }
    try check(
      "git_packbuilder_write",
      git_packbuilder_write(builder.pointer, packs.string, 0o444, nil, nil))
    try check("git_odb_refresh", git_odb_refresh(database.pointer))
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
