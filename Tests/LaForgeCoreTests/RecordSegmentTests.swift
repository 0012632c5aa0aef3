import LaForgeCore
import Testing

/// How the record file is divided for the keep tree.
@Suite struct RecordSegmentTests {
  private func division(_ last: Int64, after kept: Int64 = 0) -> [ClosedRange<Int64>] {
    RecordSegment.division(of: 1...last, after: kept)
  }

  @Test func aNameTellsItsLines() {
    let segment = RecordSegment(first: 1, last: 256, bytes: [])
    #expect(segment.name == "record-0000000001-0000000256")
    #expect(RecordSegment.range(of: segment.name) == 1...256)
    for name in ["record-1", "record-2-1", "record-x-1", "block-000001", "record-1-2-3"] {
      #expect(RecordSegment.range(of: name) == nil, "\(name)")
    }
  }

  @Test func fewLinesAreOneSegment() {
    #expect(division(1) == [1...1])
    #expect(division(15) == [1...15])
    #expect(division(16) == [1...16])
  }

  @Test func completeBlocksStayAsTheyAre() {
    #expect(division(17) == [1...16, 17...17])
    #expect(division(300) == [1...256, 257...272, 273...288, 289...300])
    #expect(division(4097) == [1...4096, 4097...4097])
  }

  @Test func onlyWhatIsNewIsWritten() {
    #expect(division(300, after: 299) == [289...300])
    #expect(division(304, after: 300) == [289...304])
    #expect(division(256, after: 255) == [1...256], "small blocks become a large one")
    #expect(division(257, after: 256) == [257...257])
    #expect(division(257, after: 257).isEmpty)
  }

  @Test func everyLineIsInOneSegmentWhateverTheNumber() {
    for last in stride(from: Int64(1), through: 20_000, by: 37) {
      let division = division(last)
      #expect(division.first?.lowerBound == 1)
      #expect(division.last?.upperBound == last)
      #expect(zip(division, division.dropFirst()).allSatisfy { $0.upperBound + 1 == $1.lowerBound })
      #expect(division.count < 16 * 3 + 6)
    }
  }
}
