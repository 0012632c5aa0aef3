import Foundation
import GRDB
import LaForgeCore

/// One change of the database as the record file holds it.
///
/// Replayed in their order, the changes of all lines make the same rows again.
enum RecordChange {
  typealias Row = [(column: String, value: DatabaseValue)]

  /// Rows as they are from now on. The row of a step takes the place of all that was known of the
  /// step; rows of its other tables follow it.
  case put(String, rows: [Row])
  /// Columns of one row have other values.
  case set(String, id: Int64, columns: Row)
  /// Rows are gone: those of some keys, or all.
  case drop(String, keys: [String]?)
  /// Steps are on their lines again, or were taken off.
  case activity(Bool, ids: [Int64])
  /// References are elsewhere, or gone, and another commit protects what they reach.
  case tips(commit: String, moved: [String], gone: [String])
}

// MARK: - Writing

extension RecordChange {
  /// The JSON text.
  var json: String {
    switch self {
    case .put(let table, let rows):
      return
        #"{"put":\#(Self.quote(table)),"rows":[\#(rows.map(Self.object).joined(separator: ","))]}"#
    case .set(let table, let id, let columns):
      return
        #"{"set":\#(Self.quote(table)),"id":\#(id),"columns":\#(Self.object(columns, keepsNull: true))}"#
    case .drop(let table, let keys):
      return #"{"drop":\#(Self.quote(table))\#(keys.map { #","keys":\#(Self.list($0))"# } ?? "")}"#
    case .activity(let isActive, let ids):
      return #"{"active":\#(isActive),"ids":[\#(ids.map(String.init).joined(separator: ","))]}"#
    case .tips(let commit, let moved, let gone):
      return
        #"{"tips":\#(Self.quote(commit)),"moved":\#(Self.list(moved)),"gone":\#(Self.list(gone))}"#
    }
  }

  private static func object(_ row: Row) -> String { object(row, keepsNull: false) }

  /// A column that is NULL is left out of a whole row.
  private static func object(_ row: Row, keepsNull: Bool) -> String {
    var text = "{"
    for (column, value) in row where keepsNull || !value.isNull {
      if text.utf8.count > 1 { text += "," }
      text += "\(quote(column)):\(self.value(value))"
    }
    return text + "}"
  }

  private static func value(_ value: DatabaseValue) -> String {
    switch value.storage {
    case .null: "null"
    case .int64(let number): String(number)
    case .double(let number): "{\"real\":\(quote(String(number)))}"
    case .string(let text): quote(text)
    case .blob(let data): "{\"base64\":\(quote(data.base64EncodedString()))}"
    }
  }

  private static func list(_ texts: [String]) -> String {
    "[\(texts.map(quote).joined(separator: ","))]"
  }

  /// A text as JSON writes it; JSONEncoder takes longer to set up than this takes for a row.
  static func quote(_ text: String) -> String {
    var bytes: [UInt8] = [UInt8(ascii: "\"")]
    bytes.reserveCapacity(text.utf8.count + 2)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0x0A: bytes += Array("\\n".utf8)
      case 0..<0x20, 0x7F:
        let digits = String(byte, radix: 16)
        bytes += Array("\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8)
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
    return String(decoding: bytes, as: UTF8.self)
  }
}

// MARK: - Reading

extension RecordChange {
  /// Reads a change from what JSON holds; `nil` for another form.
  init?(_ object: [String: Any]) {
    if let table = object["put"] as? String, let rows = object["rows"] as? [[String: Any]] {
      self = .put(table, rows: rows.map(Self.row))
    } else if let table = object["set"] as? String, let id = object["id"] as? NSNumber,
      let columns = object["columns"] as? [String: Any]
    {
      self = .set(table, id: id.int64Value, columns: Self.row(columns))
    } else if let table = object["drop"] as? String {
      self = .drop(table, keys: object["keys"] as? [String])
    } else if let isActive = object["active"] as? Bool, let ids = object["ids"] as? [NSNumber] {
      self = .activity(isActive, ids: ids.map(\.int64Value))
    } else if let commit = object["tips"] as? String, let moved = object["moved"] as? [String],
      let gone = object["gone"] as? [String]
    {
      self = .tips(commit: commit, moved: moved, gone: gone)
    } else {
      return nil
    }
  }

  private static func row(_ object: [String: Any]) -> Row {
    object.map { column, value in (column, self.value(value)) }
  }

  private static func value(_ value: Any) -> DatabaseValue {
    switch value {
    case let text as String: return text.databaseValue
    case let number as NSNumber: return number.int64Value.databaseValue
    case let object as [String: String]:
      if let text = object["real"], let number = Double(text) { return number.databaseValue }
      if let text = object["base64"], let data = Data(base64Encoded: text) {
        return data.databaseValue
      }
      return .null
    default: return .null
    }
  }
}

/// One line of the record file: what one transaction changed.
struct RecordLine {
  /// Its number; every line of a store has one of its own.
  var number: Int64
  var changes: [RecordChange]
  /// The store's id where everything that the store holds follows; whatever was known before is
  /// dropped.
  var beginning: String?

  init(number: Int64, changes: [RecordChange], beginning: String? = nil) {
    self.number = number
    self.changes = changes
    self.beginning = beginning
  }

  /// The text, ended by a newline.
  var text: String {
    let beginning = beginning.map { #","store_id":\#(RecordChange.quote($0))"# } ?? ""
    return "{\"n\":\(number)\(beginning),\"changes\":["
      + changes.map(\.json).joined(separator: ",") + "]}\n"
  }

  /// Reads a line; `nil` for one that is torn or of another form.
  init?(parsing bytes: Data) {
    guard let value = try? JSONSerialization.jsonObject(with: bytes),
      let object = value as? [String: Any],
      let number = object["n"] as? NSNumber, let list = object["changes"] as? [[String: Any]]
    else { return nil }
    self.number = number.int64Value
    changes = []
    for object in list {
      guard let change = RecordChange(object) else { return nil }
      changes.append(change)
    }
    beginning = object["store_id"] as? String
  }
}
