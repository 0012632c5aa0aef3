import Foundation
import GRDB
import LaForgeCore

/// Reads steps from their rows.
enum StepRow {
  static func fetch(_ id: StepID, _ database: Database) throws -> Step? {
    try fetch("WHERE id = ?", [id.rawValue], database).first
  }

  static func fetchRunning(_ database: Database) throws -> [Step] {
    try fetch("WHERE status = 'running' ORDER BY id", [], database)
  }

  static func fetchAll(_ filter: StepFilter, _ database: Database) throws -> [Step] {
    let (condition, arguments) = condition(filter)
    guard let limit = filter.limit else {
      return try fetch("\(condition) ORDER BY id DESC", arguments, database)
    }
    return try fetch("\(condition) ORDER BY id DESC LIMIT ?", arguments + [limit], database)
  }

  static func count(_ filter: StepFilter, _ database: Database) throws -> Int {
    let (condition, arguments) = condition(filter)
    return try Int.fetchOne(
      database, sql: "SELECT count(*) FROM steps \(condition)", arguments: arguments) ?? 0
  }

  /// A value as JSON text with sorted keys, so that equal values are equal texts.
  static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  private static func condition(_ filter: StepFilter) -> (String, StatementArguments) {
    var terms: [String] = []
    var arguments: StatementArguments = []
    if let project = filter.projectID {
      terms.append("project_id = ?")
      arguments += [project]
    }
    if let worktree = filter.worktree {
      terms.append("worktree = ?")
      arguments += [worktree]
    }
    switch filter.activity {
    // Compared, so that the index serves: a bare `active` is no term that SQLite looks up.
    case .active: terms.append("active = 1")
    case .inactive: terms.append("active = 0")
    case .any: break
    }
    if !filter.includesEnclosed { terms.append("within_step_id IS NULL") }
    return (terms.isEmpty ? "" : "WHERE " + terms.joined(separator: " AND "), arguments)
  }

  static func fetch(
    _ clauses: String, _ arguments: StatementArguments, _ database: Database
  ) throws -> [Step] {
    let rows = try Row.fetchAll(
      database, sql: "SELECT * FROM steps \(clauses)", arguments: arguments)
    let ids = rows.map { row -> Int64 in row["id"] }
    guard let first = ids.min(), let last = ids.max() else { return [] }
    let commits = try groups(
      "SELECT step_id, commit_sha FROM step_commits WHERE step_id BETWEEN ? AND ?"
        + " ORDER BY step_id, position",
      [first, last], database, as: String.self)
    let overlaps = try groups(
      "SELECT step_id, other_step_id FROM step_overlaps WHERE step_id BETWEEN ? AND ?"
        + " ORDER BY step_id, other_step_id",
      [first, last], database, as: Int64.self)
    let stashes = try groups(
      "SELECT step_id, commit_sha FROM step_stashes WHERE step_id BETWEEN ? AND ?"
        + " ORDER BY step_id, position",
      [first, last], database, as: String.self)
    let related = Related(
      commits: commits, overlaps: overlaps, stashes: stashes,
      references: try references(from: first, to: last, database))
    let decoder = JSONDecoder()
    return try rows.map { row in try decode(row, related, decoder) }
  }

  /// What other tables hold of steps, by their numbers.
  private struct Related {
    var commits: [Int64: [String]]
    var overlaps: [Int64: [Int64]]
    var stashes: [Int64: [String]]
    var references: [Int64: [ReferenceMove]]
  }

  private static func references(
    from first: Int64, to last: Int64, _ database: Database
  ) throws -> [Int64: [ReferenceMove]] {
    var moves: [Int64: [ReferenceMove]] = [:]
    let rows = try Row.fetchCursor(
      database,
      sql: "SELECT * FROM step_references WHERE step_id BETWEEN ? AND ? ORDER BY step_id, name",
      arguments: [first, last])
    while let row = try rows.next() {
      let (old, new): (String?, String?) = (row["old_target"], row["new_target"])
      moves[row["step_id"], default: []].append(
        ReferenceMove(
          name: row["name"], old: old.flatMap(ObjectID.init(hex:)),
          new: new.flatMap(ObjectID.init(hex:))))
    }
    return moves
  }

