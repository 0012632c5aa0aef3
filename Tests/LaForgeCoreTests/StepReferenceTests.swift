import LaForgeCore
import Testing

@Suite struct StepReferenceTests {
  @Test(arguments: ["7", "S7", "s7", "007"])
  func aNumberNamesAStepWithOrWithoutItsLetter(_ text: String) {
    #expect(StepReference(parsing: text) == .id(StepID(rawValue: 7)))
  }

  @Test(arguments: [("@", 0), ("@-", 1), ("@-3", 3), ("@-0", 0)])
  func anAtSignCountsBackFromTheLatestStep(_ text: String, _ back: Int) {
    #expect(StepReference(parsing: text) == .latest(back: back))
  }

  @Test(arguments: [
    "", "S", "0", "-1", "S-1", "+7", "7x", "src/x", "@3", "@--", "@-x", "@+1", "٧", "7 ",
    "99999999999999999999", "@-99999999999999999999",
  ])
  func anythingElseNamesNone(_ text: String) {
    #expect(StepReference(parsing: text) == nil)
  }
}
