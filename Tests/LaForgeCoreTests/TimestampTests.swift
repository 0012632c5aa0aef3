import LaForgeCore
import LaForgeTestSupport
import Testing

@Suite struct TimestampTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
    (951_782_400_000, "2000-02-29T00:00:00.000Z"),
    (1_795_457_672_120, "2026-11-23T18:14:32.120Z"),
    (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
    (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
  ])
  func isWrittenAsISO8601InUTCWithMilliseconds(_ milliseconds: Int64, _ text: String) {
    #expect("\(Timestamp(millisecondsSince1970: milliseconds))" == text)
    #expect(Timestamp(parsing: text)?.millisecondsSince1970 == milliseconds)
  }

  @Test(arguments: [
    ("2026-11-23 18:14:32", 1_795_457_672_000), ("2026-11-23T18:14:32Z", 1_795_457_672_000),
    ("2026-11-23T19:14:32.5+01:00", 1_795_457_672_500),
    ("2026-11-23T17:44:32.123456789-00:30", 1_795_457_672_123),
  ])
  func readsTheFormsOfSQLiteAndGo(_ text: String, _ milliseconds: Int64) {
    #expect(Timestamp(parsing: text)?.millisecondsSince1970 == milliseconds)
  }

  @Test(arguments: [
    "", "2026-11-23", "2026-13-01T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T18:14:32.Z",
    "2026-11-23T18:14:32Zx", "yesterday",
  ])
  func refusesWhatIsNoTime(_ text: String) {
    #expect(Timestamp(parsing: text) == nil)
  }

  @Test(arguments: Seeds.all)
  func readsWhatItWroteAndSortsAsText(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let times = (0..<200).map { _ in
      Timestamp(millisecondsSince1970: .random(in: 0..<253_402_300_800_000, using: &random))
    }
    for time in times { #expect(Timestamp(parsing: "\(time)") == time) }
    #expect(times.sorted().map(\.description) == times.map(\.description).sorted())
  }
}
