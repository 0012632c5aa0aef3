/// A failure of libgit2 or of the git command.
package struct GitError: Error, Equatable, Sendable {
  /// The kind of a failure: libgit2's return code, open for growth.
  package struct Code: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) {
      self.rawValue = rawValue
    }
  }

  package var code: Code
  /// What libgit2 or git said, without a full stop.
  package var message: String
  /// The call that failed, such as `git_reference_lookup`.
  package var function: String

  package init(code: Code, message: String, function: String) {
    self.code = code
    self.message = message
    self.function = function
  }
}

extension GitError.Code {
  /// An object that should be there is not, or is damaged.
  package static let missingObject = GitError.Code(rawValue: -1001)
}

extension GitError {
  /// Whether an object is missing that no waiting and no mending of the machine brings back; libgit2
  /// has `GIT_ENOTFOUND` for it.
  var isMissingObject: Bool { code == .missingObject || code.rawValue == -3 }
}

extension GitError: CustomStringConvertible {
  package var description: String { "\(message) (\(function))" }
}
