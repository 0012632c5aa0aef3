import LaForgeCore
import LaForgeTestSupport
import Testing

@testable import LaForgeGit

/// Which objects a snapshot needs that nothing else keeps, and what is left of a damaged one.
@Suite struct KeptClosureTests {
  private func objects() async throws -> any ObjectDatabase {
    let environment = try await TestEnvironment()
    return try await ReaderKind.libgit2.openWorktree(environment.repository).objects
  }

  private func tree(
    _ files: [String: String], in objects: any ObjectDatabase
  ) async throws -> ObjectID {
    var edits: [GitPath: TrackedEntry?] = [:]
    for (path, content) in files {
      let id = try await objects.write(GitObject(blob: content))
      edits[GitPath(path)] = TrackedEntry(mode: .regular, id: id)
    }
    return try #require(try await TreeEditor(objects: objects).edit(nil, edits))
  }

  private func blob(_ content: String, _ objects: any ObjectDatabase) async throws -> ObjectID {
    try await objects.write(GitObject(blob: content))
  }

  @Test func onlyWhatTheBasesDoNotHaveInTheSamePlaceIsFound() async throws {
    let objects = try await objects()
    let base = try await tree(["a/x": "1", "a/y": "2", "b": "3"], in: objects)
    let new = try await tree(["a/x": "1", "a/y": "new", "b": "3", "c": "1"], in: objects)
    let found = try await KeptClosure(objects: objects).objects(of: [
      .init(tree: new, bases: [base])
    ])
    let folder = try await tree(["x": "1", "y": "new"], in: objects)
    // The content of 'c' is in the base too, but in another place: it is found once more.
    #expect(found == [new, folder, try await blob("new", objects), try await blob("1", objects)])
  }

  @Test func aTreeThatIsABaseNeedsNothing() async throws {
    let objects = try await objects()
    let base = try await tree(["a": "1"], in: objects)
    let closure = KeptClosure(objects: objects)
    #expect(try await closure.objects(of: [.init(tree: base, bases: [base])]).isEmpty)
    #expect(try await closure.objects(of: [.init(tree: base, bases: [])]).count == 2)
  }

  @Test func aSnapshotIsComparedPartByPart() async throws {
    let objects = try await objects()
    let head = try await tree(["a": "head"], in: objects)
    var trees = StateTrees(
      index: head, worktree: head,
      meta: SnapshotMeta(head: Head(branch: "refs/heads/main", commit: nil)))
    let snapshot = Snapshot(objects: objects)
    let base = try await snapshot.write(trees)
    trees.worktree = try await tree(["a": "work"], in: objects)
    trees.raw = head
    let new = try await snapshot.write(trees)
    let closure = KeptClosure(objects: objects)
    let (starts, own) = try await closure.starts(of: new, beyond: [base], head: head)
    let found = try await closure.objects(of: starts)
    let work = try #require(trees.worktree)
    // HEAD's tree stands for whole working trees, not for raw bytes.
    #expect(own == [new])
    #expect(
      found == [work, try await blob("work", objects), head, try await blob("head", objects)])
  }

  @Test func whatIsLeftOfADamagedSnapshotNamesWhatIsGone() async throws {
    let objects = try await objects()
    let gone = try #require(ObjectID(hex: String(repeating: "1", count: 40)))
    let worktree = try await TreeEditor(objects: objects).edit(
      try await tree(["a/x": "1", "b": "2"], in: objects),
      [GitPath("a/y"): TrackedEntry(mode: .regular, id: gone)])
    let snapshot = Snapshot(objects: objects)
    let head = Head(branch: "refs/heads/main", commit: nil)
    let damaged = try await snapshot.write(
      StateTrees(index: nil, worktree: worktree, meta: SnapshotMeta(head: head)))
    let whole = try await snapshot.write(
      StateTrees(
        index: nil, worktree: try await tree(["z": "3"], in: objects),
        meta: SnapshotMeta(head: head)))
    let named = [
      GitPath(damaged.hex): TrackedEntry(mode: .tree, id: damaged),
      GitPath(whole.hex): TrackedEntry(mode: .tree, id: whole),
    ]
    var examination = KeepExamination(objects: objects)
    #expect(try await !examination.look(at: named))
    let rest = try await examination.salvage(named)
    #expect(rest.partial == [damaged])
    #expect(rest.lost.isEmpty)
    #expect(rest.entries[GitPath(whole.hex)]?.id == whole)
    let left = try #require(rest.entries[KeepTree.partialName(damaged)]?.id)
    let loaded = try await snapshot.load(RepositoryState(head: head, snapshot: left))
    let expected = try await tree(["a/x": "1", "b": "2"], in: objects)
    #expect(loaded.worktree == expected)
    #expect(loaded.meta.leftOut == [LeftOut(path: "a/y", reason: .lost)])
  }
}