  /// The second column's values by the first column's step.
  private static func groups<Value: DatabaseValueConvertible>(
    _ sql: String, _ arguments: StatementArguments, _ database: Database, as: Value.Type
  ) throws -> [Int64: [Value]] {
    var groups: [Int64: [Value]] = [:]
    let rows = try Row.fetchCursor(database, sql: sql, arguments: arguments)
    while let row = try rows.next() {
      groups[row[0], default: []].append(row[1])
    }
    return groups
  }

  // MARK: - Decoding

  private static func decode(
    _ row: Row, _ related: Related, _ decoder: JSONDecoder
  ) throws -> Step {
    let id: Int64 = row["id"]
    let parent: Int64? = row["parent_step_id"]
    let status = try value("status", row, StepStatus.init)
    let start = try decodeStart(row, decoder)
    let createdAt = try value("created_at", row, Timestamp.init(parsing:))
    let end =
      status == .completed || status == .failed
      ? try decodeEnd(row, related, start.agentConfiguration, decoder) : nil
    return Step(
      id: StepID(rawValue: id), start: start, isActive: row["active"],
      parent: parent.map(StepID.init(rawValue:)), status: status, end: end,
      overlaps: (related.overlaps[id] ?? []).map(StepID.init(rawValue:)), createdAt: createdAt,
      late: try decodeLate(row, related))
  }

  private static func decodeLate(_ row: Row, _ related: Related) throws -> LateState? {
    let id: Int64 = row["id"]
    let state: String? = row["state_after"]
    guard state == RecordedState.late.rawValue else { return nil }
    return LateState(
      head: Head(
        branch: row["branch_after"],
        commit: try value("commit_sha_after", row, ObjectID.init(hex:)).unlessNull),
      snapshot: objectID("snapshot_after", row), referenceMoves: related.references[id] ?? [],
      droppedStashes: (related.stashes[id] ?? []).compactMap(ObjectID.init(hex:)))
  }

  private static func objectID(_ column: String, _ row: Row) -> ObjectID? {
    let hex: String? = row[column]
    return hex.flatMap(ObjectID.init(hex:))
  }

  private static func decodeStart(_ row: Row, _ decoder: JSONDecoder) throws -> NewStep {
    let enclosing: Int64? = row["within_step_id"]
    let pid: Int32? = row["agent_pid"]
    let ticks: Int64? = row["agent_start_ticks"]
    return NewStep(
      projectID: row["project_id"], worktree: row["worktree"],
      worktreePath: row["worktree_path"], directory: row["directory"],
      enclosing: enclosing.map(StepID.init(rawValue:)), label: row["label"],
      command: try json("command_json", row, decoder),
      agentConfiguration: try json("agent_config_json", row, decoder),
      headBefore: Head(
        branch: row["branch_before"],
        commit: try value("commit_sha_before", row, ObjectID.init(hex:)).unlessNull),
      stateBefore: try value("state_before", row, RecordedState.init),
      snapshotBefore: objectID("snapshot_before", row),
      leftOut: try optionalJSON("left_out_json", row, decoder),
      startTime: try value("start_time", row, Timestamp.init(parsing:)),
      agentProcess: pid.map { pid in
        AgentProcess(
          pid: pid, startTicks: UInt64(clamping: ticks ?? 0),
          machine: row["agent_machine"] ?? "", leadsGroup: row["agent_leads_group"] ?? true)
      })
  }

