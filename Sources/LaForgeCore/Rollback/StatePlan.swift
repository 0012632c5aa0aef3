/// Everything an operation is going to do, decided before the first change.
///
/// What `--dry-run` shows is this value, and this value is what is applied.
package struct StatePlan: Codable, Equatable, Sendable {
  /// What becomes of one file of the working tree.
  package struct FileEdit: Codable, Equatable, Sendable {
    package var path: GitPath
    package var change: Change<FileEntry>

    package init(path: GitPath, change: Change<FileEntry>) {
      self.path = path
      self.change = change
    }
  }

  /// What becomes of one path of the index.
  package struct IndexEdit: Codable, Equatable, Sendable {
    package var path: GitPath
    package var change: Change<IndexEntry>

    package init(path: GitPath, change: Change<IndexEntry>) {
      self.path = path
      self.change = change
    }
  }

  /// What becomes of one file of an operation in progress.
  package struct ProgressEdit: Codable, Equatable, Sendable {
    package var path: GitPath
    package var change: Change<ObjectID>

    package init(path: GitPath, change: Change<ObjectID>) {
      self.path = path
      self.change = change
    }
  }

  /// The state that it starts from.
  package var from: RepositoryState
  /// HEAD and its branch.
  package var head: Change<Head>
  /// In the order of their paths, as all lists here.
  package var files: [FileEdit] = []
  /// What changes in the state and not on disk: files outside of the sparse checkout, and submodules
  /// whose folder is there already.
  package var unwritten: [FileEdit] = []
  package var index: [IndexEdit] = []
  package var progress: [ProgressEdit] = []
  /// Other references that are put back; by name.
  package var references: [ReferenceMove] = []
  /// Stash entries that are stored again, the newest first.
  package var stashes: [ObjectID] = []
  /// Paths with later work that stays as it is.
  package var kept: [GitPath] = []
  /// Paths of the plan whose later staged content stays as it is.
  package var keptStaged: [GitPath] = []
  /// Files of the plan that somebody edited between the steps which it takes out: that work goes
  /// with them.
  package var overtaken: [GitPath] = []
  /// References that steps made or that somebody else has moved since: they stay.
  package var keptReferences: [String] = []
  /// Commits that branches lose, the newest first for each.
  package var leavingCommits: [ObjectID] = []
  /// Those of them that no step made.
  package var ownCommits: [ObjectID] = []
  /// Those of them that a remote-tracking branch has, by the name of the branch.
  package var pushed: [String: ObjectID] = [:]
  package var deactivates: [StepID] = []
  package var activates: [StepID] = []
  /// What is not covered and therefore not touched.
  package var uncovered: [LeftOut] = []

  package init(from: RepositoryState, head: Change<Head>) {
    self.from = from
    self.head = head
  }

  /// Whether nothing of the repository changes.
  package var changesNothing: Bool {
    head.old == head.new && files.isEmpty && unwritten.isEmpty && index.isEmpty && progress.isEmpty
      && references.isEmpty && stashes.isEmpty
  }

  /// Files that are written.
  package var written: [GitPath] { files.filter { $0.change.new != nil }.map(\.path) }
  /// Files that are deleted.
  package var deleted: [GitPath] { files.filter { $0.change.new == nil }.map(\.path) }
}

extension StateDifference {
  /// The part of it that a plan is about.
  func limited(to plan: StatePlan) -> StateDifference {
    var difference = self
    let files = Set((plan.files + plan.unwritten).map(\.path))
    let index = Set(plan.index.map(\.path))
    let progress = Set(plan.progress.map(\.path))
    difference.files = self.files.filter { files.contains($0.key) }
    difference.index = self.index.filter { index.contains($0.key) }
    difference.progress = self.progress.filter { progress.contains($0.key) }
    return difference
  }
}

extension StatePlan {
  /// Decodes a plan; what plans did not say when it was recorded is empty.
  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func list<Value: Decodable>(_ key: CodingKeys) throws -> [Value] {
      try values.decodeIfPresent([Value].self, forKey: key) ?? []
    }
    self.init(
      from: try values.decode(RepositoryState.self, forKey: .from),
      head: try values.decode(Change<Head>.self, forKey: .head))
    files = try list(.files)
    unwritten = try list(.unwritten)
    index = try list(.index)
    progress = try list(.progress)
    references = try list(.references)
    stashes = try list(.stashes)
    kept = try list(.kept)
    keptStaged = try list(.keptStaged)
    overtaken = try list(.overtaken)
    keptReferences = try list(.keptReferences)
    leavingCommits = try list(.leavingCommits)
    ownCommits = try list(.ownCommits)
    pushed = try values.decodeIfPresent([String: ObjectID].self, forKey: .pushed) ?? [:]
    deactivates = try list(.deactivates)
    activates = try list(.activates)
    uncovered = try list(.uncovered)
  }
}
