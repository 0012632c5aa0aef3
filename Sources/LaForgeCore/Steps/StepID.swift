/// The number of a step: sequential from 1 within one store and never reused.
///
/// People read and type it as `S7`; JSON and SQLite hold the bare number.
public struct StepID: RawRepresentable, Hashable, Comparable, Codable, Sendable {
  /// The number.
  public let rawValue: Int64

  /// Wraps a raw value.
  public init(rawValue: Int64) {
    self.rawValue = rawValue
  }

  /// Decodes the JSON form.
  public init(from decoder: any Decoder) throws {
    rawValue = try decoder.singleValueContainer().decode(Int64.self)
  }

  /// Encodes the JSON form.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }

  /// Returns whether the left one is smaller.
  public static func < (left: StepID, right: StepID) -> Bool {
    left.rawValue < right.rawValue
  }
}

extension StepID: CustomStringConvertible {
  /// The form for people, `S7`.
  public var description: String { "S\(rawValue)" }
}
