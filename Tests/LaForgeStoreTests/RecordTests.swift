import Foundation
import GRDB
import LaForgeCore
import LaForgeStore
import SystemPackage
import Testing

/// A lost database comes back row by row from the files beside it.
@Suite struct RecordTests {
  private let fixture: StoreFolderFixture

  init() throws {
    fixture = try StoreFolderFixture()
  }

  private static func id(_ digit: Character) -> ObjectID {
    guard let id = ObjectID(hex: String(repeating: digit, count: 40)) else {
      preconditionFailure("'\(digit)' is not a hexadecimal digit")
    }
    return id
  }

  private static func later(_ seconds: Int64) -> Timestamp {
    Timestamp(millisecondsSince1970: start.millisecondsSince1970 + seconds * 1000)
  }

  /// Everything that a store can be told, in one history.
  private func makeHistory(_ store: SQLiteStepStore) throws {
    try runs(store)
    try operations(store)
    try states(store)
    // One that still runs.
    _ = try store.createStep(newStep(worktree: "running"))
  }

  private func runs(_ store: SQLiteStepStore) throws {
    let first = try store.createStep(newStep())
    let overlapping = try store.createStep(newStep())
    let within = try store.createStep(newStep(enclosing: first.id))
    try store.addCommit(Self.id("1"), to: first.id)
    try store.addCommit(Self.id("2"), to: first.id)
    var end = completion()
    end.commits = [Self.id("2")]
    end.referenceMoves = [
      ReferenceMove(name: "refs/heads/x", old: nil, new: commit),
      ReferenceMove(name: "refs/heads/\"ü\u{1}\\", old: commit, new: nil),
    ]
    end.droppedStashes = [Self.id("3"), Self.id("4")]
    end.lost = [LostWork(path: "notes\n.md", kind: .deleted)]
    try store.finishStep(within.id, with: completion(.exited(3)))
    try store.finishStep(first.id, with: end)
    try store.finishStep(overlapping.id, with: completion(.signaled(9)))
    var note = HookNote(path: fixture.path.appending("no-note").string)
    note.commits = [(Self.id("5"), first.id)]
    note.rewrites = [
      CommitRewrite(old: Self.id("2"), new: Self.id("6")),
      CommitRewrite(old: Self.id("6"), new: Self.id("7")),
      CommitRewrite(old: Self.id("8"), new: Self.id("9")),
    ]
    try store.takeIn([note])
    try store.replaceUsage(of: first.id, with: nil, nil, AgentConfiguration(agent: "other"))
    try store.recordOutputSizes([first.id: 12, overlapping.id: nil])
    _ = try store.createStep(
      newStep(worktree: "begun"),
      begun: BegunStep.Baseline(
        session: "s", monotonicMilliseconds: 5,
        references: BegunStep.References(tips: ReferenceTips(), progress: [])))
    let cut = try store.createStep(newStep(worktree: "cut"))
    store.handOver(cut.id)
    _ = try store.closeInterruptedSteps { $0.id == cut.id }
    try store.recordLate(
      LateState(
        head: Head(branch: nil, commit: commit), snapshot: Self.id("a"),
        referenceMoves: [ReferenceMove(name: "refs/x", old: commit, new: nil)],
        droppedStashes: [Self.id("b")]), of: cut.id)
    let spooled = try store.createStep(newStep(worktree: "spooled"))
    var adopted = spooled
    adopted.end = completion()
    try store.adoptStep(adopted)
    adopted.start.startTime = Self.later(-9)
    try store.adoptStep(adopted)
  }

  private func operations(_ store: SQLiteStepStore) throws {
    let head = Head(branch: "refs/heads/main", commit: commit)
    let state = RepositoryState(head: head, snapshot: Self.id("c"))
    var plan = StatePlan(from: state, head: Change(old: head, new: head))
    plan.deactivates = [StepID(rawValue: 1), StepID(rawValue: 3)]
    func perform(
      _ kind: OperationKind, reverses: OperationID? = nil, plan: StatePlan
    ) throws -> LaForgeCore.Operation {
      var operation = try store.beginOperation(
        kind, worktree: "main", title: "S1", reverses: reverses, at: Self.later(10))
      try store.recordPlan(plan, of: operation.id)
      operation.plan = plan
      try store.finishOperation(operation, after: state, at: Self.later(11))
      return operation
    }
    let undo = try perform(.undo, plan: plan)
    var back = plan
    (back.activates, back.deactivates) = (plan.deactivates, [])
    let redo = try perform(.redo, reverses: undo.id, plan: back)
    _ = try perform(.undo, reverses: redo.id, plan: plan)
    _ = try perform(.rollback, plan: plan)
    _ = try perform(.redo, plan: back)
    _ = try perform(.restore, plan: StatePlan(from: state, head: Change(old: head, new: head)))
    let abandoned = try store.beginOperation(
      .undo, worktree: "main", title: "S2", reverses: nil, at: Self.later(12))
    try store.abandonOperation(abandoned.id, at: Self.later(13))
    let open = try store.beginOperation(
      .rollback, worktree: "main", title: "to S2", reverses: nil, at: Self.later(14))
    try store.recordPlan(plan, of: open.id)
    try store.deactivateStep(StepID(rawValue: 2))
    _ = try store.deactivateStepAndDescendants(StepID(rawValue: 1))
  }

