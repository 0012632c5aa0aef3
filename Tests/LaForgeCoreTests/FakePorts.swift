import LaForgeCore
import SystemPackage

/// What the ports did, in order, and which call of theirs is to fail.
final class Effects {
  private(set) var log: [String] = []
  /// The number of the call that fails, from 1; `nil` for none.
  var failing: Int?

  /// Notes a call and tells whether it fails.
  func fails(_ name: String) -> Bool {
    log.append(name)
    return log.count == failing
  }
}

struct FakeRepository: StateMover {
  let effects: Effects
  var location = RepositoryLocation(
    gitDirectory: "/web/.git", commonDirectory: "/web/.git", workingTree: "/web",
    linkedName: nil)
  /// The state that is found before the program runs, and after it.
  static let snapshot = ObjectID(hex: String(repeating: "5", count: 40))
  static let protection = ObjectID(hex: String(repeating: "a", count: 40))

  func head() throws(RepositoryError) -> Head {
    let cause = GitError(code: .init(rawValue: -1), message: "no", function: "f")
    if effects.fails("head") { throw .unreadable(path: "/web", cause: cause) }
    return Self.head
  }

  static let head = Head(branch: "refs/heads/main", commit: nil)

  func referenceTips() throws(GitError) -> ReferenceTips {
    try fail("tips")
    return ReferenceTips()
  }

  func commitsMade(
    since before: RepositoryPosition, until after: RepositoryPosition
  ) throws(GitError) -> [ObjectID] {
    try fail("commits")
    return []
  }

  func changes(from old: ObjectID?, to new: ObjectID?) throws(GitError) -> ChangeSummary {
    try fail("changes")
    return .none
  }

  func configuration(_ name: String) throws(GitError) -> String? { nil }
  func flag(_ name: String) throws(GitError) -> Bool? { nil }
  func abbreviation(of id: ObjectID) -> String { String(id.hex.prefix(7)) }

  // MARK: - States

  func captureState() throws(GitError) -> CapturedState {
    try fail("capture")
    return CapturedState(state: RepositoryState(head: Self.head, snapshot: Self.snapshot))
  }

  func difference(
    from old: RepositoryState, to new: RepositoryState
  ) throws(GitError) -> StateDifference {
    StateDifference(head: Change(old: old.head, new: new.head))
  }

  func filesTree(of state: RepositoryState) throws(GitError) -> ObjectID? { nil }
  func objectForDiff(of state: RepositoryState) throws(GitError) -> ObjectID { try missing() }
  func files(of state: RepositoryState, at paths: [GitPath]) throws(GitError) -> Set<GitPath> {
    []
  }

  func keep(_ request: KeepRequest, recorded: ObjectID?) throws(GitError) -> KeepOutcome {
    try fail("keep")
    return .nothingNew
  }
  func isKeptWhole(recorded: ObjectID?) throws(GitError) -> Bool { true }
  func rebuildKept(
    _ ids: Set<ObjectID>, recorded: ObjectID?, earlier: [ObjectID]
  ) throws(GitError) -> KeepGeneration { try missing() }
  func releasePacks(at now: Timestamp, needed: ObjectID?) throws(GitError) -> Bool { false }
  func joinPacks(without unwanted: Set<ObjectID>) throws(GitError) {}

  func unreachableCommits(
    from commits: Set<ObjectID>, limit: Int
  ) throws(GitError) -> [ObjectID] { [] }
  func contents(introducedBy commits: [ObjectID]) throws(GitError) -> Set<ObjectID> { [] }
  func annotatedTags(among ids: Set<ObjectID>) throws(GitError) -> Set<ObjectID> { [] }
  func secure(_ id: ObjectID) throws(GitError) -> Bool { true }
  func makeProtectingCommit(of commits: [ObjectID]) throws(GitError) -> ObjectID? {
    Self.protection
  }

  func protect(_ step: StepID, with commit: ObjectID) throws(GitError) { try fail("protect") }
  func protectedCommits(of step: StepID) throws(GitError) -> Set<ObjectID> { [] }
  func unprotect(_ step: StepID) throws(GitError) { try fail("unprotect") }
  func otherParts(of rewrite: CommitRewrite) -> [ObjectID] { [] }

  // MARK: - Moves, which a recording never makes

  func lockIndex(for operation: OperationID) throws(OperationError) -> any IndexLock {
    throw .nothingToUndo
  }

