import Foundation
package import LaForgeCore

/// Values of git configuration variables, read as git reads them; see "Values" in
/// `man 1 git-config`.
enum ConfigurationValue {
  /// A size in bytes: `k`, `m` and `g` are powers of 1024.
  ///
  /// - Throws: `GitError` of code `badConfiguration`.
  static func size(_ text: String, _ name: String) throws(GitError) -> Int64 {
    let units: [Character: Int64] = ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30]
    let unit = text.last.flatMap { units[Character($0.lowercased())] }
    let digits = unit == nil ? text : String(text.dropLast())
    let (value, isTooLarge) = (Int64(digits) ?? -1).multipliedReportingOverflow(by: unit ?? 1)
    guard value >= 0, !isTooLarge else { throw bad(text, "size", name) }
    return value
  }

  /// A truth value.
  ///
  /// - Throws: `GitError` of code `badConfiguration`.
  static func flag(_ text: String, _ name: String) throws(GitError) -> Bool {
    switch text.lowercased() {
    case "true", "yes", "on": return true
    case "false", "no", "off", "": return false
    default:
      // As in an integer, a unit may stand at its end.
      let hasUnit = text.last.map { "kmgKMG".contains($0) } ?? false
      guard let number = Int64(hasUnit ? String(text.dropLast()) : text) else {
        throw bad(text, "truth value", name)
      }
      return number != 0
    }
  }

  /// An amount of money: digits with at most one point among them.
  ///
  /// - Throws: `GitError` of code `badConfiguration`.
  static func price(_ text: String, _ name: String) throws(GitError) -> Decimal {
    let isPlain = text.first?.isNumber == true && text.allSatisfy { "0123456789.".contains($0) }
    // `Decimal(string:)` reads as far as it understands.
    guard isPlain, text.filter({ $0 == "." }).count < 2, let price = Decimal(string: text) else {
      throw bad(text, "price", name)
    }
    return price
  }

  static func bad(_ text: String, _ kind: String, _ name: String) -> GitError {
    GitError(
      code: .badConfiguration, message: "'\(text)' is no \(kind) (git config \(name))",
      function: "git config")
  }
}

extension GitError.Code {
  /// A `laforge.*` variable has a value of another kind.
  package static let badConfiguration = GitError.Code(rawValue: -1004)
}
