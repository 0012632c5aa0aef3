import GRDB
import LaForgeCore

/// What a transaction has changed so far, for the line that it gets in the record file.
struct RecordedChanges {
  private var steps: [StepID] = []
  private var operations: [Int64] = []
  private var others: [RecordChange] = []

  /// Notes that something of a step is other than before, in any of its tables.
  mutating func note(_ step: StepID) {
    if !steps.contains(step) { steps.append(step) }
  }

  /// Notes that an operation is other than before.
  mutating func note(operation id: Int64) {
    if !operations.contains(id) { operations.append(id) }
  }

  mutating func note(_ change: RecordChange) { others.append(change) }

  /// Notes columns of an operation whose plan, which may be large, is recorded already.
  mutating func note(operation id: Int64, _ columns: RecordChange.Row) {
    others.append(.set("operations", id: id, columns: columns))
  }

  /// Reads the rows of what was noted.
  func changes(in database: Database) throws -> [RecordChange] {
    var changes = others
    for id in steps { changes += try RecordImage.changes(of: id, database) }
    for id in operations {
      changes.append(
        .put("operations", rows: try RecordImage.rows("operations", "id", id, database)))
    }
    return changes
  }
}

/// The rows of the database as changes that make them again.
enum RecordImage {
  /// The tables that hold more of a step than its row, with the order in which their rows are read.
  static let stepTables = [
    ("step_commits", "position"), ("step_overlaps", "other_step_id"), ("step_references", "name"),
    ("step_stashes", "position"), ("dropped_commits", "commit_sha"), ("begun_steps", "step_id"),
  ]

  /// Everything that is known of a step.
  static func changes(of step: StepID, _ database: Database) throws -> [RecordChange] {
    var changes = [
      RecordChange.put("steps", rows: try rows("steps", "id", step.rawValue, database))
    ]
    // Most steps have rows in few of the tables.
    let query = stepTables.map { table, _ in
      "SELECT '\(table)' WHERE EXISTS (SELECT 1 FROM \(table) WHERE step_id = ?1)"
    }.joined(separator: " UNION ALL ")
    let filled = Set(
      try String.fetchAll(
        database.cachedStatement(sql: query), arguments: [step.rawValue]))
    for (table, order) in stepTables where filled.contains(table) {
      let rows = try rows(table, "step_id", step.rawValue, order: order, database)
      changes.append(.put(table, rows: rows))
    }
    return changes
  }

  static func rows(
    _ table: String, _ column: String, _ key: Int64, order: String? = nil, _ database: Database
  ) throws -> [RecordChange.Row] {
    let statement = try database.cachedStatement(
      sql: "SELECT * FROM \(table) WHERE \(column) = ?" + (order.map { " ORDER BY \($0)" } ?? ""))
    return try Row.fetchAll(statement, arguments: [key]).map(row)
  }

  /// Hands out everything that the database holds, in pieces of bearable size.
  static func forEach(
    _ database: Database, _ body: ([RecordChange]) throws -> Void
  ) throws {
    let steps = try Int64.fetchCursor(database, sql: "SELECT id FROM steps ORDER BY id")
    while let id = try steps.next() {
      try body(try changes(of: StepID(rawValue: id), database))
    }
    for (table, order) in [
      ("operations", "id"), ("rewrites", "rowid"), ("kept", "object_id"), ("keep_value", "id"),
      ("superseded", "object_id"),
    ] {
      let rows = try Row.fetchCursor(database, sql: "SELECT * FROM \(table) ORDER BY \(order)")
      var piece: [RecordChange.Row] = []
      while let row = try rows.next() {
        piece.append(self.row(row))
        if piece.count == (table == "operations" ? 1 : 200) {
          try body([.put(table, rows: piece)])
          piece = []
        }
      }
      if !piece.isEmpty { try body([.put(table, rows: piece)]) }
    }
    if let row = try Row.fetchOne(database, sql: "SELECT commit_id, targets FROM protected_tips") {
      let targets: String = row[1]
      let moved = targets.split(separator: "\n").map(String.init)
      try body([.tips(commit: row[0], moved: moved, gone: [])])
    }
  }

  private static func row(_ row: Row) -> RecordChange.Row {
    row.map { column, value in (column, value) }
  }
}
