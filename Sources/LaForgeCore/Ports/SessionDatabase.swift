/// Reads the SQLite databases in which some agents keep their sessions.
package protocol SessionDatabase: Sendable {
  /// Runs a query that changes nothing, what lies in the write-ahead log included.
  ///
  /// - Parameters:
  ///   - path: The database.
  ///   - query: SQL whose columns have names.
  /// - Returns: The rows; each value as JSON, an `id` as text.
  /// - Throws: `StoreError` where there is no such database or table.
  func rows(of path: String, query: String) throws(StoreError) -> [[String: JSONValue]]
}
