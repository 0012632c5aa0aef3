import LaForgeTestSupport

/// Everything that was promised to be kept, and whether it is.
struct Safekeeping {
  private(set) var contents: Set<String> = []
  private(set) var commits: Set<String> = []
  /// A commit's bytes as a blob, and its tree.
  private var raw: [String: (blob: String, tree: String)] = [:]

  /// Promises what a state covers and all of its commits.
  mutating func promise(_ observation: Observation) {
    contents.formUnion(observation.state.promisedContents)
    commits.formUnion(observation.commits)
    commits.formUnion(observation.state.stash)
  }

  /// What is neither reachable nor on disk; of ignored files too if the state before is given.
  mutating func missing(
    in observation: Observation, ignoredBefore: WorkingState?, _ environment: TestEnvironment
  ) async throws -> [String] {
    let available = observation.available
    var lines = contents.subtracting(available).sorted().map { "content \($0) is lost" }
    for (path, entry) in ignoredBefore?.ignored ?? [:] where !available.contains(entry.id) {
      lines.append("the ignored file '\(path)' is lost")
    }
    let unreached = commits.subtracting(observation.objects).sorted()
    try await read(unreached.filter { raw[$0] == nil }, environment)
    for commit in unreached {
      guard let kept = raw[commit], observation.objects.contains(kept.blob),
        observation.objects.contains(kept.tree)
      else {
        lines.append("commit \(commit) is lost")
        continue
      }
    }
    return lines
  }

  private mutating func read(_ commits: [String], _ environment: TestEnvironment) async throws {
    if commits.isEmpty { return }
    let output = try await environment.shell(
      """
      for c in \(commits.joined(separator: " ")); do
        echo "$c $(git cat-file commit $c | git hash-object --stdin) $(git rev-parse "$c^{tree}")"
      done 2> /dev/null
      """)
    for line in output.standardOutput.split(separator: "\n") {
      let fields = line.split(separator: " ").map(String.init)
      if fields.count == 3 { raw[fields[0]] = (fields[1], fields[2]) }
    }
  }
}
