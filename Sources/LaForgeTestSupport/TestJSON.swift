import Foundation
package import LaForgeCore

/// A JSON value that a test looks into.
package struct TestJSON: Equatable, Sendable {
  package let value: JSONValue

  package init(_ value: JSONValue) {
    self.value = value
  }

  package init(parsing text: String) throws {
    value = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
  }

  /// A member of an object; `nil` where the key is missing, which `null` is not.
  package subscript(_ key: String) -> TestJSON? {
    guard case .object(let members) = value else { return nil }
    return members[key].map(TestJSON.init)
  }

  package var keys: Set<String> {
    guard case .object(let members) = value else { return [] }
    return Set(members.keys)
  }

  package var array: [TestJSON] {
    guard case .array(let values) = value else { return [] }
    return values.map(TestJSON.init)
  }

  package var string: String? {
    guard case .string(let text) = value else { return nil }
    return text
  }

  package var integer: Int? {
    guard case .number(let number) = value else { return nil }
    return NSDecimalNumber(decimal: number).intValue
  }

  package var isNull: Bool { value == .null }
}

extension TestJSON: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
  package init(integerLiteral value: Int) { self.init(.number(Decimal(value))) }
  package init(stringLiteral value: String) { self.init(.string(value)) }
  package init(booleanLiteral value: Bool) { self.init(.boolean(value)) }
  package init(nilLiteral: ()) { self.init(.null) }
}
