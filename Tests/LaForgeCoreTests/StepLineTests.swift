import LaForgeCore
import Testing

/// Which steps an operation is about, decided from numbers, parents and activity alone.
@Suite struct StepLineTests {
  private static func id(_ number: Int64) -> StepID { StepID(rawValue: number) }

  private static func link(
    _ number: Int64, _ parent: Int64?, within: Int64? = nil, isActive: Bool = true
  ) -> StepLink {
    StepLink(
      id: id(number), parent: parent.map(id), enclosing: within.map(id), isActive: isActive)
  }

  private func numbers(_ ids: [StepID]) -> [Int64] { ids.map(\.rawValue) }

  /// 1 - 2 - 3(rolled back) - 4(rolled back); 2 - 5 - 7, with 6 within 5 and 8 within 6.
  private let line = StepLine([
    link(7, 5), link(1, nil), link(2, 1), link(3, 2, isActive: false),
    link(4, 3, isActive: false), link(5, 2), link(6, nil, within: 5), link(8, nil, within: 6),
  ])

  @Test func descendantsAreTheActiveOnesOfTheLineInOrder() {
    #expect(numbers(line.activeDescendants(of: Self.id(2))) == [2, 5, 7])
    #expect(numbers(line.activeDescendants(of: Self.id(7))) == [7])
  }

  @Test func aStepBesideAnotherDoesNotDescendFromIt() {
    let line = StepLine([Self.link(1, nil), Self.link(2, 1), Self.link(3, 1), Self.link(4, 3)])
    #expect(numbers(line.activeDescendants(of: Self.id(2))) == [2])
  }

  @Test func rolledBackAncestryEndsAtTheFirstActiveStep() {
    #expect(numbers(line.rolledBackAncestry(of: Self.id(4))) == [3, 4])
    #expect(numbers(line.rolledBackAncestry(of: Self.id(3))) == [3])
  }

  @Test func stepsWithinOthersAreFoundAtAnyDepth() {
    #expect(numbers(line.enclosed(in: [Self.id(5)])) == [6, 8])
    #expect(line.enclosed(in: [Self.id(7)]).isEmpty)
  }

  @Test func whatIsActiveOutsideTheAncestryLeavesOutRolledBackAndEnclosedSteps() {
    #expect(numbers(line.activeOutsideAncestry(of: Self.id(4))) == [5, 7])
    #expect(numbers(line.activeOutsideAncestry(of: Self.id(5))) == [7])
  }

  @Test func onlyStepsOfTheOtherActivityAreSwitchedWithThoseWithinThem() {
    let ids = [2, 3, 5].map(Self.id)
    #expect(numbers(line.switched(ids, to: false)) == [2, 5, 6, 8])
    #expect(numbers(line.switched(ids, to: true)) == [3])
  }

  @Test func theNearestAncestorIsFoundAcrossThoseThatDoNotCount() {
    #expect(line.nearestAncestor(of: Self.id(7), among: [Self.id(1), Self.id(2)]) == Self.id(2))
    #expect(line.nearestAncestor(of: Self.id(1), among: [Self.id(7)]) == nil)
  }

  @Test func stepsWithinOthersAndUnknownOnesAreNotOutermost() {
    #expect(numbers(line.outermost([5, 6, 99].map(Self.id))) == [5])
  }

  @Test func aLongLineIsDecidedInOnePass() {
    let count: Int64 = 50_000
    let line = StepLine((1...count).map { Self.link($0, $0 == 1 ? nil : $0 - 1, isActive: $0 < 3) })
    #expect(line.rolledBackAncestry(of: Self.id(count)).count == Int(count) - 2)
    #expect(line.activeOutsideAncestry(of: Self.id(count)).isEmpty)
  }
}
