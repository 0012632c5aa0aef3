import GRDB
import LaForgeCore
import LaForgeStore
import Testing

/// A database that another program holds.
@Suite struct BusyTests {
  @Test func oneWaitInVainMakesTheNextOnesShort() {
    #expect(BusyPatience.waited(before: 1) == 1)
    let waits = (0...).first { BusyPatience.waited(before: $0) >= BusyPatience.limit } ?? 0
    let patience = BusyPatience()
    #expect(!patience.wait(afterTry: waits), "no pause is left")
    let short = (0...).first { BusyPatience.waited(before: $0) >= BusyPatience.shortLimit } ?? 0
    #expect(!patience.wait(afterTry: short))
    #expect(BusyPatience.waited(before: waits) < 5000)
  }

  @Test func aDatabaseThatStaysLockedIsToldOnce() throws {
    let fixture = try StoreFolderFixture()
    let store = try fixture.open()
    _ = try store.createStep(newStep())
    let other = try DatabaseQueue(path: fixture.database)
    try other.writeWithoutTransaction { database in
      try database.inTransaction(.immediate) {
        expectThrows(.busy) { _ = try store.createStep(newStep()) }
        return .commit
      }
    }
    #expect(try store.createStep(newStep()).id == StepID(rawValue: 2))
  }
}
