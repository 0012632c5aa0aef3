import Glibc
import LaForgeCore

/// A moment in the caller's time zone, or in UTC.
struct CalendarTime {
  private let fields: tm

  /// Takes a moment apart in UTC or in the local time zone; see `localtime(3)`.
  init(_ time: Timestamp, isUTC: Bool) {
    var seconds = time_t(time.millisecondsSince1970 / 1000)
    var fields = tm()
    if isUTC {
      gmtime_r(&seconds, &fields)
    } else {
      localtime_r(&seconds, &fields)
    }
    self.fields = fields
  }

  /// `18:14` today, `Sun 21h` within the last six days, `12 Nov` this year, else `Nov 2024`.
  func short(now: CalendarTime) -> String {
    let days = now.dayNumber - dayNumber
    if days == 0 { return "\(two(fields.tm_hour)):\(two(fields.tm_min))" }
    if (1...6).contains(days) { return "\(weekday) \(two(fields.tm_hour))h" }
    if fields.tm_year == now.fields.tm_year { return "\(fields.tm_mday) \(month)" }
    return "\(month) \(year)"
  }

  /// `Mon 23 Nov 2026 17:40:02`.
  var long: String {
    "\(weekday) \(fields.tm_mday) \(month) \(year) "
      + "\(two(fields.tm_hour)):\(two(fields.tm_min)):\(two(fields.tm_sec))"
  }

  /// Counts days in the shown time zone; only differences of it mean anything.
  private var dayNumber: Int {
    var midnight = tm()
    midnight.tm_year = fields.tm_year
    midnight.tm_mon = fields.tm_mon
    midnight.tm_mday = fields.tm_mday
    return timegm(&midnight) / 86_400
  }

  private var year: Int32 { fields.tm_year + 1900 }
  private var weekday: String { Self.weekdays[Int(fields.tm_wday)] }
  private var month: String { Self.months[Int(fields.tm_mon)] }

  private func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }

  private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
}
