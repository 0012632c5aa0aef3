/// A step in the stable JSON schema 1: what `show --json`, `log --json` and `run --record` write.
///
/// All keys are always present; unknown is `null`, known-empty is `[]` or `{}`. Keys are only ever
/// added.
package struct StepDocument: Sendable {
  package var step: Step
  /// The id of the store, eight hexadecimal digits, which tells clones apart.
  package var storeID: String

  package init(step: Step, storeID: String) {
    self.step = step
    self.storeID = storeID
  }

  /// The version of the schema.
  package static let schema = 1
}

extension StepDocument: Encodable {
  private enum CodingKeys: String, CodingKey {
    case schema, id, worktree, active, within, status, signal, label, command, commits, lost
    case storeID = "store_id"
    case projectID = "project_id"
    case parent = "parent_step_id"
    case endedBy = "ended_by"
    case exitCode = "exit_code"
    case agentError = "agent_error"
    case commitBefore = "commit_sha_before"
    case commitAfter = "commit_sha_after"
    case branchBefore = "branch_before"
    case branchAfter = "branch_after"
    case stateBefore = "state_before"
    case snapshotBefore = "snapshot_before"
    case stateAfter = "state_after"
    case snapshotAfter = "snapshot_after"
    case filesChanged = "files_changed"
    case insertions, deletions
    case leftOut = "left_out"
    case agentConfiguration = "agent_config"
    case startTime = "start_time"
    case endTime = "end_time"
    case duration = "duration_ms"
    case userTime = "user_ms"
    case systemTime = "system_ms"
    case maximumMemory = "max_rss_bytes"
    case activeTime = "active_ms"
    case capture
    case outputBytes = "output_bytes"
    case keptBytes = "output_kept_bytes"
    case tokenUsage = "token_usage"
    case checks, overlaps
    case createdAt = "created_at"
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try encodeIdentity(into: &container)
    try encodeOutcome(into: &container)
    try encodeStates(into: &container)
    try container.encode(step.agentConfiguration, forKey: .agentConfiguration)
    try container.encode(step.end?.tokenUsage ?? TokenUsage(), forKey: .tokenUsage)
    try container.encode(step.overlaps, forKey: .overlaps)
    try container.encode([String](), forKey: .checks)
    try container.encode(step.createdAt, forKey: .createdAt)
  }

  private func encodeIdentity(into container: inout KeyedEncodingContainer<CodingKeys>) throws {
    try container.encode(Self.schema, forKey: .schema)
    try container.encode(step.id, forKey: .id)
    try container.encode(storeID, forKey: .storeID)
    try container.encode(step.start.projectID, forKey: .projectID)
    try container.encode(step.start.worktreePath, forKey: .worktree)
    try container.encode(step.isActive, forKey: .active)
    try container.encode(step.parent, forKey: .parent)
    try container.encode(step.start.enclosing, forKey: .within)
    try container.encode(step.start.label, forKey: .label)
    try container.encode(step.start.command, forKey: .command)
  }

  private func encodeOutcome(into container: inout KeyedEncodingContainer<CodingKeys>) throws {
    let termination = step.end?.termination
    var exitCode: Int32?
    var signal: Int32?
    switch termination {
    case .exited(let status): exitCode = status
    case .signaled(let number): signal = number
    case .reported, nil: break
    }
    try container.encode(step.status, forKey: .status)
    try container.encode(step.endedBy, forKey: .endedBy)
    try container.encode(exitCode, forKey: .exitCode)
    try container.encode(signal, forKey: .signal)
    try container.encode(step.end?.agentReportedError, forKey: .agentError)
    try container.encode(step.start.startTime, forKey: .startTime)
    try container.encode(step.end?.endTime, forKey: .endTime)
    try container.encode(step.end?.durationMilliseconds, forKey: .duration)
    try container.encode(step.end?.activeMilliseconds, forKey: .activeTime)
    let resources = step.end?.resources
    try container.encode(resources?.userMilliseconds, forKey: .userTime)
    try container.encode(resources?.systemMilliseconds, forKey: .systemTime)
    try container.encode(resources?.peakMemoryBytes, forKey: .maximumMemory)
    let output = step.end?.output
    try container.encode(output?.route, forKey: .capture)
    // What was not seen cannot be counted.
    let isSeen = output != nil && output?.route != .direct
    try container.encode(isSeen ? output?.printedBytes : nil, forKey: .outputBytes)
    let kept = output.flatMap { $0.diskBytes == nil ? 0 : $0.keptBytes }
    try container.encode(kept, forKey: .keptBytes)
  }

  private func encodeStates(into container: inout KeyedEncodingContainer<CodingKeys>) throws {
    try container.encode(step.start.headBefore.commit, forKey: .commitBefore)
    let headAfter = step.late?.head ?? step.end?.headAfter
    try container.encode(headAfter?.commit, forKey: .commitAfter)
    try container.encode(step.start.headBefore.branch, forKey: .branchBefore)
    try container.encode(headAfter?.branch, forKey: .branchAfter)
    try container.encode(step.start.stateBefore, forKey: .stateBefore)
    let recordedAfter = step.late == nil ? step.end?.stateAfter ?? .unknown : .late
    try container.encode(recordedAfter, forKey: .stateAfter)
    try container.encode(step.start.snapshotBefore, forKey: .snapshotBefore)
    try container.encode(step.stateAfter?.snapshot, forKey: .snapshotAfter)
    try container.encode(step.end?.commits, forKey: .commits)
    try container.encode(step.end?.changes?.filesChanged, forKey: .filesChanged)
    try container.encode(step.end?.changes?.insertions, forKey: .insertions)
    try container.encode(step.end?.changes?.deletions, forKey: .deletions)
    try container.encode(step.start.leftOut.map { $0.map(LeftOutDocument.init) }, forKey: .leftOut)
    try container.encode(step.end?.lost.map { $0.map(LostDocument.init) }, forKey: .lost)
  }
}

/// A path that is not covered, in the JSON schema; bytes that are no UTF-8 are replaced.
package struct LeftOutDocument: Encodable {
  package var path: String
  package var reason: LeftOut.Reason
  package var bytes: Int64?

  package init(_ leftOut: LeftOut) {
    path = leftOut.path.text
    reason = leftOut.reason
    bytes = leftOut.bytes
  }

  private enum CodingKeys: CodingKey {
    case path, reason, bytes
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(path, forKey: .path)
    try container.encode(reason, forKey: .reason)
    // Null, not left away, where it is unknown.
    try container.encode(bytes, forKey: .bytes)
  }
}

/// A path whose uncommitted work is lost, in the JSON schema.
package struct LostDocument: Encodable {
  package var path: String
  package var kind: LostWork.Kind

  package init(_ lost: LostWork) {
    path = lost.path.text
    kind = lost.kind
  }
}
