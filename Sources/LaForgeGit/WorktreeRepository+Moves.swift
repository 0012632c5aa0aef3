import Foundation
import Glibc
package import LaForgeCore
import SystemPackage

extension WorktreeRepository: StateMover {
  package func lockIndex(
    for operation: OperationID
  ) async throws(OperationError) -> any IndexLock {
    try await IndexLockFile.take(
      in: location, for: operation,
      timeoutMilliseconds: try await lockTimeoutMilliseconds())
  }

  private func lockTimeoutMilliseconds() async throws(OperationError) -> Int {
    do throws(GitError) {
      return try await reader.lockTimeoutMilliseconds()
    } catch {
      throw .git(error)
    }
  }

  package func removeIndexLock(of operation: OperationID) throws(GitError) {
    try IndexLockFile.remove(of: operation, in: location.gitDirectory)
  }

  package func removeAbandonedLocks() async throws(OperationError) -> [String] {
    let timeout = try await lockTimeoutMilliseconds()
    return try AbandonedLocks(location: location, timeoutMilliseconds: timeout).remove()
      .map(\.string)
  }

  package func setAside(
    _ lock: LockReport, for operation: OperationID
  ) throws(GitError) {
    let path = FilePath(lock.path)
    let folder = location.commonDirectory.appending("laforge").appending("stale-locks")
    mkdir(folder.string, 0o700)
    let name = "\(operation)-\(path.lastComponent?.string ?? "lock")"
    guard rename(path.string, folder.appending(name).string) == 0 else {
      throw GitError(
        code: .notStarted, message: "'\(path)': \(Errno(rawValue: errno).description)",
        function: "rename")
    }
  }

  package func waitForChildren(of operation: OperationID) async throws(OperationError) {
    try OperationProcesses.wait(
      for: operation, in: location.gitDirectory,
      timeoutMilliseconds: try await lockTimeoutMilliseconds())
  }

  // MARK: - Planning

  package func filesInTheWay(of plan: StatePlan) async throws(GitError) -> [GitPath] {
    let known = Dictionary(
      plan.files.map { ($0.path, $0.change) }, uniquingKeysWith: { $1 })
    var found: Set<GitPath> = []
    for edit in plan.files where edit.change.new != nil {
      for parent in edit.path.parents where known[parent]?.old == nil {
        let file = WorkingTreeFile(parent, in: location.workingTree)
        if let file, file.kind != .folder { found.insert(parent) }
      }
      guard edit.change.old == nil || edit.change.old?.tracked.mode == .gitlink,
        let file = WorkingTreeFile(edit.path, in: location.workingTree)
      else { continue }
      if file.kind != .folder {
        found.insert(edit.path)
      } else if edit.change.new?.tracked.mode != .gitlink {
        found.formUnion(try files(below: edit.path).filter { known[$0]?.old == nil })
      }
    }
    return found.sorted()
  }

