import LaForgeCore

/// What `undo`, `rollback`, `redo` and `restore` write with `--json`: the operation, done or only
/// planned, and its plan.
struct OperationResultDocument: Encodable {
  var kind: OperationKind
  var title: String
  var plan: StatePlan
  /// The steps that it was about.
  var steps: [StepID]
  var reverses: OperationID?
  /// The operation in the journal; `nil` for a dry run.
  var operation: Operation?

  private enum CodingKeys: String, CodingKey {
    case schema, id, kind, title, steps, reverses, plan
    case isDryRun = "dry_run"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(StepDocument.schema, forKey: .schema)
    try container.encode(operation == nil, forKey: .isDryRun)
    try container.encode(operation?.id, forKey: .id)
    try container.encode(kind, forKey: .kind)
    try container.encode(title, forKey: .title)
    try container.encode(steps, forKey: .steps)
    try container.encode(reverses, forKey: .reverses)
    try container.encode(PlanDocument(plan: plan), forKey: .plan)
  }
}

/// A plan in the JSON schema; bytes of paths that are no UTF-8 are replaced.
private struct PlanDocument: Encodable {
  var plan: StatePlan

  private enum CodingKeys: String, CodingKey {
    case write, delete, keep, overtaken, index, references, pushed, deactivates, activates
    case commitBefore = "commit_sha_before"
    case commitAfter = "commit_sha_after"
    case branchBefore = "branch_before"
    case branchAfter = "branch_after"
    case inProgress = "in_progress"
    case keptReferences = "kept_references"
    case storedStashes = "stored_stashes"
    case leavingCommits = "leaving_commits"
    case ownCommits = "own_commits"
    case keptStaged = "kept_staged"
    case leftOut = "left_out"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(plan.head.old?.commit, forKey: .commitBefore)
    try container.encode(plan.head.new?.commit, forKey: .commitAfter)
    try container.encode(plan.head.old?.branch, forKey: .branchBefore)
    try container.encode(plan.head.new?.branch, forKey: .branchAfter)
    try container.encode(plan.written.map(\.text), forKey: .write)
    try container.encode(plan.deleted.map(\.text), forKey: .delete)
    try container.encode(plan.kept.map(\.text), forKey: .keep)
    try container.encode(plan.overtaken.map(\.text), forKey: .overtaken)
    try container.encode(plan.keptStaged.map(\.text), forKey: .keptStaged)
    try container.encode(plan.ownCommits, forKey: .ownCommits)
    try container.encode(plan.index.map(\.path.text), forKey: .index)
    try container.encode(plan.progress.map(\.path.text), forKey: .inProgress)
    try container.encode(plan.references.map(ReferenceDocument.init), forKey: .references)
    try container.encode(plan.keptReferences, forKey: .keptReferences)
    try container.encode(plan.stashes, forKey: .storedStashes)
    try container.encode(plan.leavingCommits, forKey: .leavingCommits)
    try container.encode(plan.pushed, forKey: .pushed)
    try container.encode(plan.deactivates, forKey: .deactivates)
    try container.encode(plan.activates, forKey: .activates)
    try container.encode(plan.uncovered.map(LeftOutDocument.init), forKey: .leftOut)
  }
}

/// A reference that moves, in the JSON schema.
private struct ReferenceDocument: Encodable {
  private var move: ReferenceMove

  init(_ move: ReferenceMove) {
    self.move = move
  }

  private enum CodingKeys: String, CodingKey {
    case name
    case old = "commit_sha_before"
    case new = "commit_sha_after"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(move.name, forKey: .name)
    // Null, not left away, where there is none.
    try container.encode(move.old, forKey: .old)
    try container.encode(move.new, forKey: .new)
  }
}

/// What `restore --to` writes with `--json`.
struct ExportDocument: Encodable {
  var isDryRun: Bool
  var folder: String
  var files: Int

  private enum CodingKeys: String, CodingKey {
    case schema, files
    case isDryRun = "dry_run"
    case folder = "to"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(StepDocument.schema, forKey: .schema)
    try container.encode(isDryRun, forKey: .isDryRun)
    try container.encode(folder, forKey: .folder)
    try container.encode(files, forKey: .files)
  }
}
