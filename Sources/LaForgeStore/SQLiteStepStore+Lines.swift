import GRDB
package import LaForgeCore

/// What an operation needs of a history that may be long.
extension SQLiteStepStore {
  package func stepLinks(worktree: String) throws(StoreError) -> [StepLink] {
    try readOnce { database in
      // Every column is in the index `steps_by_line`, so no row of the table is read.
      let rows = try Row.fetchCursor(
        database,
        sql: """
          SELECT id, parent_step_id, within_step_id, active FROM steps WHERE worktree = ?
          """,
        arguments: [worktree])
      var links: [StepLink] = []
      let last = try Int64.fetchOne(
        database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'steps'")
      links.reserveCapacity(Int(clamping: last ?? 0))
      while let row = try rows.next() {
        let (id, parent, enclosing): (Int64, Int64?, Int64?) = (row[0], row[1], row[2])
        links.append(
          StepLink(
            id: StepID(rawValue: id), parent: parent.map(StepID.init(rawValue:)),
            enclosing: enclosing.map(StepID.init(rawValue:)), isActive: row[3]))
      }
      return links
    }
  }

  package func stepsWithEffect(worktree: String) throws(StoreError) -> Set<StepID> {
    try readOnce { database in
      Set(
        try Int64.fetchAll(
          database,
          sql: """
            SELECT id FROM steps \(effectIndex)
            WHERE worktree = ? AND within_step_id IS NULL AND (\(Self.hasOtherState))
            UNION SELECT step_id FROM step_references
            UNION SELECT step_id FROM step_stashes
            UNION SELECT step_id FROM step_overlaps
            """,
          arguments: [worktree]
        ).map(StepID.init(rawValue:)))
    }
  }

  package func latestStepWithEffect(
    worktree: String, before step: StepID
  ) throws(StoreError) -> StepID? {
    try readOnce { database in
      // Those that changed nothing but a reference or the stash are found from there.
      let queries =
        [
          """
          SELECT id FROM steps \(effectIndex)
          WHERE worktree = ?1 AND active = 1 AND id < ?2 AND within_step_id IS NULL
            AND (\(Self.hasOtherState))
          ORDER BY id DESC LIMIT 1
          """
        ]
        + ["step_references", "step_stashes"].map { table in
          """
          SELECT step_id FROM \(table) CROSS JOIN steps ON id = step_id
          WHERE step_id < ?2 AND +worktree = ?1 AND +active = 1 AND +within_step_id IS NULL
          ORDER BY step_id DESC LIMIT 1
          """
        }
      return try queries.compactMap { query in
        try Int64.fetchOne(database, sql: query, arguments: [worktree, step.rawValue])
      }.max().map(StepID.init(rawValue:))
    }
  }

  package func steps(_ ids: [StepID]) throws(StoreError) -> [Step] {
    guard !ids.isEmpty else { return [] }
    return try read { database in
      try StepRow.fetch(
        "WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        [try StepRow.json(ids.map(\.rawValue))], database)
    }
  }

  /// Names the index, since SQLite, without statistics, prefers the larger one; an older database does
  /// not have it.
  private var effectIndex: String { schema < 8 ? "" : "INDEXED BY steps_with_effect" }

  /// Whether the recorded states before and after differ, or one is not known.
  ///
  /// The index `steps_with_effect` serves only a query that has exactly these words.
  private static let hasOtherState = Migrations.hasOtherState
}
