import Foundation
import LaForgeCore
import SystemPackage

extension GitCommandReader {
  func head() async throws(RepositoryError) -> Head {
    let branch: String?
    let id: ObjectID?
    do throws(GitError) {
      branch = try await symbolicTarget(of: "HEAD", in: location.gitDirectory)
      if let commit = try await commitOfHead() { return Head(branch: branch, commit: commit) }
      id = try await target(resolving: "HEAD")
      if id == nil, let branch { try checkReadable(branch) }
    } catch {
      throw .unreadable(path: location.gitDirectory.string, cause: error)
    }
    if let id { throw .missingCommit(id, branch: branch) }
    return Head(branch: branch, commit: nil)
  }

  func referenceTips() async throws(GitError) -> ReferenceTips {
    let elsewhere = try await headsOfOtherWorktrees()
    var tips = ReferenceTips(
      stash: try await reflog(of: "refs/stash")?.entries.map(\.id) ?? [],
      headsElsewhere: Set(elsewhere.compactMap(\.commit)))
    let branchesElsewhere = Set(elsewhere.compactMap(\.branch))
    for (name, id) in try await references(below: []) {
      tips.add(id, as: name, branchesElsewhere: branchesElsewhere)
    }
    return tips
  }

  func target(of reference: String) async throws(GitError) -> ObjectID? {
    if let id = try await references(below: [reference])[reference] { return id }
    try checkReadable(reference)
    return nil
  }

  func update(
    _ reference: String, to new: ObjectID?, from old: ObjectID?
  ) async throws(GitError) -> Bool {
    let zero = String(repeating: "0", count: git.idLength * 2)
    let expected: ObjectID?
    if new == nil {
      guard let present = try await target(of: reference) else { return true }
      if let old, old != present { return false }
      expected = present
    } else {
      expected = old
    }
    let line =
      new.map { "update \(reference) \($0) \(expected?.hex ?? zero)\n" }
      ?? "delete \(reference) \(expected?.hex ?? zero)\n"
    let result = try await git.run(
      ["-c", "core.logAllRefUpdates=false", "update-ref", "--no-deref", "--stdin"],
      input: Array(line.utf8))
    if result.status == 0 { return true }
    // Git has one exit status for whatever is wrong.
    guard try await target(of: reference) == expected else { return false }
    throw GitError(
      code: GitError.Code(rawValue: result.status), message: result.reason,
      function: "git update-ref")
  }

  /// The reflog of a reference; `nil` where it has none.
  func reflog(of reference: String) async throws(GitError) -> Reflog? {
    guard keepsReferencesInTables else {
      return try Reflog(at: location.commonDirectory.appending("logs").appending(reference))
    }
    guard try await git.run(["reflog", "exists", reference]).status == 0 else { return nil }
    let result = try await git.check([
      "log", "-g", "-z", "--no-show-signature", "--format=%H %gs", reference, "--",
    ])
    return Reflog(
      result.output.split(separator: 0).compactMap { line in
        let parts = line.split(separator: 32, maxSplits: 1)
        guard let id = ObjectID(hex: String(decoding: parts.first ?? [], as: UTF8.self))
        else { return nil }
        return Reflog.Entry(
          id: id, message: parts.count == 2 ? String(decoding: parts[1], as: UTF8.self) : "")
      })
  }

  // MARK: - Looking up

  /// The direct references below some names, or all of them.
  ///
  /// A symbolic reference, `refs/remotes/origin/HEAD` for instance, repeats another one.
  private func references(below names: [String]) async throws(GitError) -> [String: ObjectID] {
    let result = try await git.check(
      ["for-each-ref", "--format=%(objectname) %(refname) %(symref)"] + names)
    var references: [String: ObjectID] = [:]
    for line in result.text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 2, let id = ObjectID(hex: String(words[0])) else { continue }
      references[String(words[1])] = id
    }
    return references
  }

  /// HEAD's commit; `nil` where HEAD is unborn, or names no commit that exists.
  private func commitOfHead() async throws(GitError) -> ObjectID? {
    let result = try await git.check(
      ["cat-file", "--batch-check=%(objectname) %(objecttype)"], input: Array("HEAD\n".utf8))
    let words = result.text.split(whereSeparator: \.isWhitespace)
    return words.last == "commit" ? words.first.flatMap { ObjectID(hex: String($0)) } : nil
  }

  /// What a name stands for, whether or not that exists; `nil` where it stands for nothing.
  private func target(resolving name: String) async throws(GitError) -> ObjectID? {
    let result = try await git.run(["rev-parse", "--verify", "--quiet", name])
    return result.status == 0
      ? ObjectID(hex: result.text.trimmingCharacters(in: .newlines)) : nil
  }

  /// The name that a HEAD points to; `nil` for a detached one.
  ///
  /// Only the first hop counts, which git itself tells from version 2.39 on: HEAD may point to a
  /// branch that is itself symbolic.
  private func symbolicTarget(
    of name: String, in folder: FilePath
  ) async throws(GitError) -> String? {
    switch ReferenceFile(at: folder.appending("HEAD")) {
    case ReferenceFile.stub:
      let result = try await git.run(["symbolic-ref", "--quiet", "--no-recurse", name])
      return result.status == 0 ? result.text.trimmingCharacters(in: .newlines) : nil
    case .symbolic(let branch): return branch
    case .direct: return nil
    case nil:
      throw GitError(
        code: .missingObject, message: "'\(folder.appending("HEAD"))' names no branch or commit",
        function: "HEAD")
    }
  }

  /// Git takes a damaged reference for none, which must not be taken for an unborn branch.
  ///
  /// - Throws: `GitError` where the file of a reference says nothing that could be one.
  private func checkReadable(_ reference: String) throws(GitError) {
    let path = location.commonDirectory.appending(reference)
    guard case .regular = WorkingTreeFile(GitPath(reference), in: location.commonDirectory)?.kind,
      ReferenceFile(at: path) == nil
    else { return }
    throw GitError(
      code: .missingObject, message: "the reference '\(reference)' is damaged",
      function: "git for-each-ref")
  }

  /// HEAD of the main worktree and of the linked ones, this one left out.
  ///
  /// A worktree whose HEAD cannot be read has none that could be counted as its own.
  private func headsOfOtherWorktrees() async throws(GitError) -> [Head] {
    let folder = location.commonDirectory.appending("worktrees").string
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    var heads: [Head] = []
    for (name, folder) in location.otherWorktrees(named: names) {
      switch ReferenceFile(at: folder.appending("HEAD")) {
      case ReferenceFile.stub:
        let branch = try await symbolicTarget(of: name, in: folder)
        let commit = branch == nil ? try await target(resolving: name) : nil
        heads.append(Head(branch: branch, commit: commit))
      case .symbolic(let branch): heads.append(Head(branch: branch, commit: nil))
      case .direct(let id): heads.append(Head(branch: nil, commit: id))
      case nil: continue
      }
    }
    return heads
  }

  /// Whether the references are in no files of their own; see `extensions.refStorage` in
  /// `man 1 git-config`.
  private var keepsReferencesInTables: Bool {
    WorkingTreeFile("reftable", in: location.commonDirectory)?.kind == .folder
  }
}
