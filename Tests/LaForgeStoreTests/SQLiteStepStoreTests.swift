import Foundation
import GRDB
import LaForgeCore
import LaForgeStore
import LaForgeTestSupport
import SystemPackage
import Testing

/// A common git directory of its own.
final class StoreFolderFixture {
  let path: FilePath

  init() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "laforge-store-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    path = FilePath(folder.resolvingSymlinksInPath().path)
  }

  deinit {
    do { try FileManager.default.removeItem(atPath: path.string) } catch { print(error) }
  }

  var database: String { path.appending("laforge/steps.db").string }

  func open() throws -> SQLiteStepStore { try SQLiteStepStore(creatingIn: path) }

  func mode(_ name: String) throws -> Int {
    let path = path.appending("laforge").appending(name).string
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? -1
  }
}

let start = Timestamp(millisecondsSince1970: 1_795_457_672_120)
let commit = ObjectID(hex: String(repeating: "a", count: 40))

func newStep(
  worktree: String = "main", enclosing: StepID? = nil, project: String = "web"
) -> NewStep {
  NewStep(
    projectID: project, worktree: worktree, worktreePath: "/home/ada/web", directory: "src",
    enclosing: enclosing, label: "tidy", command: ["claude", "-p", "fix it"],
    agentConfiguration: AgentConfiguration(
      agent: "claude", model: "m", maxTokens: 5, temperature: Decimal(string: "0.7"),
      systemPrompt: "be nice", tools: .array([.string("a")]), metadata: ["k": .number(1)]),
    headBefore: Head(branch: "refs/heads/main", commit: commit), startTime: start,
    agentProcess: AgentProcess(pid: 4711, startTicks: 99, machine: "here"))
}

func completion(
  _ termination: TerminationStatus = .exited(0), at milliseconds: Int64 = 1000
) -> StepCompletion {
  var usage = TokenUsage(TokenCounts(input: 1, output: 2, reasoning: 1), source: .stdout)
  usage.cost = Cost(microdollars: 33_865)
  usage.costSource = .agent
  usage.models = ["m": ModelUsage(counts: TokenCounts(input: 1, output: 2), cost: nil)]
  return StepCompletion(
    endedBy: .exit, termination: termination,
    endTime: Timestamp(millisecondsSince1970: start.millisecondsSince1970 + milliseconds),
    durationMilliseconds: 1000,
    headAfter: Head(branch: nil, commit: ObjectID(hex: String(repeating: "b", count: 40))),
    commits: [commit].compactMap { $0 },
    changes: ChangeSummary(filesChanged: 3, insertions: 40, deletions: 2),
    agentReportedError: false, agentConfiguration: newStep().agentConfiguration,
    tokenUsage: usage)
}

@Suite struct StoreTests {
  private let fixture: StoreFolderFixture

  init() throws {
    fixture = try StoreFolderFixture()
  }

  @Test func aStepComesBackAsItWasWritten() throws {
    let store = try fixture.open()
    let created = try store.createStep(newStep())
    #expect(created.id == StepID(rawValue: 1))
    #expect(try store.step(created.id) == created)
    try store.finishStep(created.id, with: completion())
    var finished = created
    finished.status = .completed
    finished.end = completion()
    #expect(try store.step(created.id) == finished)
    #expect(try SQLiteStepStore(readingIn: fixture.path).step(created.id) == finished)
  }

  @Test func anUnbornHeadIsTheNullObjectIDInItsColumn() throws {
    let store = try fixture.open()
    var step = newStep()
    step.headBefore = Head(branch: "refs/heads/main", commit: nil)
    let created = try store.createStep(step)
    #expect(try store.step(created.id)?.start.headBefore.commit == nil)
    let column = try DatabaseQueue(path: fixture.database).read {
      try String.fetchOne($0, sql: "SELECT commit_sha_before FROM steps")
    }
    #expect(column == String(repeating: "0", count: 40))
  }

  @Test func theDatabaseIsDurableAndForThisUserAlone() throws {
    let store = try fixture.open()
    _ = try store.createStep(newStep())
    #expect(try store.pragma("synchronous") == "2")
    #expect(try store.pragma("journal_mode") == "wal")
    #expect(try store.pragma("foreign_keys") == "1")
    #expect(try fixture.mode("") == 0o700)
    for name in ["steps.db", "steps.db-wal", "steps.db-shm", "run/1"] {
      #expect(try fixture.mode(name) == 0o600)
    }
  }

  @Test func theColumnsOfTheGoProgramKeepTheirNamesAndMeanings() throws {
    let store = try fixture.open()
    let created = try store.createStep(newStep())
    try store.finishStep(created.id, with: completion(.exited(3)))
    let row = try DatabaseQueue(path: fixture.database).read { database in
      try Row.fetchOne(
        database,
        sql: """
          SELECT id, active, parent_step_id, commit_sha_before, commit_sha_after, agent_config_json,
            start_time, end_time, duration_ms, token_usage_json, exit_code, project_id, created_at
          FROM steps
          """)
    }
    let found = try #require(row)
    #expect(found["active"] == 1)
    #expect(found["exit_code"] == 3)
    #expect(found["start_time"] == "2026-11-23T18:14:32.120Z")
    #expect(found["end_time"] == "2026-11-23T18:14:33.120Z")
    #expect(found["created_at"] == "2026-11-23T18:14:32.120Z")
    #expect(found["duration_ms"] == 1000)
    let usage = try TestJSON(parsing: found["token_usage_json"])
    #expect(usage["prompt_tokens"] == 1)
    #expect(usage["completion_tokens"] == 2)
    #expect(usage["total_tokens"] == 3)
  }

