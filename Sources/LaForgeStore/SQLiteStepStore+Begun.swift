import GRDB
package import LaForgeCore

/// What stands between the two calls of a begun step.
extension SQLiteStepStore {
  package func createStep(
    _ step: NewStep, begun: BegunStep.Baseline
  ) throws(StoreError) -> Step {
    try createStep(step, parent: nil, begun: begun)
  }

  package func handOver(_ id: StepID) { releaseLock(of: id) }

  package func begunSteps(worktree: String) throws(StoreError) -> [BegunStep] {
    // A reading command may meet the database of an older LaForge.
    guard schema >= 7 else { return [] }
    return try read { database in
      // Joined in this order, for nearly always there are none.
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT step_id AS id, session, monotonic_ms, references_json
          FROM begun_steps CROSS JOIN steps ON steps.id = step_id
          WHERE worktree = ? AND status = 'running' ORDER BY step_id DESC
          """,
        arguments: [worktree])
      return try rows.compactMap { row in
        guard let step = try StepRow.fetch(StepID(rawValue: row["id"]), database) else {
          return nil
        }
        return BegunStep(
          step: step,
          baseline: BegunStep.Baseline(
            session: row["session"], monotonicMilliseconds: row["monotonic_ms"],
            references: try StepRow.json("references_json", row)))
      }
    }
  }

  func insert(_ baseline: BegunStep.Baseline, of id: StepID, _ database: Database) throws {
    try database.execute(
      literal: """
        INSERT INTO begun_steps (step_id, session, monotonic_ms, references_json)
        VALUES (\(id.rawValue), \(baseline.session), \(baseline.monotonicMilliseconds),
          \(try StepRow.json(baseline.references)))
        """)
  }

  func forgetBegun(_ id: StepID, _ database: Database) throws {
    try database.execute(literal: "DELETE FROM begun_steps WHERE step_id = \(id.rawValue)")
  }
}
