/// The kind and permission of a tree entry; see "Tree objects" in `man 5 gitformat-index` and
/// `man 1 git-ls-tree`.
package struct EntryMode: RawRepresentable, Hashable, Codable, Sendable {
  /// The number that git writes in octal digits.
  package let rawValue: UInt32

  package init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// Reads octal digits; `nil` for anything else and for 0, which means that there is no entry.
  package init?(octal: some StringProtocol) {
    guard let number = UInt32(octal, radix: 8), number != 0 else { return nil }
    rawValue = number
  }

  package static let regular = EntryMode(rawValue: 0o100644)
  package static let executable = EntryMode(rawValue: 0o100755)
  package static let symbolicLink = EntryMode(rawValue: 0o120000)
  /// A submodule: the entry names a commit of another repository.
  package static let gitlink = EntryMode(rawValue: 0o160000)
  package static let tree = EntryMode(rawValue: 0o040000)

  /// The octal digits as git prints them, six of them.
  package var octal: String {
    let digits = String(rawValue, radix: 8)
    return String(repeating: "0", count: 6 - digits.count) + digits
  }

  /// Whether the entry is a regular file, executable or not.
  package var isRegular: Bool { self == .regular || self == .executable }
}

/// What a tree or the index says of one path.
package struct TrackedEntry: Hashable, Codable, Sendable {
  package var mode: EntryMode
  package var id: ObjectID

  package init(mode: EntryMode, id: ObjectID) {
    self.mode = mode
    self.id = id
  }
}

/// One path of the working tree.
package struct FileEntry: Hashable, Codable, Sendable {
  /// The mode, and the content as git would store it.
  package var tracked: TrackedEntry
  /// The bytes themselves, where they differ from the content as git would store it.
  ///
  /// `nil` where they are the same, or where git called the file unmodified: then they are what a
  /// checkout writes.
  package var raw: ObjectID?

  package init(_ tracked: TrackedEntry, raw: ObjectID? = nil) {
    self.tracked = tracked
    self.raw = raw
  }
}

/// The marks of an index entry that no tree can hold.
package struct IndexFlags: OptionSet, Hashable, Codable, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// Added by `git add --intent-to-add`: the path is known, its content is not.
  package static let intentToAdd = IndexFlags(rawValue: 1)
  /// Set by `git update-index --assume-unchanged`.
  package static let assumeUnchanged = IndexFlags(rawValue: 2)
  /// Set by `git update-index --skip-worktree` and by sparse checkout.
  package static let skipWorktree = IndexFlags(rawValue: 4)
}

/// One side of a conflict in the index.
package struct ConflictStage: Hashable, Codable, Sendable {
  /// 1 for the common ancestor, 2 for ours, 3 for theirs.
  package var stage: Int
  package var entry: TrackedEntry

  package init(stage: Int, entry: TrackedEntry) {
    self.stage = stage
    self.entry = entry
  }
}

/// What the index says of one path.
package struct IndexEntry: Hashable, Codable, Sendable {
  /// The staged content; `nil` while the path is in conflict, or only intended to be added.
  package var staged: TrackedEntry?
  /// The sides of a conflict, by stage; empty where there is none.
  package var conflict: [ConflictStage]
  package var flags: IndexFlags

  package init(
    staged: TrackedEntry?, conflict: [ConflictStage] = [], flags: IndexFlags = []
  ) {
    self.staged = staged
    self.conflict = conflict
    self.flags = flags
  }
}
