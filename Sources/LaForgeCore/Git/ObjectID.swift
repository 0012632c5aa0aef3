/// The id of a git object in lower-case hexadecimal: 40 digits (SHA-1) or 64 (SHA-256).
public struct ObjectID: Hashable, Sendable {
  /// The digits.
  public let hex: String

  /// `nil` where the text is no full object id.
  public init?(hex: String) {
    guard hex.utf8.count == 40 || hex.utf8.count == 64,
      hex.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
    else { return nil }
    self.hex = hex
  }

  /// Git's null object id, all zeros: how the `steps` table writes an unborn HEAD.
  public static let nullHex = String(repeating: "0", count: 40)

  /// Whether this is git's null object id, which names no object.
  public var isNull: Bool { hex.utf8.allSatisfy { $0 == UInt8(ascii: "0") } }
}

extension ObjectID: CustomStringConvertible {
  /// The form for people.
  public var description: String { hex }
}

extension ObjectID: Codable {
  /// Decodes the JSON form.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let id = ObjectID(hex: text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "'\(text)' is no object id")
    }
    self = id
  }

  /// Encodes the JSON form.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(hex)
  }
}
