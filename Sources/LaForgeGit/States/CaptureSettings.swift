import LaForgeCore

/// What the configuration says about taking states.
struct CaptureSettings: Equatable, Sendable {
  /// In bytes; `laforge.maxFileSize`.
  var maximumFileSize: Int64 = 50 << 20
  /// In bytes; `laforge.maxUntracked`.
  var maximumUntrackedSize: Int64 = 1 << 30
  /// Ignored files matching one of these are covered; `laforge.include`.
  var includes: [String] = []
  /// `core.fileMode`.
  var trustsExecutableBit = true
  /// Whether sparse checkout is on, which sets skip-worktree marks of its own.
  var isSparse = false
  /// Whether a setting could make git store something else than the bytes of a file.
  var mayConvert = false
  /// Files that give attributes to the user's or the machine's repositories, whether or not they
  /// exist.
  var attributesFiles: [String]

  /// How many untracked files are taken at most.
  static let maximumUntrackedCount = 100_000

  /// Reads the variables.
  ///
  /// - Parameters:
  ///   - configuration: The values of each variable, by its name in lower case, the last one
  ///     winning.
  ///   - attributesFiles: See the property.
  /// - Throws: `GitError` of code `badConfiguration`.
  init(
    _ configuration: [String: [String]], attributesFiles: [String]
  ) throws(GitError) {
    self.attributesFiles = attributesFiles
    func last(_ name: String) -> String? { configuration[name]?.last }
    func isTrue(_ name: String) -> Bool {
      ["true", "yes", "on", "1"].contains(last(name)?.lowercased())
    }
    if let value = last("laforge.maxfilesize") {
      maximumFileSize = try ConfigurationValue.size(value, "laforge.maxFileSize")
    }
    if let value = last("laforge.maxuntracked") {
      maximumUntrackedSize = try ConfigurationValue.size(value, "laforge.maxUntracked")
    }
    includes = configuration["laforge.include"] ?? []
    trustsExecutableBit = last("core.filemode") == nil || isTrue("core.filemode")
    isSparse = isTrue("core.sparsecheckout")
    mayConvert =
      (last("core.autocrlf") != nil && last("core.autocrlf")?.lowercased() != "false")
      || last("core.attributesfile") != nil
      || (last("core.symlinks") != nil && !isTrue("core.symlinks"))
  }
}
