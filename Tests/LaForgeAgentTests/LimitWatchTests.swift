import LaForgeAgent
import LaForgeCore
import Testing

/// When a run is told to end and when it is killed.
@Suite struct LimitWatchTests {
  private func watch(_ change: (inout RunLimits) -> Void, start: Int64 = 0) -> LimitWatch {
    var limits = RunLimits()
    change(&limits)
    return LimitWatch(limits, start: start)
  }

  /// What is due at each of some times, asked for one after the other.
  private func steps(_ watch: inout LimitWatch, at times: Int64...) -> [LimitWatch.Step?] {
    times.map { watch.next(at: $0) }
  }

  @Test func withoutLimitsNothingIsEverDue() {
    var watch = watch { _ in }
    let steps = steps(&watch, at: 0, .max)
    #expect(steps == [nil, nil] && watch.due == nil)
  }

  @Test func aTimeoutTerminatesOnceAndKillsAfterTheGrace() {
    var watch = watch({ $0.timeout = 100 }, start: 1000)
    #expect(watch.due == 1100)
    let first = steps(&watch, at: 1099, 1100)
    #expect(first == [nil, .terminate] && watch.reason == .timeout && watch.due == 11_100)
    let second = steps(&watch, at: 11_099, 11_100, 99_999)
    #expect(second == [nil, .kill, nil])
  }

  @Test func outputPutsTheIdleTimeoutOff() {
    var watch = watch { $0.idleTimeout = 50 }
    watch.noteOutput(at: 40)
    let steps = steps(&watch, at: 60, 90)
    #expect(steps == [nil, .terminate] && watch.reason == .idleTimeout)
  }

  @Test func theTimeInWhichTheCommandIsStoppedDoesNotCount() {
    var watch = watch {
      $0.timeout = 100
      $0.idleTimeout = 80
    }
    watch.noteStop(from: 10, to: 1010)
    #expect(watch.stopped == 1000 && watch.due == 1080)
    watch.noteOutput(at: 1070)
    let steps = steps(&watch, at: 1099, 1100)
    #expect(steps == [nil, .terminate] && watch.reason == .timeout)
    watch.noteStop(from: 1100, to: 2100)
    #expect(watch.due == 12_100)
  }

  @Test func theFirstReasonCounts() {
    var watch = watch { $0.timeout = 100 }
    let (first, second) = (watch.end(for: .maxCost, at: 10), watch.end(for: .user, at: 11))
    #expect(first && !second && watch.reason == .maxCost)
    let steps = steps(&watch, at: 200, 10_010)
    #expect(steps == [nil, .kill])
  }

  @Test func whoeverWasToldToEndFromOutsideHasTheGraceToo() {
    var watch = watch { $0.grace = 5 }
    watch.noteEndRequest(at: 10)
    watch.noteEndRequest(at: 14)
    let steps = steps(&watch, at: 14, 15)
    #expect(steps == [nil, .kill] && watch.reason == nil)
  }
}
