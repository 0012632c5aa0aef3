import LaForgeCore

/// A number with its noun: `1 file`, `3 files`.
struct Counted: CustomStringConvertible {
  let description: String

  init(_ count: Int, _ noun: String) {
    description = "\(count) \(noun)\(count == 1 ? "" : "s")"
  }
}

/// Numbers and lists as people read them.
enum Readable {
  /// Names in a sentence: `a, b and c`; of many the first ones, `a, b and 12 more`.
  static func list(_ names: [String], atMost limit: Int = 8) -> String {
    let shown = names.count > limit ? names.prefix(limit) : names.dropLast()
    let last = names.count > limit ? "\(names.count - limit) more" : names.last ?? ""
    return shown.isEmpty ? last : "\(shown.joined(separator: ", ")) and \(last)"
  }

  /// How long ago something was: `just now`, `3m 20s ago`.
  static func ago(_ time: Timestamp, now: Timestamp) -> String {
    let age = now.millisecondsSince1970 - time.millisecondsSince1970
    return age < 1000 ? "just now" : "\(duration(milliseconds: age)) ago"
  }

  /// A duration: `3ms`, `4.2s`, `22s`, `1m 03s`, `10m`, `2h 05m`, `3d 04h`.
  static func duration(milliseconds: Int64) -> String {
    if milliseconds < 1000 { return "\(max(0, milliseconds))ms" }
    if milliseconds < 9950 { return tenths(milliseconds, of: 1000) + "s" }
    let seconds = (milliseconds + 500) / 1000
    if seconds < 60 { return "\(seconds)s" }
    if seconds < 3600 { return pair(seconds / 60, "m", seconds % 60, "s") }
    let minutes = seconds / 60
    if minutes < 24 * 60 { return pair(minutes / 60, "h", minutes % 60, "m") }
    return pair(minutes / (24 * 60), "d", minutes / 60 % 24, "h")
  }

  /// A count: `950`, `17.6k`, `1.2M`.
  static func count(_ number: Int64) -> String {
    if number < 1000 { return "\(number)" }
    if number < 999_950 { return tenths(number, of: 1000) + "k" }
    if number < 999_950_000 { return tenths(number, of: 1_000_000) + "M" }
    return tenths(number, of: 1_000_000_000) + "G"
  }

  /// A count to the last digit: `17,596`.
  static func exact(_ number: Int64) -> String {
    var groups: [String] = []
    var rest = String(number)
    while rest.count > 3 {
      groups.append(String(rest.suffix(3)))
      rest.removeLast(3)
    }
    return ([rest] + groups.reversed()).joined(separator: ",")
  }

  /// A size: `950 B`, `48 KiB`, `2.0 GiB`.
  static func size(_ bytes: Int64) -> String {
    if bytes < 1 << 10 { return "\(bytes) B" }
    if bytes < 1 << 20 { return "\((bytes + 512) >> 10) KiB" }
    if bytes < 1 << 30 { return "\((bytes + (1 << 19)) >> 20) MiB" }
    return tenths(bytes, of: 1 << 30) + " GiB"
  }

  /// An amount of money: `$0.03`, and `$0.0034` below a cent.
  static func cost(_ cost: Cost) -> String {
    if cost.microdollars > 0, cost.microdollars < 50 { return "<$0.0001" }
    if cost.microdollars > 0, cost.microdollars < 10_000 {
      return "$" + fixed(cost.microdollars, of: 1_000_000, digits: 4)
    }
    return "$" + fixed(cost.microdollars, of: 1_000_000, digits: 2)
  }

  /// An amount of money to the last digit that is recorded: `$0.033865`.
  static func exact(_ cost: Cost) -> String {
    "$" + fixed(cost.microdollars, of: 1_000_000, digits: 6)
  }

  private static func pair(
    _ large: Int64, _ largeUnit: String, _ small: Int64, _ smallUnit: String
  ) -> String {
    if small == 0 { return "\(large)\(largeUnit)" }
    return "\(large)\(largeUnit) \(small < 10 ? "0" : "")\(small)\(smallUnit)"
  }

  private static func tenths(_ number: Int64, of unit: Int64) -> String {
    fixed(number, of: unit, digits: 1)
  }

  /// `number / unit` with so many decimals, rounded half up, without a detour over floating point.
  private static func fixed(_ number: Int64, of unit: Int64, digits: Int) -> String {
    let scale = (0..<digits).reduce(Int64(1)) { power, _ in power * 10 }
    // Divided first, so that the largest amounts do not overflow.
    let whole = number / unit
    let fraction = ((number % unit) * scale + unit / 2) / unit
    let carried = whole + fraction / scale
    let decimals = String(fraction % scale)
    return "\(carried)." + String(repeating: "0", count: digits - decimals.count) + decimals
  }

  /// The name of a signal, `SIGTERM`; its number for one without a common name.
  static func signal(_ number: Int32) -> String {
    signalNames[number].map { "SIG\($0)" } ?? "signal \(number)"
  }

  private static let signalNames: [Int32: String] = [
    1: "HUP", 2: "INT", 3: "QUIT", 4: "ILL", 5: "TRAP", 6: "ABRT", 7: "BUS", 8: "FPE", 9: "KILL",
    10: "USR1", 11: "SEGV", 12: "USR2", 13: "PIPE", 14: "ALRM", 15: "TERM", 24: "XCPU",
    25: "XFSZ", 31: "SYS",
  ]
}
