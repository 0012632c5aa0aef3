import Foundation
import LaForgeCore

/// A JSON value whose shape is not relied on: what is not there or of another kind is `nil`.
struct JSON {
  private let raw: Any

  init(_ raw: Any) {
    self.raw = raw
  }

  init(_ value: JSONValue) {
    raw = Self.plain(value)
  }

  private static func plain(_ value: JSONValue) -> Any {
    switch value {
    case .null: NSNull()
    case .boolean(let flag): NSNumber(value: flag)
    case .number(let number): NSDecimalNumber(decimal: number)
    case .string(let text): text
    case .array(let values): values.map(plain)
    case .object(let members): members.mapValues(plain)
    }
  }

  /// Parses bytes.
  ///
  /// - Throws: `UnreadableUsage` where they are no JSON.
  init(parsing bytes: some Sequence<UInt8>) throws {
    do {
      raw = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
    } catch {
      throw UnreadableUsage()
    }
  }

  subscript(_ key: String) -> JSON? {
    guard let value = (raw as? [String: Any])?[key], !(value is NSNull) else { return nil }
    return JSON(value)
  }

  /// Follows keys one after the other.
  subscript(_ first: String, _ rest: String...) -> JSON? {
    rest.reduce(self[first]) { $0?[$1] }
  }

  var string: String? { raw as? String }

  var array: [JSON] { (raw as? [Any])?.map(JSON.init) ?? [] }

  /// The members of an object, by name.
  var members: [(key: String, value: JSON)] {
    (raw as? [String: Any])?.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value)) } ?? []
  }

  /// A count: a whole number that is not negative; what is no such thing is none.
  var count: Int64? {
    guard let number, number >= 0, number < 9e18, number.rounded() == number else { return nil }
    return (raw as? NSNumber)?.int64Value
  }

  /// A part of counts that may be left out: 0 where it is, `nil` where what is there is no count.
  func part(_ keys: String...) -> Int64? {
    guard let value = keys.reduce(Optional(self), { $0?[$1] }) else { return 0 }
    return value.count
  }

  /// The counts that a member holds; `nil` where there is no such member.
  ///
  /// - Throws: `UnreadableUsage` where it is there and holds none.
  func counts(
    in key: String, as read: (JSON) throws -> TokenCounts?
  ) throws -> TokenCounts? {
    guard let value = self[key] else { return nil }
    guard let counts = try read(value) else { throw UnreadableUsage() }
    return counts
  }

  /// Any number; Foundation keeps truth values as numbers that are encoded as characters.
  var number: Double? {
    guard let number = raw as? NSNumber, String(cString: number.objCType) != "c" else { return nil }
    return number.doubleValue
  }

  var flag: Bool? {
    guard let number = raw as? NSNumber, String(cString: number.objCType) == "c" else {
      return nil
    }
    return number.boolValue
  }

  /// An amount of US dollars.
  var dollars: Cost? { number.flatMap { Cost(dollars: Decimal($0)) } }

  /// An amount that is not nothing: some agents give that of what they have no price for.
  var knownPrice: Cost? { dollars.flatMap { $0.microdollars > 0 ? $0 : nil } }

  /// A moment, in milliseconds since 1970: ISO 8601 text, or a number of seconds or milliseconds.
  var time: Int64? {
    if let string { return Self.time(string) }
    // What has happened since 2001 has more than 10^11 milliseconds.
    return number.map { $0 > 1e11 ? Int64($0) : Int64($0 * 1000) }
  }

  /// ISO 8601 with any number of decimals and any zone; without one it is UTC.
  private static func time(_ text: String) -> Int64? {
    let seconds = text.prefix(19)
    var rest = text.dropFirst(19)
    guard let whole = Timestamp(parsing: "\(seconds).000Z")?.millisecondsSince1970 else {
      return nil
    }
    var milliseconds = whole
    if rest.first == "." {
      let digits = rest.dropFirst().prefix(while: \.isNumber)
      milliseconds += Int64(digits.prefix(3).padding(toLength: 3, withPad: "0", startingAt: 0)) ?? 0
      rest = rest.dropFirst(digits.count + 1)
    }
    guard let sign = rest.first, sign == "+" || sign == "-" else { return milliseconds }
    let zone = rest.dropFirst().filter(\.isNumber)
    guard zone.count == 4, let hours = Int64(zone.prefix(2)), let minutes = Int64(zone.suffix(2))
    else { return milliseconds }
    let offset = (hours * 60 + minutes) * 60_000
    return milliseconds - (sign == "+" ? offset : -offset)
  }
}
