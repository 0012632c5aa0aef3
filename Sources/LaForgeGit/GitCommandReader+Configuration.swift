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
    try await configuration(name).map { value throws(GitError) in
      try ConfigurationValue.flag(value, name)
    }
  }

  /// Section and variable in lower case; what is between them counts as it is.
  private static func normalized(_ name: String) -> String {
    guard let first = name.firstIndex(of: "."), let last = name.lastIndex(of: ".") else {
      return name.lowercased()
    }
    return name[..<first].lowercased() + name[first..<last] + name[last...].lowercased()
  }
}