  func setAside(_ lock: LockReport, for operation: OperationID) throws(GitError) {}
  func removeIndexLock(of operation: OperationID) throws(GitError) {}
  func removeAbandonedLocks() throws(OperationError) -> [String] { [] }
  func filesInTheWay(of plan: StatePlan) throws(GitError) -> [GitPath] { [] }
  func extend(
    _ state: RepositoryState, with paths: [GitPath]
  ) throws(GitError) -> CapturedState { try missing() }
  func result(of plan: StatePlan) throws(GitError) -> RepositoryState { try missing() }
  func uncovered(
    _ paths: [GitPath], in state: RepositoryState
  ) throws(GitError) -> Set<GitPath> { [] }
  func outsideSparseCheckout(_ paths: [GitPath]) throws(GitError) -> Set<GitPath> { [] }
  func keepReachable(_ commits: [ObjectID], for step: StepID) throws(GitError) {}
  func protectingCommit(of step: StepID) throws(GitError) -> ObjectID? { nil }
  func staged(
    in state: RepositoryState, at paths: [GitPath]
  ) throws(GitError) -> [GitPath: TrackedEntry] { [:] }
  func protectedSteps() -> [StepID] { [] }
  func removeLeftovers() {}
  var hasBegunMark: Bool { false }
  func markBegunSteps(_ areThere: Bool) {}
  func hasWorktree(_ name: String) -> Bool { true }
  func onDisk(_ paths: some Sequence<GitPath>) -> Set<GitPath> { [] }
  func missingContents(of plan: StatePlan) throws(GitError) -> [GitPath] { [] }
  func commitsLeaving(
    from old: ObjectID?, to new: ObjectID?
  ) throws(GitError) -> (commits: [ObjectID], pushed: [String: ObjectID]) { ([], [:]) }
  func apply(
    _ plan: StatePlan, to result: RepositoryState, message: String, holding lock: any IndexLock
  ) throws(OperationError) {}
  func export(
    _ files: [GitPath], of state: RepositoryState, to folder: String
  ) throws(GitError) {}
  func waitForChildren(of operation: OperationID) {}

  private func fail(_ name: String) throws(GitError) {
    if effects.fails(name) {
      throw GitError(code: .init(rawValue: -1), message: "no", function: name)
    }
  }

  private func missing<Value>() throws(GitError) -> Value {
    throw GitError(code: .init(rawValue: -1), message: "not in this fake", function: "fake")
  }
}

final class FakeStore: StepStore, StateLedger, OperationStore {
  let effects: Effects
  let storeID = "0123abcd"
  private(set) var steps: [StepID: Step] = [:]

  init(effects: Effects) {
    self.effects = effects
  }

  func createStep(_ step: NewStep) throws(StoreError) -> Step {
    try fail("create")
    let id = StepID(rawValue: Int64(steps.count + 1))
    let created = Step(
      id: id, start: step, isActive: true, parent: nil, status: .running, end: nil, overlaps: [],
      createdAt: step.startTime)
    steps[id] = created
    return created
  }

  func createStep(
    _ step: NewStep, begun: BegunStep.Baseline
  ) throws(StoreError) -> Step { try createStep(step) }

  func handOver(_ id: StepID) {}
  func begunSteps(worktree: String) -> [BegunStep] { [] }

  func finishStep(_ id: StepID, with completion: StepCompletion) throws(StoreError) {
    try fail("finish")
    guard var step = steps[id] else {
      throw StoreError(code: .noSuchStep, message: "no", path: "")
    }
    step.status = completion.status
    step.end = completion
    steps[id] = step
  }

  func closeInterruptedSteps(where isOver: (Step) -> Bool) throws(StoreError) -> [StepID] {
    try fail("close")
    return []
  }

  func stepAwaitingState(worktree: String) throws(StoreError) -> StepID? { nil }

  func hookNotes() -> [HookNote] { [] }
  func commitRecord() throws(StoreError) -> CommitRecord { CommitRecord() }
  func takeIn(_ notes: [HookNote]) throws(StoreError) {}

  func adoptStep(_ step: Step) throws(StoreError) {
    try fail("adopt")
    steps[step.id] = step
  }

  func step(_ id: StepID) throws(StoreError) -> Step? { steps[id] }
  func latestActiveStep(worktree: String) throws(StoreError) -> Step? {
    steps.values.max { $0.id < $1.id }
  }
  func steps(matching filter: StepFilter) throws(StoreError) -> [Step] { Array(steps.values) }
  func countSteps(matching filter: StepFilter) throws(StoreError) -> Int { steps.count }
  func runningSteps() throws(StoreError) -> [Step] {
    steps.values.filter { $0.status == .running }
  }
  func isRecorderAlive(_ id: StepID) throws(StoreError) -> Bool { false }
  func recorder(of id: StepID) throws(StoreError) -> Int32? { nil }
  func waitForEnd(of id: StepID, milliseconds: Int64) throws(StoreError) -> Bool { true }
  func recordLate(_ state: LateState, of id: StepID) throws(StoreError) {}
  func lockWorktree(_ worktree: String) throws(StoreError) -> AnyObject {
    try fail("lock")
    return effects
  }

  // MARK: - States

