import Foundation
import LaForgeCore
import SystemPackage

/// What the file of a reference says, HEAD's for instance; see `man 5 gitrepository-layout`.
enum ReferenceFile: Equatable, Sendable {
  /// The full name of another reference.
  case symbolic(String)
  case direct(ObjectID)

  /// `nil` where the file is not there, cannot be read or says neither.
  init?(at path: FilePath) {
    guard let text = try? String(contentsOfFile: path.string, encoding: .utf8) else { return nil }
    let line = text.trimmingCharacters(in: .whitespacesAndNewlines)
    if line.hasPrefix("ref:") {
      self = .symbolic(line.dropFirst(4).trimmingCharacters(in: .whitespaces))
    } else if let id = ObjectID(hex: line) {
      self = .direct(id)
    } else {
      return nil
    }
  }

  /// What stands in the file HEAD of a repository whose references are in no files; see
  /// "HEAD" in git's `reftable` documentation.
  static let stub = ReferenceFile.symbolic("refs/heads/.invalid")
}
