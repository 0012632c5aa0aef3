/// The clocks that a recording reads; the caller provides them.
package struct RecordingClock: Sendable {
  /// The time of day.
  package var now: @Sendable () -> Timestamp
  /// Milliseconds of a clock that never goes back, from an arbitrary start.
  package var monotonicMilliseconds: @Sendable () -> Int64

  package init(
    now: @escaping @Sendable () -> Timestamp,
    monotonicMilliseconds: @escaping @Sendable () -> Int64
  ) {
    self.now = now
    self.monotonicMilliseconds = monotonicMilliseconds
  }
}