  private static func decodeEnd(
    _ row: Row, _ related: Related, _ configuration: AgentConfiguration, _ decoder: JSONDecoder
  ) throws -> StepCompletion {
    let id: Int64 = row["id"]
    let exitCode: Int32? = row["exit_code"]
    let signal: Int32? = row["signal"]
    let commitAfter: String? = row["commit_sha_after"]
    let files: Int? = row["files_changed"]
    let usage: TokenUsage = try json("token_usage_json", row, decoder)
    let commitCount: Int? = row["commit_count"]
    var completion = StepCompletion(
      endedBy: try value("ended_by", row, EndReason.init),
      termination: signal.map(TerminationStatus.signaled)
        ?? exitCode.map(TerminationStatus.exited)
        ?? .reported(success: row["status"] == StepStatus.completed.rawValue),
      endTime: try value("end_time", row, Timestamp.init(parsing:)),
      durationMilliseconds: row["duration_ms"] ?? 0,
      headAfter: try commitAfter.map { _ in
        Head(
          branch: row["branch_after"],
          commit: try value("commit_sha_after", row, ObjectID.init(hex:)).unlessNull)
      },
      stateAfter: try value("state_after", row, RecordedState.init),
      snapshotAfter: objectID("snapshot_after", row),
      referenceMoves: related.references[id] ?? [],
      droppedStashes: (related.stashes[id] ?? []).compactMap(ObjectID.init(hex:)),
      lost: try optionalJSON("lost_json", row, decoder),
      commits: commitCount == nil
        ? nil : (related.commits[id] ?? []).compactMap(ObjectID.init(hex:)),
      changes: files.map { files in
        ChangeSummary(
          filesChanged: files, insertions: row["insertions"] ?? 0,
          deletions: row["deletions"] ?? 0)
      },
      agentReportedError: row["agent_error"], agentConfiguration: configuration,
      tokenUsage: usage == TokenUsage() ? nil : usage, resources: decodeResources(row),
      output: try decodeOutput(row))
    completion.activeMilliseconds = row["active_ms"]
    completion.usageExplanation = try optionalJSON("usage_explanation_json", row, decoder)
    return completion
  }

  private static func decodeResources(_ row: Row) -> ResourceUsage? {
    let (user, system): (Int64?, Int64?) = (row["user_ms"], row["system_ms"])
    guard let user, let system else { return nil }
    return ResourceUsage(
      userMilliseconds: user, systemMilliseconds: system, peakMemoryBytes: row["max_rss_bytes"])
  }

  private static func decodeOutput(_ row: Row) throws -> StepOutput? {
    guard !(row["capture"] as DatabaseValue).isNull else { return nil }
    return StepOutput(
      route: try value("capture", row, OutputRoute.init), printedBytes: row["output_bytes"] ?? 0,
      keptBytes: row["output_kept_bytes"] ?? 0, diskBytes: row["output_disk_bytes"])
  }

  /// Reads a text column whose text must parse.
  private static func value<Value>(
    _ column: String, _ row: Row, _ parse: (String) -> Value?
  ) throws -> Value {
    let text: String? = row[column]
    guard let text, let value = parse(text) else {
      throw unreadable(column, row, text.map { "'\($0)'" } ?? "NULL")
    }
    return value
  }

  static func json<Value: Decodable>(
    _ column: String, _ row: Row, _ decoder: JSONDecoder = JSONDecoder()
  ) throws -> Value {
    let text: String = row[column] ?? ""
    do {
      return try decoder.decode(Value.self, from: Data(text.utf8))
    } catch {
      throw unreadable(column, row, "JSON of another form")
    }
  }

  /// As `json`, for a column that may be NULL.
  private static func optionalJSON<Value: Decodable>(
    _ column: String, _ row: Row, _ decoder: JSONDecoder
  ) throws -> Value? {
    (row[column] as DatabaseValue).isNull ? nil : try json(column, row, decoder)
  }

  private static func unreadable(_ column: String, _ row: Row, _ found: String) -> StoreError {
    let id: Int64 = row["id"]
    return StoreError(
      code: .damaged, message: "the row of S\(id) holds \(found) in \(column)", path: "",
      function: nil)
  }
}

extension ObjectID {
  /// `nil` for git's null object id, by which the table writes an unborn HEAD.
  fileprivate var unlessNull: ObjectID? { isNull ? nil : self }
}
