import Testing

@testable import LaForgeCore

/// Whose work lies between recorded states.
@Suite struct StepTimelineTests {
  /// A step whose states are clean commits named by its number.
  private func step(
    _ number: Int64, overlaps: [Int64] = [], endsAt end: Int64? = nil, knowsBefore: Bool = true,
    knowsAfter: Bool = true, status: StepStatus = .completed
  ) -> Step {
    func head(_ digit: String) -> Head {
      let digits = String("\(digit)\(number)")
      return Head(
        branch: nil,
        commit: ObjectID(hex: digits + String(repeating: "0", count: 40 - digits.count)))
    }
    let start = NewStep(
      projectID: "p", headBefore: head("b"), stateBefore: knowsBefore ? .clean : .unknown,
      startTime: Timestamp(millisecondsSince1970: number * 10))
    let completion = StepCompletion(
      endedBy: .exit, termination: .exited(0),
      endTime: Timestamp(millisecondsSince1970: end ?? number * 10 + 5), durationMilliseconds: 5,
      headAfter: head("a"), stateAfter: knowsAfter ? .clean : .unknown)
    let isEnded = status != .running && status != .interrupted
    return Step(
      id: StepID(rawValue: number), start: start, isActive: true, parent: nil, status: status,
      end: isEnded ? completion : nil, overlaps: overlaps.map(StepID.init(rawValue:)),
      createdAt: start.startTime)
  }

  /// The moments by their commits, each with its owner, and the owner since.
  private func story(_ steps: Step...) -> String {
    let timeline = StepTimeline(steps)
    func name(_ owner: WorkOwner) -> String {
      (owner.steps.map(\.description) + (owner.mayBePersons ? ["you"] : [])).joined(separator: "/")
    }
    let moments = timeline.moments.map { moment in
      "\(moment.state.head.commit?.hex.prefix(2) ?? "?")=\(name(moment.owner))"
    }
    return (moments + ["now=\(name(timeline.ownerSince))"]).joined(separator: " ")
  }

  @Test func betweenStepsItIsThePersons() {
    #expect(story(step(1), step(2)) == "b1=you a1=S1 b2=you a2=S2 now=you")
  }

  @Test func whileOneRunsItIsTheSteps() {
    #expect(story(step(1), step(2, status: .running)) == "b1=you a1=S1 b2=you now=S2")
  }

  @Test func whatOverlappingStepsDidIsOneOfTheirs() {
    #expect(
      story(step(1, overlaps: [2], endsAt: 50), step(2, overlaps: [1], endsAt: 60))
        == "b1=you b2=S1 a1=S1/S2 a2=S2 now=you")
  }

  @Test func aClockThatWasSetBackMakesNoOverlap() {
    #expect(story(step(1, endsAt: 999), step(2)) == "b1=you a1=S1 b2=you a2=S2 now=you")
  }

  @Test func acrossAnUnknownStateItIsUncertain() {
    #expect(story(step(1, knowsAfter: false), step(2)) == "b1=you b2=S1/you a2=S2 now=you")
    #expect(story(step(1), step(2, knowsBefore: false)) == "b1=you a1=S1 a2=S2/you now=you")
    #expect(story(step(1, status: .interrupted)) == "b1=you now=S1/you")
  }
}
