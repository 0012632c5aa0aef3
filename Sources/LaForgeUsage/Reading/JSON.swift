import Foundation
import LaForgeCore

/// A JSON value whose shape is not relied on: what is not there or of another kind is `nil`.
struct JSON {
  private let content: Content

  /// What is asked for again and again is told apart once.
  private enum Content {
    case object([String: Any])
    case array([Any])
    case string(String)
    case number(NSNumber)
    case null
  }

  init(_ raw: Any) {
    let type = type(of: raw)
    // A cast that fails looks for ways to bridge and costs more than all others.
    if type == String.self, let text = raw as? String {
      content = .string(text)
    } else if type == [String: Any].self, let members = raw as? [String: Any] {
      content = .object(members)
    } else if type == [Any].self, let elements = raw as? [Any] {
      content = .array(elements)
    } else if let number = raw as? NSNumber {
      content = .number(number)
    } else {
      content = .null
    }
  }

  init(_ value: JSONValue) {
    self.init(Self.plain(value))
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
      self.init(
        try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed))
    } catch {
      throw UnreadableUsage()
    }
  }

  subscript(_ key: String) -> JSON? {
    guard case .object(let members) = content, let value = members[key].map(JSON.init) else {
      return nil
    }
    if case .null = value.content { return nil }
    return value
  }

  /// Follows keys one after the other.
  subscript(_ first: String, _ rest: String...) -> JSON? {
    rest.reduce(self[first]) { $0?[$1] }
  }

  var string: String? { if case .string(let text) = content { text } else { nil } }

  var array: [JSON] {
    guard case .array(let elements) = content else { return [] }
    return elements.map(JSON.init)
  }

  /// The members of an object, by name.
  var members: [(key: String, value: JSON)] {
    guard case .object(let members) = content else { return [] }
    return members.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value)) }
  }

  /// A count: a whole number that is not negative; what is no such thing is none.
  var count: Int64? {
    guard let number, number >= 0, number < 9e18, number.rounded() == number else { return nil }
    return numeric?.int64Value
  }

  private var numeric: NSNumber? { if case .number(let number) = content { number } else { nil } }

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
    guard let number = numeric, String(cString: number.objCType) != "c" else { return nil }
    return number.doubleValue
  }

  var flag: Bool? {
    guard let number = numeric, String(cString: number.objCType) == "c" else {
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
    guard let number else { return nil }
    let milliseconds = number > 1e11 ? number : number * 1000
    // What no clock can show may be more than an integer holds.
    return abs(milliseconds) < 1e15 ? Int64(milliseconds) : nil
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