  /// A run that clears the stack, and what is kept alive.
  private func states(_ store: SQLiteStepStore) throws {
    let step = try store.createStep(newStep())
    try store.finishStep(step.id, with: completion())
    let parts: [(ObjectID, Set<ObjectID>, Set<ObjectID>)] = [
      (Self.id("1"), [Self.id("a"), Self.id("b")], []), (Self.id("2"), [], [Self.id("b")]),
      (Self.id("1"), [Self.id("c")], []),
    ]
    for (number, part) in parts.enumerated() {
      let segments = try store.unkeptRecords()
      let generation = KeepGeneration(
        tag: part.0, tree: Self.id("d"), added: part.1, lost: part.2,
        replacesAll: number == 2)
      try store.recordKeep(generation, segments, at: Self.later(Int64(20 + number)))
    }
    for (number, targets) in [
      ["refs/heads/a": Self.id("1"), "refs/heads/b": Self.id("2")],
      ["refs/heads/b": Self.id("3"), "refs/heads/c d": Self.id("4")],
    ].enumerated() {
      try store.recordTips(
        ProtectedTips(targets: targets, commit: number == 0 ? Self.id("e") : Self.id("f")),
        at: Self.later(Int64(30 + number)))
    }
    _ = try store.takeSuperseded(before: Self.later(21))
  }

  /// Every row of every table, the place in the record left out.
  private func dump(_ fixture: StoreFolderFixture) throws -> [String] {
    try Self.dump(DatabaseQueue(path: fixture.database))
  }

  private static func dump(_ queue: DatabaseQueue) throws -> [String] {
    try queue.read { database in
      let tables = try String.fetchAll(
        database,
        sql: """
          SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'record'
            AND name <> 'grdb_migrations' ORDER BY name
          """)
      return try tables.flatMap { table in
        try Row.fetchAll(database, sql: "SELECT * FROM \(table)").map { "\(table): \($0)" }
      }
    }
  }

  private func folder(_ name: String) -> String {
    fixture.path.appending("laforge").appending(name).string
  }

  private func remove(_ names: String...) throws {
    for name in names where FileManager.default.fileExists(atPath: folder(name)) {
      try FileManager.default.removeItem(atPath: folder(name))
    }
  }

  /// What can become of the files.
  enum Loss: String, CaseIterable, Sendable {
    case databaseGone, databaseEmpty, databaseGarbage, walGone, garbageBesideWAL
    case databaseGoneWithCopy, databaseAndRecordGone
  }

  /// Copies the files of the store, as another process finds them, without what was lost.
  private func lose(_ loss: Loss) throws -> StoreFolderFixture {
    let copy = try StoreFolderFixture()
    let source = fixture.path.appending("laforge").string
    let target = copy.path.appending("laforge").string
    try FileManager.default.copyItem(atPath: source, toPath: target)
    func remove(_ names: String...) throws {
      for name in names where FileManager.default.fileExists(atPath: "\(target)/\(name)") {
        try FileManager.default.removeItem(atPath: "\(target)/\(name)")
      }
    }
    func overwrite(_ data: Data) throws {
      try data.write(to: URL(filePath: copy.database))
    }
    switch loss {
    case .databaseGone, .databaseGoneWithCopy:
      try remove("steps.db", "steps.db-wal", "steps.db-shm")
    case .databaseEmpty:
      try remove("steps.db-wal", "steps.db-shm")
      try overwrite(Data())
    case .databaseGarbage:
      try remove("steps.db-wal", "steps.db-shm")
      try overwrite(Data(repeating: 0x58, count: 9000))
    case .garbageBesideWAL: try overwrite(Data(repeating: 0x58, count: 9000))
    case .walGone: try remove("steps.db-wal", "steps.db-shm")
    case .databaseAndRecordGone:
      try remove("steps.db", "steps.db-wal", "steps.db-shm", "record.jsonl")
      let reference = copy.path.appending("refs/laforge/keep").string
      try FileManager.default.createDirectory(
        atPath: copy.path.appending("refs/laforge").string, withIntermediateDirectories: true)
      try Data().write(to: URL(filePath: reference))
    }
    return copy
  }

