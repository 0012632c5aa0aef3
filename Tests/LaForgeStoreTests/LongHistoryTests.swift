import GRDB
import LaForgeCore
import LaForgeStore
import Synchronization
import Testing

/// Queries whose time must not grow with the number of steps.
@Suite struct LongHistoryTests {
  private let fixture: StoreFolderFixture
  private let store: SQLiteStepStore

  init() throws {
    fixture = try StoreFolderFixture()
    store = try fixture.open()
  }

  /// What SQLite does for the statements that a body runs, a line each.
  private func plans(_ body: () throws -> Void) throws -> [String] {
    let statements = Mutex<[String]>([])
    store.queue.writeWithoutTransaction { database in
      database.trace(options: .statement) { event in
        statements.withLock { $0.append(event.expandedDescription) }
      }
    }
    try body()
    return try store.queue.writeWithoutTransaction { database in
      database.trace(options: [])
      return try statements.withLock { $0 }.filter {
        ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains($0.prefix(while: \.isLetter))
      }.flatMap { sql in
        try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN \(sql)").map { row -> String in
          "\(row["detail"] as String) <- \(sql)"
        }
      }
    }
  }

  private func finished(
    _ start: NewStep = newStep(), moves: [ReferenceMove] = [], isEmpty: Bool = true
  ) throws -> StepID {
    var start = start
    start.stateBefore = .clean
    let id = try store.createStep(start).id
    var end = completion()
    end.stateAfter = isEmpty ? .clean : .snapshot
    end.headAfter = start.headBefore
    if !isEmpty { end.snapshotAfter = commit }
    end.commits = []
    end.referenceMoves = moves
    try store.finishStep(id, with: end)
    return id
  }

  @Test func noQueryOfARunScansTheSteps() throws {
    for _ in 0..<3 { _ = try finished() }
    let plans = try plans {
      _ = try store.begunSteps(worktree: "main")
      let step = try store.createStep(newStep())
      _ = try store.latestActiveStep(worktree: "main")
      _ = try store.stepAwaitingState(worktree: "main")
      _ = try store.closeInterruptedSteps { _ in false }
      _ = try store.runningSteps()
      try store.finishStep(step.id, with: completion())
    }
    #expect(plans.contains { $0.contains("steps_running") })
    for plan in plans {
      #expect(!plan.hasPrefix("SCAN steps") || plan.contains("steps_running"), "\(plan)")
      #expect(!plan.hasPrefix("SCAN dropped_commits"), "\(plan)")
      // A search of the whole line of a worktree is as long.
      #expect(!plan.contains("steps_by_line (worktree=?) "), "\(plan)")
    }
  }

  @Test func theLineOfAWorktreeIsReadFromItsIndexAlone() throws {
    let plans = try plans {
      _ = try store.stepLinks(worktree: "main")
      _ = try store.stepsWithEffect(worktree: "main")
      _ = try store.latestStepWithEffect(worktree: "main", before: StepID(rawValue: 9))
    }
    #expect(plans.contains { $0.contains("COVERING INDEX steps_by_line (worktree=?)") })
    #expect(plans.count { $0.contains("INDEX steps_with_effect") } == 2)
    #expect(!plans.contains { $0.hasPrefix("SCAN steps") })
  }

  @Test func linksHoldDescentAndActivity() throws {
    let first = try finished()
    let second = try finished()
    let within = try finished(newStep(enclosing: second))
    _ = try finished(newStep(worktree: "other"))
    try store.deactivateStep(second)
    #expect(
      try store.stepLinks(worktree: "main").sorted { $0.id < $1.id } == [
        StepLink(id: first, parent: nil), StepLink(id: second, parent: first, isActive: false),
        StepLink(id: within, parent: nil, enclosing: second),
      ])
  }

  @Test func stepsWithoutEffectAreSkipped() throws {
    let changed = try finished(isEmpty: false)
    for _ in 0..<3 { _ = try finished() }
    let last = try finished()
    #expect(try store.stepsWithEffect(worktree: "main") == [changed])
    #expect(try store.latestStepWithEffect(worktree: "main", before: last) == changed)
    try store.deactivateStep(changed)
    #expect(try store.latestStepWithEffect(worktree: "main", before: last) == nil)
  }

  @Test func aMovedReferenceIsAnEffect() throws {
    let move = ReferenceMove(name: "refs/heads/x", old: commit, new: nil)
    let mover = try finished(moves: [move])
    let last = try finished()
    #expect(try store.stepsWithEffect(worktree: "main") == [mover])
    #expect(try store.latestStepWithEffect(worktree: "main", before: last) == mover)
  }

  @Test func aStepThatStillRunsCountsAsOneWithEffect() throws {
    let id = try store.createStep(newStep()).id
    #expect(try store.stepsWithEffect(worktree: "main") == [id])
  }

  @Test func someStepsComeInFullInTheOrderOfTheirNumbers() throws {
    let ids = try (0..<4).map { _ in try finished(isEmpty: false) }
    let found = try store.steps([ids[3], ids[0]])
    #expect(found.map(\.id) == [ids[0], ids[3]])
    #expect(found.first == (try store.step(ids[0])))
    #expect(try store.steps([]).isEmpty)
  }
}
