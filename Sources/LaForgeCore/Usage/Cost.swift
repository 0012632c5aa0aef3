public import Foundation

/// An amount of money in whole micro-US-dollars.
public struct Cost: Hashable, Comparable, Sendable {
  /// Millionths of a US dollar.
  public let microdollars: Int64

  /// Creates a value of these parts.
  public init(microdollars: Int64) {
    self.microdollars = microdollars
  }

  /// Rounds an amount in US dollars to the nearest micro-dollar; `nil` for a negative amount, for
  /// no number, and for one beyond what 64 bits hold.
  public init?(dollars: Decimal) {
    guard dollars.isFinite, dollars >= 0, dollars < 9_000_000_000_000 else { return nil }
    var scaled = dollars * 1_000_000
    var rounded = Decimal()
    NSDecimalRound(&rounded, &scaled, 0, .plain)
    microdollars = NSDecimalNumber(decimal: rounded).int64Value
  }

  /// The amount in US dollars, exact.
  public var dollars: Decimal { Decimal(microdollars) / 1_000_000 }

  /// Returns whether the left one is smaller.
  public static func < (left: Cost, right: Cost) -> Bool {
    left.microdollars < right.microdollars
  }

  /// The sum; an overflow stays at the largest amount.
  package static func + (left: Cost, right: Cost) -> Cost {
    let (sum, overflow) = left.microdollars.addingReportingOverflow(right.microdollars)
    return Cost(microdollars: overflow ? .max : sum)
  }
}

extension Cost: Codable {
  /// Decodes the JSON form.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let dollars = try container.decode(Decimal.self)
    guard let cost = Cost(dollars: dollars) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "\(dollars) is no cost in US dollars")
    }
    self = cost
  }

  /// Writes US dollars with at most six decimals.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(dollars)
  }
}