  @Test(arguments: Loss.allCases)
  func aLostDatabaseComesBackRowByRow(_ loss: Loss) throws {
    let store = try fixture.open()
    try makeHistory(store)
    if loss == .databaseGoneWithCopy {
      try store.backUp(on: start)
      let step = try store.createStep(newStep(worktree: "after the copy"))
      try store.finishStep(step.id, with: completion())
    }
    let before = try dump(fixture)
    let copy = try lose(loss)
    let content = try Data(contentsOf: URL(filePath: folder("record.jsonl")))
    let lines = content.split(separator: UInt8(ascii: "\n"))
    let sources = RebuildSources(segments: [
      RecordSegment(first: 1, last: Int64(lines.count), bytes: Array(content))
    ])

    // What only reads shows the same and writes nothing.
    let files = copy.path.appending("laforge").string
    let names = try FileManager.default.contentsOfDirectory(atPath: files)
    let reading = try SQLiteStepStore(readingIn: copy.path, rebuildingFrom: sources)
    #expect(reading.repair != nil)
    #expect(try Self.dump(reading.queue) == before)
    #expect(
      Set(try FileManager.default.contentsOfDirectory(atPath: files)).subtracting(names)
        .subtracting(["steps.db-shm", "steps.db-wal"]).isEmpty)
    expectThrows(.lost) { _ = try SQLiteStepStore(changingIn: copy.path, rebuildingFrom: nil) }

