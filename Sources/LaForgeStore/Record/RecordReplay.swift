import GRDB
import LaForgeCore

/// Makes the rows again that the lines of a record file hold.
struct RecordReplay {
  let database: Database
  /// The columns of each table, and whether they may be NULL.
  private var columns: [String: [String: Bool]] = [:]
  /// The store's id, if a line told it.
  private(set) var storeID: String?

  /// - Parameter database: One of the present schema whose foreign keys are not enforced.
  init(into database: Database) {
    self.database = database
  }

  /// Applies a line; a table that this program does not know is left out.
  mutating func apply(_ line: RecordLine) throws {
    if let storeID = line.beginning {
      self.storeID = storeID
      try clear()
    }
    for change in line.changes { try apply(change) }
  }

  private static let tables = [
    "steps", "operations", "rewrites", "kept", "keep_value", "superseded", "protected_tips",
  ]

  private func clear() throws {
    for table in Self.tables + RecordImage.stepTables.map(\.0) {
      try database.execute(sql: "DELETE FROM \(table)")
    }
  }

  private mutating func apply(_ change: RecordChange) throws {
    switch change {
    case .put(let table, let rows):
      guard let known = try known(table) else { return }
      for row in rows { try put(row, into: table, known) }
    case .set(let table, let id, let columns):
      guard let known = try known(table) else { return }
      let columns = columns.filter { known[$0.column] != nil }
      try execute(
        "UPDATE \(table) SET \(columns.map { "\($0.column) = ?" }.joined(separator: ", ")) WHERE id = ?",
        columns.map(\.value) + [id.databaseValue])
    case .drop(let table, let keys):
      guard try known(table) != nil else { return }
      guard let keys else { return try execute("DELETE FROM \(table)", []) }
      for key in keys {
        try execute("DELETE FROM \(table) WHERE object_id = ?", [key.databaseValue])
      }
    case .activity(let isActive, let ids):
      for id in ids {
        try execute(
          "UPDATE steps SET active = ? WHERE id = ?", [isActive.databaseValue, id.databaseValue])
      }
    case .tips(let commit, let moved, let gone): try apply(commit, moved, gone)
    }
  }

  private func put(
    _ row: RecordChange.Row, into table: String, _ known: [String: Bool]
  ) throws {
    if table == "steps", let id = row.first(where: { $0.column == "id" })?.value {
      for (other, _) in RecordImage.stepTables {
        try execute("DELETE FROM \(other) WHERE step_id = ?", [id])
      }
    }
    var row = row.filter { known[$0.column] != nil }
    // What is NULL was left out; a column that came later and must not be NULL has its default.
    for (column, mayBeNull) in known
    where mayBeNull && !row.contains(where: { $0.column == column }) {
      row.append((column, .null))
    }
    row.sort { $0.column < $1.column }
    let isFirst = ["kept", "superseded", "rewrites"].contains(table)
    try execute(
      "INSERT OR \(isFirst ? "IGNORE" : "REPLACE") INTO \(table)"
        + " (\(row.map(\.column).joined(separator: ", ")))"
        + " VALUES (\(row.map { _ in "?" }.joined(separator: ", ")))",
      row.map(\.value))
  }

  private func apply(_ commit: String, _ moved: [String], _ gone: [String]) throws {
    let old = try String.fetchOne(database, sql: "SELECT targets FROM protected_tips")
    var listing = TipListing(old ?? "")
    listing.apply(moved: moved, gone: gone)
    try execute(
      "INSERT OR REPLACE INTO protected_tips (id, commit_id, targets) VALUES (1, ?, ?)",
      [commit.databaseValue, listing.text.databaseValue])
  }

  private mutating func known(_ table: String) throws -> [String: Bool]? {
    if let known = columns[table] { return known.isEmpty ? nil : known }
    guard Self.tables.contains(table) || RecordImage.stepTables.contains(where: { $0.0 == table })
    else { return nil }
    var known: [String: Bool] = [:]
    for row in try Row.fetchAll(
      database, sql: "SELECT name, \"notnull\", pk FROM pragma_table_info('\(table)')")
    {
      let (name, isNotNull, key): (String, Bool, Int) = (row[0], row[1], row[2])
      known[name] = !isNotNull && key == 0
    }
    columns[table] = known
    return known
  }

  private func execute(_ sql: String, _ values: [DatabaseValue]) throws {
    try database.cachedStatement(sql: sql).execute(arguments: StatementArguments(values))
  }
}

/// The references as `protected_tips` has them: a line `<object id> <name>` each, sorted by name.
struct TipListing {
  private var ids: [String: String] = [:]

  init(_ text: String) {
    for line in text.split(separator: "\n") { set(line) }
  }

  private mutating func set(_ line: Substring) {
    let id = line.prefix { $0 != " " }
    ids[String(line.dropFirst(id.count + 1))] = String(id)
  }

  mutating func apply(moved: [String], gone: [String]) {
    for name in gone { ids[name] = nil }
    for line in moved { set(Substring(line)) }
  }

  var text: String {
    ids.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)\n" }.joined()
  }

  /// What leads from one listing to another.
  static func difference(
    from old: String, to new: String
  ) -> (moved: [String], gone: [String]) {
    let known = Set(old.split(separator: "\n"))
    let present = Set(new.split(separator: "\n"))
    let names = Set(present.map { $0.drop { $0 != " " } })
    let gone = known.subtracting(present).map { $0.drop { $0 != " " } }
      .filter { !names.contains($0) }
    return (
      present.subtracting(known).map(String.init).sorted(),
      gone.map { String($0.dropFirst()) }.sorted()
    )
  }
}
