import LaForgeCore
import Testing

@Suite struct StepRecorderTests {
  private let effects = Effects()

  private struct World {
    let store: FakeStore
    let spool: FakeSpool
    let recorder: StepRecorder

    func record(_ request: RunRequest) async throws(RecordError) -> RecordedRun {
      try await recorder.record(request, meter: FakeMeter()) { _ in }
    }
  }

  private func makeWorld() -> World {
    let store = FakeStore(effects: effects)
    let spool = FakeSpool(effects: effects)
    let clock = RecordingClock(
      now: { Timestamp(millisecondsSince1970: 1_000_000) }, monotonicMilliseconds: { 5 })
    let recorder = StepRecorder(
      repository: FakeRepository(effects: effects), store: store, spool: spool,
      runner: FakeRunner(effects: effects), isAgentAlive: { _ in false }, clock: clock)
    return World(store: store, spool: spool, recorder: recorder)
  }

  private let request = RunRequest(
    command: AgentCommand(words: [Array("/bin/agent".utf8), Array("--api-key=abc".utf8)]),
    directory: "", label: nil, configuration: AgentConfiguration(), enclosing: nil,
    projectID: "web")

  @Test func theRowIsWrittenBetweenTheProcessAndItsProgram() async throws {
    let world = makeWorld()
    _ = try await world.record(request)
    #expect(
      effects.log == [
        "lock", "close", "head", "capture", "tips", "keep", "keep", "hold", "create", "protect",
        "release", "head", "capture", "keep", "tips", "commits", "tips", "keep",
        "finish", "unprotect",
      ])
  }

  @Test func theStepHoldsWhatTheOutputToldAndNoCredential() async throws {
    let run = try await makeWorld().record(request)
    #expect(run.step.start.command == ["/bin/agent", "--api-key=[redacted]"])
    #expect(run.step.agentConfiguration.agent == "agent")
    #expect(run.step.agentConfiguration.model == "m6")
    #expect(run.step.status == .failed)
    #expect(run.step.end?.termination == .exited(3))
    #expect(run.warnings.isEmpty)
  }

  /// Fails every call in turn: before the program runs nothing is left half done, afterwards the
  /// outcome is never lost.
  @Test(arguments: 1...20)
  func whicheverCallFailsTheRunIsEitherNotStartedOrRecorded(_ number: Int) async throws {
    let world = makeWorld()
    effects.failing = number
    do throws(RecordError) {
      let run = try await world.record(request)
      #expect(effects.log.contains("release"))
      #expect(run.step.end?.termination == .exited(3))
      #expect(number == 11 || !run.warnings.isEmpty)
      let recorded = world.store.steps.values.first?.end ?? world.spool.kept.first?.end
      #expect(recorded?.termination == .exited(3))
    } catch {
      #expect(!effects.log.contains("release"))
      #expect(world.store.steps.values.allSatisfy { $0.status == .failed })
      #expect(effects.log.contains("abandon") == effects.log.contains("create"))
    }
    #expect(effects.log.count >= number)
  }

  @Test func aRecordThatFitsNowhereIsHandedToTheCaller() async throws {
    let world = makeWorld()
    effects.failing = 19
    let spool = FailingSpool()
    let recorder = StepRecorder(
      repository: FakeRepository(effects: effects), store: world.store, spool: spool,
      runner: FakeRunner(effects: effects), isAgentAlive: { _ in false },
      clock: RecordingClock(
        now: { Timestamp(millisecondsSince1970: 0) }, monotonicMilliseconds: { 0 }))
    let run = try await recorder.record(request, meter: FakeMeter()) { _ in }
    let full = StoreError(code: .diskFull, message: "full", path: "finish")
    #expect(run.warnings == [.notKept(cause: full)])
    #expect(run.step.end?.termination == .exited(3))
  }

  @Test func aSpooledRecordIsTakenInByTheNextRunOnce() async throws {
    let world = makeWorld()
    effects.failing = 19
    _ = try await world.record(request)
    #expect(world.spool.kept.count == 1)
    effects.failing = nil
    _ = try await world.record(request)
    #expect(world.spool.kept.isEmpty)
    #expect(world.store.steps.count == 2)
    #expect(world.store.steps.values.allSatisfy { $0.end != nil })
  }

  @Test func aRecordThatCannotBeTakenInDoesNotStopTheNextRun() async throws {
    let world = makeWorld()
    effects.failing = 19
    _ = try await world.record(request)
    effects.failing = effects.log.count + 2
    let run = try await world.record(request)
    #expect(
      run.warnings == [.spoolRefused(SpoolRefusal(path: "/spool", reason: "full"))])
  }
}

private struct FailingSpool: StepSpool {
  func keep(_ step: Step, storeID: String) throws(StoreError) -> String {
    throw StoreError(code: .diskFull, message: "full", path: "")
  }

  func waiting(storeID: String) -> (steps: [SpooledStep], refusals: [SpoolRefusal]) { ([], []) }
  func remove(_ spooled: SpooledStep) throws(StoreError) {}
}
