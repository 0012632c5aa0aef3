import Foundation
import LaForgeCore
import LaForgeTestSupport
import SystemPackage
import Testing

@testable import LaForgeGit

/// The packs in which LaForge stores objects.
@Suite struct KeptPacksTests {
  private let backend = ReaderKind.libgit2

  /// A repository with so many packs of LaForge's, one object in each.
  private func repository(
    packs: Int
  ) async throws -> (environment: TestEnvironment, worktree: WorktreeRepository, ids: [ObjectID]) {
    let environment = try await TestEnvironment()
    try await environment.shell("mkdir .git/laforge")
    let worktree = try await backend.openWorktree(environment.repository)
    var ids: [ObjectID] = []
    for number in 0..<packs {
      ids.append(try await worktree.objects.write(GitObject(blob: "content \(number)\n")))
      try await worktree.objects.flush()
    }
    return (environment, worktree, ids)
  }

  private func count(_ ending: String, in environment: TestEnvironment) throws -> Int {
    let folder = environment.repository.appending(".git/objects/pack").string
    return try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(ending) }.count
  }

  private func time(hoursFromNow hours: Int64) -> Timestamp {
    Timestamp(
      millisecondsSince1970: Int64(Date().timeIntervalSince1970 * 1000) + hours * 3_600_000)
  }

  @Test(arguments: ReaderKind.allCases)
  func whatIsFlushedStaysThroughACollection(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    let worktree = try await kind.openWorktree(environment.repository)
    let id = try await worktree.objects.write(GitObject(blob: "x\n"))
    try await worktree.objects.flush()
    #expect(try await environment.shell("git gc -q --prune=now").status == 0)
    let other = try await kind.openWorktree(environment.repository)
    #expect(try await other.objects.existing([id]) == [id])
  }

  /// Git would take a pack of the same name for the one that it is about to remove.
  @Test(arguments: ReaderKind.allCases)
  func theSameObjectsAreAnotherPackEachTime(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    let worktree = try await kind.openWorktree(environment.repository)
    let id = try await worktree.objects.write(GitObject(blob: "x\n"))
    for _ in 0..<3 { try await worktree.objects.flush(with: [id]) }
    #expect(try count(".keep", in: environment) == 3)
  }

  @Test func aPackIsGivenToGitAnHourLater() async throws {
    let (environment, worktree, ids) = try await repository(packs: 2)
    #expect(try !worktree.releasePacks(at: time(hoursFromNow: 0), needed: nil))
    #expect(try count(".keep", in: environment) == 2)
    _ = try worktree.releasePacks(at: time(hoursFromNow: 2), needed: ids[1])
    #expect(try count(".keep", in: environment) == 1)
    #expect(try count(".pack", in: environment) == 2)
    #expect(try await worktree.secure(ids[1]))
    #expect(try count(".keep", in: environment) == 1, "what is safe is not stored again")
    #expect(try await worktree.secure(ids[0]))
    #expect(try count(".keep", in: environment) == 2)
  }

  @Test(arguments: [("$$ $(hostname)", 1), ("1 elsewhere", 1), ("999999999 $(hostname)", 0)])
  func noPackIsGivenToGitWhileItCollects(_ owner: String, _ expected: Int) async throws {
    let (environment, worktree, _) = try await repository(packs: 1)
    // The shell is replaced by one that lives as long as the test reads its output.
    try await environment.shell(
      "echo \"\(owner)\" | sed s/^$$/\(getpid())/ > .git/gc.pid; touch -d '+2 hours' .git/gc.pid")
    _ = try worktree.releasePacks(at: time(hoursFromNow: 2), needed: nil)
    #expect(try count(".keep", in: environment) == expected)
  }

  @Test func manySmallPacksAreJoinedWithoutWhatIsNotNeeded() async throws {
    let (environment, worktree, ids) = try await repository(packs: 9)
    #expect(try worktree.releasePacks(at: time(hoursFromNow: 0), needed: nil))
    try await worktree.joinPacks(without: [ids[0]])
    #expect(try count(".keep", in: environment) <= KeptPacks.limit)
    #expect(try count(".pack", in: environment) == count(".keep", in: environment))
    let other = try await backend.openWorktree(environment.repository)
    let existing = try await other.objects.existing(ids)
    #expect(existing.isSuperset(of: ids.dropFirst()))
    #expect(existing.count <= ids.count)
    #expect(try await environment.shell("git gc -q --prune=now; git fsck").status == 0)
    #expect(try await other.objects.existing(ids).isSuperset(of: ids.dropFirst()))
  }

  @Test func thePacksOfManyDaysStayFew() async throws {
    let (environment, worktree, _) = try await repository(packs: 0)
    for day in 0..<30 {
      _ = try await worktree.objects.write(GitObject(blob: "day \(day)\n"))
      try await worktree.objects.flush()
      if try worktree.releasePacks(at: time(hoursFromNow: 2), needed: nil) {
        try await worktree.joinPacks(without: [])
      }
    }
    #expect(try count(".pack", in: environment) <= KeptPacks.limit + 1)
    #expect(try count(".keep", in: environment) == 0)
  }

  /// A kill between the `.keep` file, the pack and its index.
  @Test func whatIsLeftOfATornPackIsRemovedAnHourLater() async throws {
    let (environment, worktree, ids) = try await repository(packs: 1)
    try await environment.shell("cd .git/objects/pack; rm *.idx; cp *.keep pack-torn.keep")
    _ = try worktree.releasePacks(at: time(hoursFromNow: 0), needed: nil)
    #expect(try count(".keep", in: environment) == 2)
    _ = try worktree.releasePacks(at: time(hoursFromNow: 2), needed: ids[0])
    #expect(try count("", in: environment) == 0)
  }

  @Test(.enabled(if: geteuid() != 0, "root may write to any file"))
  func aKeepFileThatWasLeftIsReplaced() async throws {
    let (environment, worktree, ids) = try await repository(packs: 1)
    try await environment.shell("cd .git/objects/pack; rm *.idx *.pack; chmod 0444 *.keep")
    let other = try await backend.openWorktree(environment.repository)
    _ = try await other.objects.write(GitObject(blob: "content 0\n"))
    try await other.objects.flush()
    #expect(try await other.objects.existing(ids) == Set(ids))
    withExtendedLifetime(worktree) {}
  }

  @Test(arguments: ReaderKind.allCases)
  func anObjectThatIsGoneIsNamed(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    let worktree = try await kind.openWorktree(environment.repository)
    let gone = try #require(ObjectID(hex: String(repeating: "1", count: kind.idLength * 2)))
    do {
      try await worktree.objects.flush(with: [gone])
      Issue.record("a missing object was stored")
    } catch {
      #expect(error.code == .missingObject)
    }
  }

  @Test func aPackOfTheUsersThatIsKeptIsLeftAlone() async throws {
    let environment = try await TestEnvironment()
    try await environment.shell(
      "git repack -q -a -d; for p in .git/objects/pack/*.pack; do echo mine > ${p%.pack}.keep; done"
    )
    let worktree = try await backend.openWorktree(environment.repository)
    _ = try worktree.releasePacks(at: time(hoursFromNow: 2), needed: nil)
    #expect(try count(".keep", in: environment) == 1)
  }

  // MARK: - Index files

  @Test(arguments: [ReaderKind.libgit2, .commandOnSHA256])
  func theIdsOfAPackAreRead(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    let output = try await environment.shell(
      """
      for i in $(seq 600); do echo $i > f$i; done; git add -A; git commit -q -m x; git repack -q -a -d
      git show-index --object-format=$(git rev-parse --show-object-format) < .git/objects/pack/*.idx |
        cut -d' ' -f2 | sort; echo .git/objects/pack/*.idx
      """)
    let lines = output.standardOutput.split(separator: "\n").map(String.init)
    let path = environment.repository.appending(try #require(lines.last))
    let index = try #require(PackIndexFile(path, idLength: kind.idLength))
    #expect(index.ids.map(\.hex) == Array(lines.dropLast()))
    #expect(index.ids.allSatisfy(index.contains))
    for digit in ["0", "7", "f"] {
      let absent = String(repeating: digit, count: kind.idLength * 2)
      #expect(!index.contains(try #require(ObjectID(hex: absent))))
    }
  }

  @Test(arguments: [0, 8, 1031, 1040])
  func aFileThatIsTooShortIsNoIndex(_ length: Int) {
    var data = Data([0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2])
    data.append(Data(repeating: 0, count: 1023))
    data.append(1)
    data.append(Data(repeating: 7, count: 100))
    #expect(PackIndexFile(data.prefix(length), idLength: 20) == nil)
    #expect(PackIndexFile(data, idLength: 20)?.count == 1)
  }
}
