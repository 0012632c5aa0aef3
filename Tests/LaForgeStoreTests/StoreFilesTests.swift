import Foundation
import GRDB
import LaForgeCore
import LaForgeStore
import SystemPackage
import Testing

@Suite struct StoreFilesTests {
  private let fixture: StoreFolderFixture

  init() throws {
    fixture = try StoreFolderFixture()
  }

  @Test func readingWhereNothingWasRecordedChangesNothing() throws {
    expectThrows(.noDatabase) { _ = try SQLiteStepStore(readingIn: fixture.path) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.path.string).isEmpty)
  }

  @Test func theIDOfAStoreIsMadeOnce() throws {
    let id = try fixture.open().storeID
    #expect(id.count == 8)
    #expect(try fixture.open().storeID == id)
    #expect(try SQLiteStepStore(readingIn: fixture.path).storeID == id)
    #expect(try StoreFolderFixture().open().storeID != id)
  }

  @Test func aDatabaseOfANewerProgramIsRefusedAndLeftAsItIs() throws {
    _ = try fixture.open()
    try DatabaseQueue(path: fixture.database).write {
      try $0.execute(sql: "PRAGMA user_version = 99")
    }
    let before = try Data(contentsOf: URL(filePath: fixture.database))
    expectThrows(.newerSchema) { _ = try fixture.open() }
    expectThrows(.newerSchema) { _ = try SQLiteStepStore(readingIn: fixture.path) }
    #expect(try Data(contentsOf: URL(filePath: fixture.database)) == before)
  }

  @Test func aDamagedDatabaseIsToldAndNotReplaced() throws {
    _ = try fixture.open()
    for suffix in ["", "-wal", "-shm"] {
      let url = URL(filePath: fixture.database + suffix)
      if suffix.isEmpty {
        try Data(repeating: 0x58, count: 9000).write(to: url)
      } else if FileManager.default.fileExists(atPath: url.path) {
        try FileManager.default.removeItem(at: url)
      }
    }
    expectThrows(.damaged) { _ = try fixture.open() }
    expectThrows(.damaged) { _ = try SQLiteStepStore(readingIn: fixture.path) }
    #expect(try Data(contentsOf: URL(filePath: fixture.database)).count == 9000)
  }

  @Test func writingIntoADatabaseThatWasDeletedIsNoticed() throws {
    let store = try fixture.open()
    let step = try store.createStep(newStep())
    try FileManager.default.removeItem(atPath: fixture.path.appending("laforge").string)
    expectThrows(.replaced) { try store.finishStep(step.id, with: completion()) }
    _ = try fixture.open()
    expectThrows(.replaced) { try store.finishStep(step.id, with: completion()) }
  }

  @Test func manyOpeningsAtOnceMakeOneStore() async throws {
    let path = fixture.path
    let ids = try await withThrowingTaskGroup(of: [String].self) { group in
      for _ in 0..<8 {
        group.addTask {
          let store = try SQLiteStepStore(creatingIn: path)
          var found = [store.storeID]
          for _ in 0..<5 { found.append("\(try store.createStep(newStep()).id)") }
          return found
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(ids.compactMap(\.first)).count == 1)
    #expect(Set(ids.flatMap { $0.dropFirst() }).count == 40)
  }

  @Test func aStepWhoseRecorderIsGoneIsClosedOnce() throws {
    var store: SQLiteStepStore? = try fixture.open()
    let held = try store?.createStep(newStep())
    let id = try #require(held?.id)
    let other = try fixture.open()
    #expect(try other.isRecorderAlive(id))
    #expect(try other.closeInterruptedSteps { _ in true } == [])
    store = nil
    // A process that another test has just made holds the lock until it executes its program.
    #expect(try other.waitForEnd(of: id, milliseconds: 60_000))
    #expect(try !other.isRecorderAlive(id))
    #expect(try other.closeInterruptedSteps { _ in false } == [], "its agent still runs")
    #expect(try other.closeInterruptedSteps { _ in true } == [id])
    #expect(try other.closeInterruptedSteps { _ in true } == [])
    let closed = try other.step(id)
    #expect(closed?.status == .interrupted)
    #expect(closed?.endedBy == .cutOff)
    #expect(closed?.end == nil)
  }

  @Test func aSpooledRecordIsTakenInOnceAndFinishesItsStep() throws {
    let store = try fixture.open()
    var step = try store.createStep(newStep())
    step.end = completion(.exited(4))
    step.status = .failed
    let spool = FileStepSpool(commonDirectory: fixture.path, stateDirectory: nil)
    let file = try spool.keep(step, storeID: store.storeID)
    #expect(try fixture.mode("spool/1.json") == 0o600)
    let waiting = spool.waiting(storeID: store.storeID)
    #expect(waiting.steps == [SpooledStep(path: file, step: step)])
    for _ in 0..<2 { try store.adoptStep(step) }
    #expect(try store.step(step.id)?.end == step.end)
    try spool.remove(try #require(waiting.steps.first))
    #expect(spool.waiting(storeID: store.storeID).steps.isEmpty)
  }

  @Test func theRecordOfALostStoreGetsANewNumberOnce() throws {
    let lost = try StoreFolderFixture()
    var step = try lost.open().createStep(newStep())
    step.end = completion()
    step.status = .completed
    let store = try fixture.open()
    let present = try store.createStep(newStep(project: "present"))
    try store.finishStep(present.id, with: completion(.exited(9)))
    step.start.startTime = Timestamp(millisecondsSince1970: start.millisecondsSince1970 - 5)
    for _ in 0..<2 { try store.adoptStep(step) }
    #expect(try store.countSteps(matching: StepFilter()) == 2)
    #expect(try store.step(present.id)?.end?.termination == .exited(9))
    #expect(try store.step(StepID(rawValue: 2))?.end == step.end)
  }

  @Test func whereTheRepositoryCannotBeWrittenTheStateFolderIsUsed() throws {
    let state = fixture.path.appending("state")
    let spool = FileStepSpool(
      commonDirectory: "/proc/no-such-repository/.git", stateDirectory: state)
    let store = try fixture.open()
    var step = try store.createStep(newStep())
    step.end = completion()
    let file = try spool.keep(step, storeID: store.storeID)
    #expect(file == state.appending("laforge/spool/\(store.storeID)-1.json").string)
    #expect(spool.waiting(storeID: store.storeID).steps.map(\.step) == [step])
    let elsewhere = FileStepSpool(commonDirectory: fixture.path, stateDirectory: state)
    #expect(elsewhere.waiting(storeID: "00000000").steps.isEmpty, "it is another repository's")
  }

  @Test func aSpoolFileThatCannotBeReadIsNamedAndLeft() throws {
    _ = try fixture.open()
    let folder = fixture.path.appending("laforge/spool")
    try FileManager.default.createDirectory(
      atPath: folder.string, withIntermediateDirectories: true)
    let file = folder.appending("7.json").string
    try Data("half".utf8).write(to: URL(filePath: file))
    let spool = FileStepSpool(commonDirectory: fixture.path, stateDirectory: nil)
    #expect(spool.waiting(storeID: "x").refusals.map(\.path) == [file])
    #expect(FileManager.default.fileExists(atPath: file))
  }

  @Test func oneCopyADayIsMadeAndTwoAreKept() throws {
    let store = try fixture.open()
    _ = try store.createStep(newStep())
    let day: Int64 = 86_400_000
    for number in 0..<4 {
      let now = Timestamp(
        millisecondsSince1970: start.millisecondsSince1970 + Int64(number) * day)
      try store.backUp(on: now)
      try store.backUp(on: now)
    }
    let folder = StoreFolder(commonDirectory: fixture.path)
    let copies = try SQLiteStepStore.backups(in: folder)
    #expect(
      copies.map { $0.lastComponent?.string } == ["steps.db.2026-11-25", "steps.db.2026-11-26"])
    let last = try #require(copies.last)
    let count = try DatabaseQueue(path: last.string).read {
      try Int.fetchOne($0, sql: "SELECT count(*) FROM steps")
    }
    #expect(count == 1)
    let all = try FileManager.default.contentsOfDirectory(
      atPath: fixture.path.appending("laforge").string)
    #expect(!all.contains { $0.contains("tmp") })
  }
}
