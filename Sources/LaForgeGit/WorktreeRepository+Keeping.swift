import Foundation
import Glibc
package import LaForgeCore
import SystemPackage

/// What keeps recorded states and the user's commits alive.
extension WorktreeRepository {
  package func keep(
    _ request: KeepRequest, recorded: ObjectID?
  ) async throws(GitError) -> KeepOutcome {
    let outcome = try await keepReference.keep(request, recorded: recorded)
    if case .kept = outcome { SeenPacks(git: git).update() }
    return outcome
  }

  private var keepReference: KeepReference {
    KeepReference(
      reader: reader, objects: objects,
      own: OwnObjects(git.incoming.main, idLength: objects.idLength))
  }

  package func isKeptWhole(recorded: ObjectID?) async throws(GitError) -> Bool {
    let seen = SeenPacks(git: git)
    guard seen.areSomeGone else { return true }
    guard
      try await keepReference.isWhole(recorded: recorded, isPartialClone: seen.isPartialClone)
    else { return false }
    seen.record()
    return true
  }

  package func rebuildKept(
    _ ids: Set<ObjectID>, recorded: ObjectID?, earlier: [ObjectID]
  ) async throws(GitError) -> KeepGeneration {
    let seen = SeenPacks(git: git)
    let generation = try await keepReference.rebuild(
      ids, recorded: recorded, earlier: earlier, isPartialClone: seen.isPartialClone)
    seen.record()
    return generation
  }

  package func releasePacks(at now: Timestamp, needed: ObjectID?) throws(GitError) -> Bool {
    try KeptPacks(git: git).release(at: now, needed: needed)
  }

  package func joinPacks(without unwanted: Set<ObjectID>) async throws(GitError) {
    let before = SeenPacks(git: git).present
    try await KeptPacks(git: git).join(without: unwanted)
    let after = SeenPacks(git: git)
    after.update(without: before.subtracting(after.present))
  }

  /// Returns the parts of the record file that the keep tree holds, to rebuild the database from.
  package func recordSegments() async throws(GitError) -> [RecordSegment] {
    try await keepReference.recordSegments()
  }

  package func unreachableCommits(
    from commits: Set<ObjectID>, limit: Int
  ) async throws(GitError) -> [ObjectID] {
    guard !commits.isEmpty else { return [] }
    let tips = try await reader.referenceTips()
    let tags = tips.others.filter { $0.key.hasPrefix("refs/tags/") }
    let known = Set(tips.branches.values).union(tips.branchesElsewhere.values)
      .union(tips.remoteBranches.values).union(tags.values)
    let starts = commits.subtracting(known)
    guard !starts.isEmpty else { return [] }
    try await CommitRevival(objects: objects).revive(Array(starts))
    return try await reader.commits(from: starts, notReachedFrom: known, limit: limit)
  }

  package func contents(
    introducedBy commits: [ObjectID]
  ) async throws(GitError) -> Set<ObjectID> {
    let comparison = TreeComparison(objects: objects)
    var contents: Set<ObjectID> = []
    var waiting = commits
    while let id = waiting.popLast() {
      guard let object = try await objects.read([id])[id], object.kind == .commit else { continue }
      let header = CommitHeader(object.content)
      var parent: ObjectID?
      if let first = header.parents.first, try await !objects.existing([first]).isEmpty {
        parent = try await objects.treeID(of: first)
      }
      let changes = try await comparison.differences(from: parent, to: header.tree)
      contents.formUnion(changes.values.compactMap(\.new?.id))
      // A stash entry is a merge of the index and of the untracked files.
      let others = header.parents.dropFirst()
      waiting += others.filter { !commits.contains($0) && waiting.count < 10_000 }
    }
    return contents
  }

  package func annotatedTags(
    among ids: Set<ObjectID>
  ) async throws(GitError) -> Set<ObjectID> {
    Set(try await objects.read(Array(ids)).filter { $0.value.kind == .tag }.keys)
  }

  package func secure(_ id: ObjectID) async throws(GitError) -> Bool {
    if try await objects.existing([id]).isEmpty { return false }
    if !KeptPacks(git: git).keeps(id) { try await objects.flush(with: [id]) }
    return true
  }

  package func makeProtectingCommit(
    of commits: [ObjectID]
  ) async throws(GitError) -> ObjectID? {
    try await makeCommit(reaching: commits, for: .running)
  }