  /// Everything on disk below a folder but the folders; names are bytes.
  private func files(below folder: GitPath) throws(GitError) -> [GitPath] {
    var files: [GitPath] = []
    var folders = [folder]
    while let next = folders.popLast() {
      guard let stream = opendir(WorkingTreeFile.characters(next, in: location.workingTree)) else {
        throw GitError(
          code: .notStarted, message: "'\(next)': \(Errno(rawValue: errno).description)",
          function: "opendir")
      }
      defer { closedir(stream) }
      while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
        if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) { continue }
        let path = GitPath(next.bytes + [UInt8(ascii: "/")] + name)
        switch WorkingTreeFile(path, in: location.workingTree)?.kind {
        case .folder: folders.append(path)
        case nil: break
        default: files.append(path)
        }
      }
    }
    return files
  }

  package func onDisk(_ paths: some Sequence<GitPath>) -> Set<GitPath> {
    Set(paths.filter { WorkingTreeFile($0, in: location.workingTree) != nil })
  }

  package func extend(
    _ state: RepositoryState, with paths: [GitPath]
  ) async throws(GitError) -> CapturedState {
    let refused = paths.filter(RefusedName.matches)
    if !refused.isEmpty {
      return CapturedState(
        state: state, leftOut: refused.map { LeftOut(path: $0, reason: .nestedRepository) })
    }
    var settings = try await captureSettings()
    settings.maximumFileSize = .max
    let snapshot = Snapshot(objects: objects)
    var trees = try await snapshot.load(state)
    let inventory = Inventory(
      forcing: paths, settings: settings, top: location.workingTree)
    let storage = ContentStorage(git: git, objects: objects, settings: settings)
    let stored = try await storage.store(inventory, clearing: [:], converting: true)
    let editor = TreeEditor(objects: objects)
    trees.worktree = try await editor.edit(trees.worktree, stored.entries)
    trees.raw = try await editor.edit(
      trees.raw, stored.raw.mapValues { TrackedEntry(mode: .regular, id: $0) })
    let id = try await snapshot.write(trees)
    return CapturedState(
      state: RepositoryState(head: state.head, snapshot: id),
      leftOut: inventory.leftOut + stored.leftOut)
  }

  package func result(of plan: StatePlan) async throws(GitError) -> RepositoryState {
    let snapshot = Snapshot(objects: objects)
    var trees = try await snapshot.load(plan.from)
    let editor = TreeEditor(objects: objects)
    var files: [GitPath: TrackedEntry?] = [:]
    var raw: [GitPath: TrackedEntry?] = [:]
    for edit in plan.files + plan.unwritten {
      files[edit.path] = .some(edit.change.new?.tracked)
      raw[edit.path] = .some(
        edit.change.new?.raw.map { TrackedEntry(mode: .regular, id: $0) })
    }
    trees.worktree = try await editor.edit(trees.worktree, files)
    trees.raw = try await editor.edit(trees.raw, raw)
    var index: [GitPath: TrackedEntry?] = [:]
    var special = trees.meta.specialByPath
    for edit in plan.index {
      let entry = edit.change.new
      index[edit.path] = .some(entry?.staged)
      special[edit.path] = nil
      if let entry, !entry.conflict.isEmpty || !entry.flags.isEmpty {
        special[edit.path] = .init(
          path: edit.path, conflict: entry.conflict, flags: entry.flags)
      }
    }
    trees.index = try await editor.edit(trees.index, index)
    let progress = Dictionary(
      plan.progress.map {
        ($0.path, $0.change.new.map { TrackedEntry(mode: .regular, id: $0) })
      }, uniquingKeysWith: { $1 })
    trees.progress = try await editor.edit(trees.progress, progress)
    let head = plan.head.new ?? plan.from.head
    trees.meta.head = head
    trees.meta.special = special.values.sorted { $0.path < $1.path }
    let id = try await snapshot.write(trees)
    return RepositoryState(head: head, snapshot: id)
  }

  package func missingContents(of plan: StatePlan) async throws(GitError) -> [GitPath] {
    let wanted = plan.files.filter { $0.change.new?.tracked.mode != .gitlink }
    let ids = wanted.flatMap { [$0.change.new?.tracked.id, $0.change.new?.raw].compactMap { $0 } }
    let existing = try await objects.existing(Array(Set(ids)))
    return wanted.filter { edit in
      [edit.change.new?.tracked.id, edit.change.new?.raw].compactMap { $0 }
        .contains { !existing.contains($0) }
    }.map(\.path)
  }

  package func commitsLeaving(
    from old: ObjectID?, to new: ObjectID?
  ) async throws(GitError) -> (commits: [ObjectID], pushed: [String: ObjectID]) {
    guard let old else { return ([], [:]) }
    let staying = Set([new].compactMap { $0 })
    let commits = try await reader.commits(
      from: [old], notReachedFrom: staying, limit: .max)
    let remotes = try await reader.referenceTips().remoteBranches
    guard !commits.isEmpty, !remotes.isEmpty else { return (commits, [:]) }
    let unpushed = Set(
      try await reader.commits(
        from: [old], notReachedFrom: staying.union(remotes.values), limit: .max))
    var pushed: [String: ObjectID] = [:]
    guard let newest = commits.first(where: { !unpushed.contains($0) }) else {
      return (commits, [:])
    }
    for (name, tip) in remotes {
      let missing = try await reader.commits(from: [newest], notReachedFrom: [tip], limit: 1)
      if missing.isEmpty { pushed[name] = newest }
    }
    return (commits, pushed)
  }

  package func files(
    of state: RepositoryState, at paths: [GitPath]
  ) async throws(GitError) -> Set<GitPath> {
    let trees = try await Snapshot(objects: objects).load(state)
    return try await TreeComparison(objects: objects).files(of: trees.worktree, at: paths)
  }

  // MARK: - Applying

  package func apply(
    _ plan: StatePlan, to result: RepositoryState, message: String, holding lock: any IndexLock
  ) async throws(OperationError) {
    guard let lock = lock as? IndexLockFile else {
      preconditionFailure("the lock was not taken by this repository")
    }
    var git = git
    git.marks[OperationProcesses.variable] = OperationProcesses.mark(
      lock.operation, in: location.gitDirectory)
    let move = WorktreeMove(
      git: git, objects: objects, reader: reader, plan: plan, message: message,
      lockTimeoutMilliseconds: lock.timeoutMilliseconds)
    try await move.perform(to: result)
    lock.release()
  }

  package func export(
    _ files: [GitPath], of state: RepositoryState, to folder: String
  ) async throws(GitError) {
    let trees = try await Snapshot(objects: objects).load(state)
    try await FileExport(git: git, objects: objects).write(files, of: trees, to: FilePath(folder))
  }
}
