/// What one path is in two states; `nil` for nothing there.
package struct Change<Value: Hashable & Sendable>: Hashable, Sendable {
  package var old: Value?
  package var new: Value?

  package init(old: Value?, new: Value?) {
    self.old = old
    self.new = new
  }
}

extension Change: Codable where Value: Codable {}

/// Where two states differ.
package struct StateDifference: Equatable, Sendable {
  package var head: Change<Head>
  /// The paths of the working tree.
  package var files: [GitPath: Change<FileEntry>]
  /// The paths of the index.
  package var index: [GitPath: Change<IndexEntry>]
  /// The files of merges, rebases and the like, by their names in the git directory.
  package var progress: [GitPath: Change<ObjectID>]
  /// What the two states could not take; a folder ends with a slash.
  package var leftOut: Change<[LeftOut]>
  /// The patterns of `laforge.include` when the states were taken.
  package var includes: Change<[String]>

  package init(
    head: Change<Head>, files: [GitPath: Change<FileEntry>] = [:],
    index: [GitPath: Change<IndexEntry>] = [:], progress: [GitPath: Change<ObjectID>] = [:],
    leftOut: Change<[LeftOut]> = Change(old: [], new: []),
    includes: Change<[String]> = Change(old: [], new: [])
  ) {
    self.head = head
    self.files = files
    self.index = index
    self.progress = progress
    self.leftOut = leftOut
    self.includes = includes
  }

  /// Whether the states are the same.
  package var isEmpty: Bool {
    head.old == head.new && files.isEmpty && index.isEmpty && progress.isEmpty
  }
}