  private func makeCommit(
    reaching commits: [ObjectID], for purpose: ProtectingCommit.Purpose
  ) async throws(GitError) -> ObjectID? {
    // An annotated tag stands for the commit that it names.
    var peeled: [ObjectID] = []
    var seen: Set<ObjectID> = []
    for id in commits {
      if let commit = try await peel(id), seen.insert(commit).inserted { peeled.append(commit) }
    }
    let commit = try await ProtectingCommit(objects: objects, purpose: purpose).make(of: peeled)
    try await objects.flush(with: commit.map { [$0] } ?? [])
    return commit
  }

  private func peel(_ id: ObjectID) async throws(GitError) -> ObjectID? {
    var id = id
    while let object = try await objects.read([id])[id] {
      if object.kind == .commit { return id }
      let line = object.content.prefix { $0 != 10 }
      guard object.kind == .tag,
        let target = ObjectID(hex: String(decoding: line.dropFirst(7), as: UTF8.self))
      else { return nil }
      id = target
    }
    return nil
  }

  package func protect(_ step: StepID, with commit: ObjectID) async throws(GitError) {
    try await point(Self.runningReference(step), to: commit)
  }

  package func keepReachable(_ commits: [ObjectID], for step: StepID) async throws(GitError) {
    if let commit = try await makeCommit(reaching: commits, for: .orphaned) {
      try await point("refs/laforge/orphaned/\(step.rawValue)", to: commit)
    }
  }

  private func point(_ name: String, to commit: ObjectID) async throws(GitError) {
    // One of an older database, say, is replaced.
    let present = try await reader.target(of: name)
    if present == commit { return }
    guard try await reader.updateOwn(name, to: commit, from: present) else {
      throw GitError(
        code: .contention, message: "'\(name)' is changed by another process",
        function: "update-ref")
    }
  }

  package func protectingCommit(of step: StepID) async throws(GitError) -> ObjectID? {
    try await reader.target(of: Self.runningReference(step))
  }

  package func protectedCommits(of step: StepID) async throws(GitError) -> Set<ObjectID> {
    guard let commit = try await protectingCommit(of: step) else { return [] }
    return try await ProtectingCommit(objects: objects, purpose: .running).protected(by: commit)
  }

  package func unprotect(_ step: StepID) async throws(GitError) {
    _ = try await reader.updateOwn(Self.runningReference(step), to: nil, from: nil)
  }

  package func protectedSteps() -> [StepID] {
    let folder = location.commonDirectory.appending("refs/laforge/running")
    var names = (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
    // A `git gc` during the step has packed it; the file may be large and is seldom to be parsed.
    let packed = location.commonDirectory.appending("packed-refs").string
    let prefix = Data(" refs/laforge/running/".utf8)
    if let data = try? Data(contentsOf: URL(filePath: packed), options: .mappedIfSafe) {
      var rest = data[...]
      while let found = rest.range(of: prefix) {
        rest = rest[found.upperBound...]
        names.append(String(decoding: rest.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
      }
    }
    return Set(names.compactMap { Int64($0) }).sorted().map(StepID.init(rawValue:))
  }

  package func removeLeftovers() {
    for (folder, prefix) in [
      (location.gitDirectory, "laforge-"), (git.incoming.main, IncomingObjects.prefix),
    ] {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
      for name in names where name.hasPrefix(prefix) {
        let pid = name.split(separator: "-").last.flatMap { Int32($0.prefix { $0.isNumber }) }
        if let pid, pid != getpid(), kill(pid, 0) != 0, errno == ESRCH {
          try? FileManager.default.removeItem(atPath: folder.appending(name).string)
        }
      }
    }
  }

  package var hasBegunMark: Bool { access(begunMark, F_OK) == 0 }

  private var begunMark: String { location.gitDirectory.appending("laforge-step").string }

  package func markBegunSteps(_ areThere: Bool) throws(GitError) {
    guard areThere else {
      unlink(begunMark)
      return
    }
    guard FileManager.default.createFile(atPath: begunMark, contents: nil) else {
      throw GitError(
        code: .init(rawValue: -1), message: "'\(begunMark)' cannot be written", function: "open")
    }
  }

  private static func runningReference(_ step: StepID) -> String {
    "refs/laforge/running/\(step.rawValue)"
  }
}
