import Foundation
import Glibc
package import LaForgeCore
import SystemPackage

/// What keeps recorded states and the user's commits alive.
extension WorktreeRepository {
  package func keep(
    _ request: KeepRequest, recorded: ObjectID?
  ) async throws(GitError) -> KeepGeneration? {
    let reference = KeepReference(reader: reader, objects: objects)
    guard let kept = try await reference.keep(request, recorded: recorded) else { return nil }
    for block in kept.closedBlocks { await pack(block) }
    return kept.generation
  }

  /// Moves what a closed block holds into one pack, so that its objects do not add up to what makes
  /// `git gc --auto` start.
  ///
  /// Whatever fails leaves the objects as they are, as alive as before.
  private func pack(_ block: ObjectID) async {
    let prefix = location.commonDirectory.appending("objects").appending("pack").appending("pack")
    do {
      // The files of HEAD are the user's; git packs them when it sees fit.
      var revisions = "\(block)\n"
      if let head = try await reader.head().commit {
        revisions += "^\(try await objects.treeID(of: head))\n"
      }
      try await git.check(
        ["pack-objects", "-q", "--revs", "--unpacked", prefix.string],
        input: Array(revisions.utf8))
      try await git.check(["prune-packed", "-q"])
    } catch {
      // Loose objects take more room and nothing else.
    }
  }

  /// Returns the parts of the record file that the keep tree holds, to rebuild the database from.
  package func recordSegments() async throws(GitError) -> [RecordSegment] {
    try await KeepReference(reader: reader, objects: objects).recordSegments()
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

  package func exists(_ id: ObjectID) async throws(GitError) -> Bool {
    try await !objects.existing([id]).isEmpty
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
    try await objects.flush()
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
        code: .notStarted, message: "'\(name)' is changed by somebody else",
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
    let names =
      (try? FileManager.default.contentsOfDirectory(atPath: location.gitDirectory.string)) ?? []
    for name in names where name.hasPrefix("laforge-") {
      let pid = name.split(separator: "-").last.flatMap { Int32($0.prefix { $0.isNumber }) }
      if let pid, pid != getpid(), kill(pid, 0) != 0, errno == ESRCH {
        try? FileManager.default.removeItem(atPath: location.gitDirectory.appending(name).string)
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

  package func removeSuperseded(_ ids: [ObjectID]) {
    let folder = location.commonDirectory.appending("objects")
    for id in ids {
      // A loose object; one that git has packed meanwhile is git's to drop.
      let name = String(id.hex.dropFirst(2))
      unlink(folder.appending(String(id.hex.prefix(2))).appending(name).string)
    }
  }
}