  @Test func numbersGoUpAndAreNeverUsedAgain() throws {
    let store = try fixture.open()
    #expect(try store.nextStepID() == StepID(rawValue: 1))
    _ = try store.createStep(newStep())
    let second = try store.createStep(newStep())
    try DatabaseQueue(path: fixture.database).write { database in
      try database.execute(sql: "DELETE FROM step_overlaps; DELETE FROM steps WHERE id = 2")
    }
    #expect(second.id == StepID(rawValue: 2))
    #expect(try store.nextStepID() == StepID(rawValue: 3))
    #expect(try store.createStep(newStep()).id == StepID(rawValue: 3))
  }

  @Test func theParentIsTheLatestFinishedActiveStepOfTheWorktree() throws {
    let store = try fixture.open()
    let first = try finished(store)
    let other = try finished(store, newStep(worktree: "side"))
    let running = try store.createStep(newStep())
    let second = try finished(store)
    #expect(first.parent == nil)
    #expect(other.parent == nil)
    #expect(running.parent == first.id)
    #expect(second.parent == first.id, "a step that still runs is no parent")
    try store.deactivateStep(second.id)
    try store.finishStep(running.id, with: completion())
    #expect(try store.createStep(newStep()).parent == running.id)
  }

  @Test func aStepWithinAnotherIsOnNoLine() throws {
    let store = try fixture.open()
    let outer = try store.createStep(newStep())
    let inner = try finished(store, newStep(enclosing: outer.id))
    #expect(inner.parent == nil)
    #expect(inner.overlaps.isEmpty)
    #expect(try store.latestActiveStep(projectID: "web", worktree: "main")?.id == outer.id)
    #expect(try store.createStep(newStep()).parent == nil)
    #expect(try store.steps(matching: StepFilter(includesEnclosed: true)).count == 3)
  }

  @Test func deactivatingAStepTakesItsDescendantsAndNoOthers() throws {
    let store = try fixture.open()
    let first = try finished(store)
    let second = try finished(store)
    let side = try finished(store, newStep(worktree: "side"))
    let third = try finished(store)
    let inner = try finished(store, newStep(enclosing: third.id))
    #expect(try store.deactivateStepAndDescendants(second.id) == [second.id, third.id, inner.id])
    #expect(try store.deactivateStepAndDescendants(second.id) == [])
    let active = try store.steps(matching: StepFilter(includesEnclosed: true)).map(\.id)
    #expect(active == [side.id, first.id])
    #expect(try store.countSteps(matching: StepFilter(activity: .any)) == 4)
    expectThrows(.noSuchStep) { _ = try store.deactivateStep(StepID(rawValue: 77)) }
    expectThrows(.noSuchStep) {
      _ = try store.deactivateStepAndDescendants(StepID(rawValue: 77))
    }
  }

  @Test func listsAreNewestFirstAndLimited() throws {
    let store = try fixture.open()
    for _ in 0..<5 { _ = try finished(store) }
    _ = try finished(store, newStep(project: "other"))
    let filter = StepFilter(projectID: "web", limit: 2)
    #expect(try store.steps(matching: filter).map(\.id.rawValue) == [5, 4])
    #expect(try store.countSteps(matching: filter) == 5)
  }

  @Test func rulesAreHeldByTypedErrors() throws {
    let store = try fixture.open()
    expectThrows(.invalidStep) { _ = try store.createStep(newStep(project: "")) }
    expectThrows(.invalidStep) { _ = try store.createStep(newStep(worktree: "")) }
    expectThrows(.invalidStep) {
      _ = try store.createStep(newStep(), parent: StepID(rawValue: 9))
    }
    expectThrows(.invalidStep) {
      _ = try store.createStep(newStep(enclosing: StepID(rawValue: 9)))
    }
    let step = try store.createStep(newStep())
    expectThrows(.invalidStep) {
      _ = try store.finishStep(step.id, with: completion(at: -1))
    }
    expectThrows(.noSuchStep) {
      _ = try store.finishStep(StepID(rawValue: 9), with: completion())
    }
    try store.finishStep(step.id, with: completion())
    expectThrows(.alreadyFinished) {
      _ = try store.finishStep(step.id, with: completion(.exited(1)))
    }
    #expect(try store.step(step.id)?.end?.termination == .exited(0))
  }

  @Test func aFailedInsertLeavesNeitherRowNorLock() throws {
    let store = try fixture.open()
    #expect(throws: StoreError.self) {
      try store.createStep(newStep(enclosing: StepID(rawValue: 9)))
    }
    #expect(try store.countSteps(matching: StepFilter(activity: .any)) == 0)
    let locks = try FileManager.default.contentsOfDirectory(
      atPath: fixture.path.appending("laforge/run").string)
    #expect(locks.isEmpty)
  }

  @Test func stepsThatRunAtOnceAreMarkedOnBothSides() throws {
    let store = try fixture.open()
    let first = try store.createStep(newStep())
    let second = try store.createStep(newStep())
    let side = try store.createStep(newStep(worktree: "side"))
    #expect(second.overlaps == [first.id])
    #expect(try store.step(first.id)?.overlaps == [second.id])
    #expect(side.overlaps.isEmpty)
  }

  private func finished(
    _ store: SQLiteStepStore, _ step: NewStep = newStep()
  ) throws -> Step {
    let created = try store.createStep(step)
    try store.finishStep(created.id, with: completion())
    return created
  }
}

/// Expects that a body throws a store's error of that code.
func expectThrows(
  _ code: StoreError.Code, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> Void
) {
  do {
    try body()
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
  } catch let error as StoreError {
    #expect(error.code == code, sourceLocation: sourceLocation)
  } catch {
    Issue.record("\(error) was thrown", sourceLocation: sourceLocation)
  }
}
