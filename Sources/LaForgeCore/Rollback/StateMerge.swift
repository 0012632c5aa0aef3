/// Takes a change out of, or brings it into, a state that somebody has worked on since: path by
/// path, never half of one.
package struct StateMerge {
  /// The state that the change was last seen in, against the state that is wanted.
  package var wanted: StateDifference
  /// The same state, against what is there now.
  package var since: StateDifference
  /// The files and index paths that the change is about; `nil` for all in which `wanted` differs.
  package var touched: Touched?

  /// The paths that steps changed.
  package struct Touched: Equatable, Sendable {
    package var files: Set<GitPath> = []
    package var index: Set<GitPath> = []

    package init() {}

    /// Adds what one step changed.
    package mutating func add(_ difference: StateDifference) {
      files.formUnion(difference.files.keys)
      index.formUnion(difference.index.keys)
    }
  }

  package init(wanted: StateDifference, since: StateDifference, touched: Touched?) {
    self.wanted = wanted
    self.since = since
    self.touched = touched
  }

  /// What follows.
  package struct Result: Equatable, Sendable {
    package var files: [GitPath: Change<FileEntry>]
    package var index: [GitPath: Change<IndexEntry>]
    /// Paths that both have changed.
    package var meeting: [GitPath]
    /// Paths that only the later work has changed.
    package var kept: [GitPath]
    /// Paths whose file goes while the later work has staged something that stays.
    package var keptStaged: [GitPath]
  }

  /// Merges files and index, each for itself.
  package var result: Result {
    let (files, fileMeetings) = Self.merge(wanted.files, since.files, touched?.files)
    let (index, indexMeetings) = Self.merge(wanted.index, since.index, touched?.index)
    var meeting = Set(fileMeetings).union(indexMeetings)
    meeting.formUnion(collisions(of: files))
    let kept = Set(since.files.keys).union(since.index.keys)
      .subtracting(files.keys).subtracting(index.keys).subtracting(meeting)
      .filter { path in
        // What is as wanted already is nobody's work that stays.
        since.files[path].map { $0.new != wanted.files[path]?.new || wanted.files[path] == nil }
          ?? (wanted.index[path] == nil)
      }
    let keptStaged = since.index.keys.filter { path in
      files[path] != nil && index[path] == nil && !meeting.contains(path)
    }
    return Result(
      files: files, index: index, meeting: meeting.sorted(), kept: kept.sorted(),
      keptStaged: keptStaged.sorted())
  }

  private static func merge<Entry>(
    _ wanted: [GitPath: Change<Entry>], _ since: [GitPath: Change<Entry>], _ touched: Set<GitPath>?
  ) -> (edits: [GitPath: Change<Entry>], meetings: [GitPath]) {
    var edits: [GitPath: Change<Entry>] = [:]
    var meetings: [GitPath] = []
    for (path, change) in wanted where touched?.contains(path) != false {
      guard let later = since[path] else {
        edits[path] = change
        continue
      }
      if later.new != change.new { meetings.append(path) }
    }
    return (edits, meetings)
  }

  /// Files to be written below, or in the place of, something that stays: a name cannot be a file
  /// and a folder.
  private func collisions(of edits: [GitPath: Change<FileEntry>]) -> [GitPath] {
    var staying: Set<GitPath> = []
    for (path, change) in wanted.files where change.old != nil && edits[path] == nil {
      if since.files[path].map({ $0.new != nil }) ?? true { staying.insert(path) }
    }
    for (path, change) in since.files where change.new != nil { staying.insert(path) }
    let foldersOfStaying = Set(staying.flatMap(\.parents))
    var collisions: [GitPath] = []
    for (path, change) in edits where change.new != nil {
      if foldersOfStaying.contains(path) { collisions.append(path) }
      collisions += path.parents.filter(staying.contains)
    }
    return collisions
  }
}
