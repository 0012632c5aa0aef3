import ArgumentParser
import Foundation
import LaForgeCore

extension CaptureMode: ExpressibleByArgument {}

/// A duration as `timeout(1)` takes it, also of several parts: `90`, `90s`, `1.5h`, `1h30m`, `500ms`.
struct Milliseconds: ExpressibleByArgument, Equatable {
  let value: Int64

  init(value: Int64) {
    self.value = value
  }

  init?(argument: String) {
    var rest = Substring(argument)
    var sum = Decimal(0)
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { "0123456789.".contains($0) }
      guard let number = Decimal.plain(digits) else { return nil }
      rest = rest.dropFirst(digits.count)
      let unit = rest.prefix { !"0123456789.".contains($0) }
      rest = rest.dropFirst(unit.count)
      guard let factor = Self.factors[String(unit)], !(unit.isEmpty && sum > 0) else { return nil }
      sum += number * factor
    }
    // A limit of nothing would end every run; one of 300 years is none.
    guard sum >= 1, sum < 10_000_000_000_000 else { return nil }
    value = NSDecimalNumber(decimal: sum).int64Value
  }

  private static let factors: [String: Decimal] = [
    "": 1000, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
  ]
}

/// An amount of US dollars: `2`, `0.50`, `$1.25`.
struct Dollars: ExpressibleByArgument, Equatable {
  let value: Cost

  init?(argument: String) {
    let digits = argument.hasPrefix("$") ? String(argument.dropFirst()) : argument
    guard let cost = Decimal.plain(digits[...]).flatMap({ Cost(dollars: $0) }) else { return nil }
    value = cost
  }
}

extension Decimal {
  /// Digits with at most one point among them; `Decimal(string:)` reads as far as it understands.
  fileprivate static func plain(_ digits: Substring) -> Decimal? {
    guard digits.first?.isNumber == true, digits.allSatisfy({ "0123456789.".contains($0) }),
      digits.filter({ $0 == "." }).count < 2
    else { return nil }
    return Decimal(string: String(digits), locale: nil)
  }
}
