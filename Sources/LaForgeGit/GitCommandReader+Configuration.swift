import LaForgeCore

extension GitCommandReader {
  /// As the other reader, without what the environment sets; see "--show-scope" in
  /// `man 1 git-config`.
  func configurationEntries() async throws(GitError) -> [String: [String]] {
    let result = try await git.check(["config", "--list", "--show-scope", "-z"])
    var entries: [String: [String]] = [:]
    var fields = result.output.split(separator: 0, omittingEmptySubsequences: false).makeIterator()
    while let scope = fields.next(), let line = fields.next() {
      if scope.elementsEqual("command".utf8) { continue }
      let parts = line.split(separator: 10, maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(decoding: parts[0], as: UTF8.self)
      // A variable without `= value` is true.
      let value = parts.count == 2 ? String(decoding: parts[1], as: UTF8.self) : "true"
      entries[name, default: []].append(value)
    }
    return entries
  }

  func configuration(_ name: String) async throws(GitError) -> String? {
    try await configurationEntries()[Self.normalized(name)]?.last
  }

  func flag(_ name: String) async throws(GitError) -> Bool? {
    guard let value = try await configuration(name) else { return nil }
    switch value.lowercased() {
    case "true", "yes", "on": return true
    case "false", "no", "off", "": return false
    default:
      guard let number = Self.integer(value) else {
        throw GitError(
          code: .badConfiguration, message: "'\(value)' is no truth value (git config \(name))",
          function: "git config")
      }
      return number != 0
    }
  }

  /// Section and variable in lower case; what is between them counts as it is.
  private static func normalized(_ name: String) -> String {
    guard let first = name.firstIndex(of: "."), let last = name.lastIndex(of: ".") else {
      return name.lowercased()
    }
    return name[..<first].lowercased() + name[first..<last] + name[last...].lowercased()
  }

  /// An integer as git reads it: `k`, `m` and `g` at its end are powers of 1024.
  private static func integer(_ text: String) -> Int64? {
    let hasUnit = text.last.map { "kmgKMG".contains($0) } ?? false
    return Int64(hasUnit ? String(text.dropLast()) : text)
  }
}
