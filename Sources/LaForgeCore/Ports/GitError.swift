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

extension GitError: CustomStringConvertible {
  package var description: String { "\(message) (\(function))" }
}