  func lockKeepReference() throws(StoreError) -> AnyObject { effects }
  func keepValue() throws(StoreError) -> ObjectID? { nil }
  func notKept(_ ids: Set<ObjectID>) throws(StoreError) -> Set<ObjectID> { ids }
  func unkeptRecords() throws(StoreError) -> [RecordSegment] { [] }
  func recordKeep(
    _ generation: KeepGeneration, _ segments: [RecordSegment], at time: Timestamp
  ) throws(StoreError) {}
  func lastTips() throws(StoreError) -> ProtectedTips? { nil }
  func recordTips(_ tips: ProtectedTips, at time: Timestamp) throws(StoreError) {}
  func takeSuperseded(before time: Timestamp) throws(StoreError) -> [ObjectID] { [] }
  func lastProtection() throws(StoreError) -> ObjectID? { nil }
  func earlierKeepValues() throws(StoreError) -> [ObjectID] { [] }
  func recordedObjects() throws(StoreError) -> Set<ObjectID> { [] }
  func recordedStates(of snapshots: Set<ObjectID>) throws(StoreError) -> [RecordedSnapshot] { [] }

  // MARK: - Operations

  func beginOperation(
    _ kind: OperationKind, worktree: String, title: String, reverses: OperationID?,
    at time: Timestamp
  ) throws(StoreError) -> Operation {
    throw StoreError(code: .failed, message: "not in this fake", path: "")
  }
  func recordPlan(_ plan: StatePlan, of operation: OperationID) throws(StoreError) {}
  func finishOperation(
    _ operation: Operation, after: RepositoryState, at time: Timestamp
  ) throws(StoreError) {}
  func abandonOperation(_ id: OperationID, at time: Timestamp) throws(StoreError) {}
  func operation(_ id: OperationID) throws(StoreError) -> Operation? { nil }
  func operations(worktree: String, limit: Int?) throws(StoreError) -> [Operation] { [] }
  func openOperations(worktree: String) throws(StoreError) -> [Operation] { [] }
  func cutOffOperation(worktree: String) throws(StoreError) -> Operation? { nil }
  func latestOnStack(
    worktree: String, kinds: Set<OperationKind>
  ) throws(StoreError) -> Operation? { nil }
  func contestedReferences(of steps: [StepID]) throws(StoreError) -> Set<String> { [] }
  func stepLinks(worktree: String) throws(StoreError) -> [StepLink] { [] }
  func stepsWithEffect(worktree: String) throws(StoreError) -> Set<StepID> { [] }
  func latestStepWithEffect(
    worktree: String, before step: StepID
  ) throws(StoreError) -> StepID? { nil }
  func steps(_ ids: [StepID]) throws(StoreError) -> [Step] { [] }

  private func fail(_ name: String) throws(StoreError) {
    if effects.fails(name) { throw StoreError(code: .diskFull, message: "full", path: name) }
  }
}

final class FakeSpool: StepSpool {
  let effects: Effects
  var kept: [Step] = []

  init(effects: Effects) {
    self.effects = effects
  }

  func keep(_ step: Step, storeID: String) throws(StoreError) -> String {
    if effects.fails("spool") { throw StoreError(code: .diskFull, message: "full", path: "") }
    kept.append(step)
    return "/spool/\(step.id.rawValue).json"
  }

  func waiting(storeID: String) -> (steps: [SpooledStep], refusals: [SpoolRefusal]) {
    (kept.map { SpooledStep(path: "/spool", step: $0) }, [])
  }

  func remove(_ spooled: SpooledStep) throws(StoreError) {
    if effects.fails("unspool") { throw StoreError(code: .readOnly, message: "no", path: "") }
    kept.removeAll { $0.id == spooled.step.id }
  }
}

struct FakeRunner: AgentRunner {
  let effects: Effects

  func hold(
    _ command: AgentCommand, storeID: String, options: AgentOptions
  ) throws(AgentLaunchError) -> any HeldAgent {
    if effects.fails("hold") { throw AgentLaunchError(function: "fork", errorNumber: 11) }
    return FakeAgent(effects: effects)
  }
}

final class FakeAgent: HeldAgent {
  let effects: Effects
  let process = AgentProcess(pid: 4711, startTicks: 1, machine: "m")
  let route = OutputRoute.pipe

  init(effects: Effects) {
    self.effects = effects
  }

  func release(as step: StepID, observe: (AgentEvent) -> EndReason?) -> AgentOutcome {
    _ = effects.fails("release")
    let text = Array("hello\n".utf8)
    _ = text.withUnsafeBytes { observe(.output(.standardOutput, $0)) }
    _ = observe(.ended)
    return AgentOutcome(termination: .exited(3), endedBy: .exit)
  }

  func abandon() {
    _ = effects.fails("abandon")
  }
}

/// Counts what it is fed and reports a model.
struct FakeMeter: UsageMeter {
  private var bytes = 0
  let costSoFar: Cost? = nil

  mutating func consume(_ bytes: UnsafeRawBufferPointer, from stream: AgentStream) {
    self.bytes += bytes.count
  }

  mutating func finish(usageFile: [UInt8]?, wasKilled: Bool) -> UsageReport {
    UsageReport(usage: nil, model: "m\(bytes)", agentReportedError: nil)
  }
}
