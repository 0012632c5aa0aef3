import GRDB
package import LaForgeCore
import SystemPackage

extension SQLiteStepStore {
  /// Replaces what is recorded of the usage of a step that has ended.
  ///
  /// - Parameters:
  ///   - id: The step.
  ///   - usage: `nil` for unknown.
  ///   - explanation: What told it.
  ///   - configuration: The agent's, with the model that was found.
  /// - Throws: `StoreError`, of code `noSuchStep` where no such step has ended.
  package func replaceUsage(
    of id: StepID, with usage: TokenUsage?, _ explanation: UsageExplanation?,
    _ configuration: AgentConfiguration
  ) throws(StoreError) {
    let isThere = try write { database, changes in
      changes.note(id)
      try database.execute(
        sql: """
          UPDATE steps
          SET token_usage_json = ?, usage_explanation_json = ?, agent_config_json = ?
          WHERE id = ? AND status IN ('completed', 'failed')
          """,
        arguments: [
          try usage.map { try StepRow.json($0) } ?? "{}",
          try explanation.map { try StepRow.json($0) }, try StepRow.json(configuration),
          id.rawValue,
        ])
      return database.changesCount == 1
    }
    guard isThere else {
      throw StoreError(
        code: .noSuchStep, message: "\(id) has not ended", path: folder.database.string)
    }
  }
}