    let again = try SQLiteStepStore(changingIn: copy.path, rebuildingFrom: sources)
    #expect(again.storeID == store.storeID)
    #expect(again.repair != nil)
    #expect(try dump(copy) == before)
    let next = try again.createStep(newStep())
    #expect(next.id.rawValue == Int64(before.count { $0.hasPrefix("steps:") }) + 1)
    #expect(try copy.open().repair == nil)
    #expect(try copy.mode("record.jsonl") == 0o600)
  }

  @Test func aRecordThatIsGoneIsWrittenAgain() throws {
    let store = try fixture.open()
    try makeHistory(store)
    try remove("record.jsonl")
    _ = try store.createStep(newStep())
    let before = try dump(fixture)
    let copy = try lose(.databaseGone)
    #expect(try copy.open().repair?.fault == .missing)
    #expect(try dump(copy) == before)
  }

  @Test(arguments: [1, 40])
  func aTornEndIsMendedByTheNextTransaction(_ missing: Int) throws {
    let store = try fixture.open()
    try makeHistory(store)
    let url = URL(filePath: folder("record.jsonl"))
    let content = try Data(contentsOf: url)
    try content.dropLast(missing).write(to: url)
    _ = try store.createStep(newStep())
    #expect(try Data(contentsOf: url).starts(with: content))
    let before = try dump(fixture)
    let copy = try lose(.databaseGone)
    _ = try copy.open()
    #expect(try dump(copy) == before)
  }

  @Test func aTornEndDoesNotSpoilTheRebuilding() throws {
    let store = try fixture.open()
    let first = try store.createStep(newStep())
    try store.finishStep(first.id, with: completion())
    let before = try dump(fixture)
    _ = try store.createStep(newStep())
    let url = URL(filePath: folder("record.jsonl"))
    try Data(contentsOf: url).dropLast(30).write(to: url)
    let copy = try lose(.databaseGone)
    let again = try copy.open()
    #expect(again.repair?.unreadableLines == 1)
    #expect(
      try dump(copy).filter { !$0.hasPrefix("sqlite_sequence") }
        == before.filter { !$0.hasPrefix("sqlite_sequence") })
    // Its lock file is all that is left of the step that ran.
    #expect(try again.createStep(newStep()).id.rawValue == 3)
    let mended = try Data(
      contentsOf: URL(filePath: copy.path.appending("laforge/record.jsonl").string))
    #expect(mended.last == UInt8(ascii: "\n"))
  }

  @Test func numbersThatReferencesNameAreNotGivenOutAgain() throws {
    let store = try fixture.open()
    _ = try store.createStep(newStep())
    let copy = try lose(.databaseGone)
    let again = try SQLiteStepStore(
      changingIn: copy.path,
      rebuildingFrom: RebuildSources(steps: [StepID(rawValue: 7)]))
    #expect(try again.nextStepID() == StepID(rawValue: 8))
  }

  @Test func aDatabaseFromBeforeTheRecordIsWrittenIntoOne() throws {
    let store = try fixture.open()
    try makeHistory(store)
    try store.queue.writeWithoutTransaction {
      try $0.execute(sql: "UPDATE record SET lines = 0, bytes = 0, tail = '', is_stale = TRUE")
    }
    try remove("record.jsonl")
    _ = try store.createStep(newStep())
    let before = try dump(fixture)
    let copy = try lose(.databaseGone)
    _ = try copy.open()
    #expect(try dump(copy) == before)
  }

  @Test func theRecordOfAnotherStoreIsNotTakenIn() throws {
    let other = try StoreFolderFixture()
    let foreign = try other.open()
    for _ in 0..<5 { _ = try foreign.createStep(newStep(project: "other")) }
    let store = try fixture.open()
    _ = try store.createStep(newStep())
    try remove("record.jsonl")
    try FileManager.default.copyItem(
      atPath: other.path.appending("laforge/record.jsonl").string, toPath: folder("record.jsonl"))
    let again = try fixture.open()
    #expect(again.repair == nil)
    #expect(again.storeID == store.storeID)
    _ = try again.createStep(newStep())
    #expect(try again.countSteps(matching: StepFilter(projectID: "other")) == 0)
  }

  @Test func aDamagedPageIsNoticedAndTheNextCommandRebuilds() throws {
    let store = try fixture.open()
    try makeHistory(store)
    let before = try dump(fixture)
    let page = try store.queue.writeWithoutTransaction { database in
      try database.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
      return try Int.fetchOne(
        database, sql: "SELECT rootpage FROM sqlite_schema WHERE name = 'operations'")
    }
    let copy = try lose(.walGone)
    let file = try FileHandle(forWritingTo: URL(filePath: copy.database))
    try file.seek(toOffset: UInt64(4096 * (try #require(page) - 1)))
    try file.write(contentsOf: Data(repeating: 0x58, count: 4096))
    try file.close()
    var opened: SQLiteStepStore? = try copy.open()
    #expect(opened?.repair == nil)
    expectThrows(.damaged) {
      _ = try opened?.beginOperation(
        .undo, worktree: "main", title: "S1", reverses: nil, at: start)
    }
    opened = nil
    let again = try copy.open()
    #expect(again.repair?.fault == .damaged)
    #expect(FileManager.default.fileExists(atPath: try #require(again.repair?.setAside)))
    #expect(try dump(copy) == before)
  }

  @Test func aWriterNoticesThatItsWALIsGone() throws {
    let store = try fixture.open()
    let step = try store.createStep(newStep())
    try remove("steps.db-wal")
    expectThrows(.replaced) { try store.finishStep(step.id, with: completion()) }
  }

  @Test func whatIsNotARegularFileIsRefusedAtOnce() throws {
    _ = try fixture.open()
    try remove("steps.db", "steps.db-wal", "steps.db-shm")
    #expect(mkfifo(fixture.database, 0o600) == 0)
    expectThrows(.notAFile) { _ = try fixture.open() }
    expectThrows(.notAFile) { _ = try SQLiteStepStore(readingIn: fixture.path) }
    try remove("steps.db")
    try FileManager.default.createDirectory(
      atPath: fixture.database, withIntermediateDirectories: true)
    expectThrows(.notAFile) { _ = try fixture.open() }
  }

  @Test func aRecordThatCannotBeWrittenIsToldAndFailsNothing() throws {
    let store = try fixture.open()
    _ = try store.createStep(newStep())
    try remove("record.jsonl")
    try FileManager.default.createDirectory(
      atPath: folder("record.jsonl"), withIntermediateDirectories: true)
    let step = try store.createStep(newStep())
    #expect(store.takeRecordFailure()?.code == .notAFile)
    #expect(store.takeRecordFailure() == nil)
    try remove("record.jsonl")
    try store.finishStep(step.id, with: completion())
    let before = try dump(fixture)
    let copy = try lose(.databaseGone)
    _ = try copy.open()
    #expect(try dump(copy) == before)
  }

  @Test func theKeepTreeGetsWhatIsNew() throws {
    let store = try fixture.open()
    _ = try store.createStep(newStep())
    let all = try store.unkeptRecords()
    #expect(all.map(\.first) == [1])
    let generation = KeepGeneration(tag: Self.id("a"), tree: Self.id("b"), added: [])
    try store.recordKeep(generation, all, at: start)
    let new = try store.unkeptRecords()
    #expect(new.count == 1, "the line that records it")
    #expect(new.first?.bytes.last == UInt8(ascii: "\n"))
    try store.recordKeep(generation, new, at: start)
    #expect(try Data(contentsOf: URL(filePath: folder("record.jsonl"))).starts(with: new[0].bytes))
  }
}
