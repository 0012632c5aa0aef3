import Foundation
import GRDB
package import LaForgeCore
import SystemPackage

/// Reads other programs' SQLite databases, without changing them.
package struct SQLiteSessionDatabase: SessionDatabase {
  package init() {}

  package func rows(
    of path: String, query: String
  ) throws(StoreError) -> [[String: JSONValue]] {
    do {
      var configuration = Configuration()
      // What lies in the write-ahead log is read as well, so its index is made where it is missing;
      // the database itself stays as it is. See <https://www.sqlite.org/wal.html>.
      configuration.readonly = true
      configuration.busyMode = .timeout(1)
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      defer { try? queue.close() }
      return try queue.read { database in
        try Row.fetchAll(database, sql: query).map(Self.values)
      }
    } catch {
      throw SQLiteStepStore.storeError(error, FilePath(path))
    }
  }

  private static func values(_ row: Row) -> [String: JSONValue] {
    var values: [String: JSONValue] = [:]
    for (name, value) in row {
      values[name] =
        switch value.storage {
        case .null: .null
        // Whatever an id is, it is compared as text.
        case .int64(let number) where name == "id": .string(String(number))
        case .int64(let number): .number(Decimal(number))
        case .double(let number): .number(Decimal(number))
        case .string(let text): .string(text)
        case .blob(let data): .string(String(decoding: data, as: UTF8.self))
        }
    }
    return values
  }
}
