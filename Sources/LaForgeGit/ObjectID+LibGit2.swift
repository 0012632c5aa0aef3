import CLibgit2
import LaForgeCore

extension ObjectID {
  /// Copies a libgit2 object id.
  init(_ id: git_oid) {
    var id = id
    var digits = [CChar](repeating: 0, count: Int(GIT_OID_HEXSZ) + 1)
    git_oid_tostr(&digits, digits.count, &id)
    let hex = String(decoding: digits.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    guard let objectID = ObjectID(hex: hex) else {
      preconditionFailure("git_oid_tostr wrote '\(hex)', which is no object id")
    }
    self = objectID
  }

  /// The id as libgit2 holds it.
  ///
  /// - Throws: `GitError` for a SHA-256 id, which libgit2 1.5 does not know.
  func libgit2() throws(GitError) -> git_oid {
    var id = git_oid()
    try check("git_oid_fromstr", git_oid_fromstr(&id, hex))
    return id
  }
}
