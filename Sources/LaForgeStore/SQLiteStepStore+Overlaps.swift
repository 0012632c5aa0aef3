import GRDB
import LaForgeCore

/// Steps that run at the same time in one worktree.
extension SQLiteStepStore {
  /// Marks the other steps that run in the worktree now, unless one of the two is within another.
  func markOverlaps(
    of id: StepID, _ step: NewStep, _ database: Database
  ) throws -> [StepID] {
    guard step.enclosing == nil else { return [] }
    // The unary plus keeps SQLite from the index of the whole worktree: few steps run.
    let candidates = try Int64.fetchAll(
      database,
      sql: """
        SELECT id FROM steps
        WHERE status = 'running' AND id <> ? AND +worktree = ? AND within_step_id IS NULL
        """,
      arguments: [id.rawValue, step.worktree])
    // Of a begun step there is no recorder; one whose agent is gone was closed before.
    let begun = Set(try Int64.fetchAll(database, sql: "SELECT step_id FROM begun_steps"))
    let others = try candidates.map(StepID.init(rawValue:)).filter {
      try begun.contains($0.rawValue) || isRecorderAlive($0)
    }
    for other in others {
      for pair in [(id, other), (other, id)] {
        try database.execute(
          literal: """
            INSERT INTO step_overlaps (step_id, other_step_id)
            VALUES (\(pair.0.rawValue), \(pair.1.rawValue))
            """)
      }
    }
    return others
  }
}
