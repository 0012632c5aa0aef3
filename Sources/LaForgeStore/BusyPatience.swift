import Glibc
import Synchronization

/// How long a store waits for other processes that hold the database.
///
/// Once a wait was in vain, the next ones are short: what a command then still tries does not add up.
package final class BusyPatience: Sendable {
  private let isExhausted = Mutex(false)

  package init() {}

  /// The longest wait, in milliseconds.
  package static let limit = 4000
  /// The longest wait after one that was in vain, in milliseconds.
  package static let shortLimit = 100

  /// Waits before another try.
  ///
  /// - Parameter tries: How many tries failed since the first one.
  /// - Returns: False if that would take too long.
  package func wait(afterTry tries: Int) -> Bool {
    let limit = isExhausted.withLock { $0 } ? Self.shortLimit : Self.limit
    guard Self.waited(before: tries) < limit else {
      isExhausted.withLock { $0 = true }
      return false
    }
    usleep(UInt32(Self.pause(tries)) * 1000)
    return true
  }

  /// The pause after a try, in milliseconds: short at first, for most transactions are.
  private static func pause(_ tries: Int) -> Int { min(50, 1 << min(tries, 6)) }

  /// How long all pauses before a try took, in milliseconds.
  package static func waited(before tries: Int) -> Int {
    (0..<tries).reduce(0) { $0 + pause($1) }
  }
}
