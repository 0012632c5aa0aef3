import CLaForgeSupport
import Foundation
import Glibc
package import LaForgeCore
import SystemPackage

/// What git's own rules say about paths, asked of git in a folder of its own.
extension WorktreeRepository {
  package func uncovered(
    _ paths: [GitPath], in state: RepositoryState
  ) async throws(GitError) -> Set<GitPath> {
    let trees = try await Snapshot(objects: objects).load(state)
    let folders = Set(paths.flatMap(\.parents)).union([GitPath("")])
    let rules = folders.map { folder in
      GitPath(folder.bytes.isEmpty ? ".gitignore" : "\(folder.text)/.gitignore")
    }
    let files = try await TreeComparison(objects: objects).entries(of: trees.worktree, at: rules)
    let ignored: Set<GitPath>
    do {
      let scratch = try ScratchFolder(in: location.gitDirectory, purpose: "ignore")
      try await FileExport(git: git, objects: objects).write(
        Array(files.keys), of: trees, to: scratch.path)
      ignored = try await matches(paths, in: scratch) { _ in true }
    }
    guard let includes = trees.meta.includes, !ignored.isEmpty else { return ignored }
    let scratch = try ScratchFolder(in: location.gitDirectory, purpose: "include")
    try scratch.write(".gitignore", Array((includes.joined(separator: "\n") + "\n").utf8))
    let included = try await matches(ignored.sorted(), in: scratch) { source in
      source.elementsEqual(".gitignore".utf8)
    }
    return ignored.subtracting(included)
  }

  /// Returns the paths that the ignore files of a folder match, of those whose rule comes from a file
  /// that `isMeant` accepts.
  private func matches(
    _ paths: [GitPath], in scratch: ScratchFolder, isMeant: (ArraySlice<UInt8>) -> Bool
  ) async throws(GitError) -> Set<GitPath> {
    // The command takes no literal pathspecs; a colon at the beginning is all that it would read as
    // more than a name.
    let colon = UInt8(ascii: ":")
    let names = paths.map { $0.bytes.first == colon ? GitPath("./".utf8 + $0.bytes) : $0 }
    var call = git.call(
      ["check-ignore", "--no-index", "--verbose", "-z", "--stdin"], workingTree: scratch.path,
      input: ContentStorage.list(names))
    call.environment["GIT_LITERAL_PATHSPECS"] = .some(nil)
    let result = try await git.git.run(call)
    // 1 where none of them is ignored.
    guard result.status <= 1 else {
      throw GitError(
        code: GitError.Code(rawValue: result.status), message: result.reason,
        function: "git check-ignore")
    }
    // Four fields for each: the file of the rule, its line, the rule, the path.
    let fields = result.output.split(separator: 0, omittingEmptySubsequences: false)
    var matched: Set<GitPath> = []
    for start in stride(from: 0, to: fields.count - 3, by: 4) {
      let isNegated = fields[start + 2].first == UInt8(ascii: "!")
      if !isNegated, isMeant(fields[start]) { matched.insert(GitPath(fields[start + 3])) }
    }
    return Set(zip(paths, names).filter { matched.contains($0.1) }.map(\.0))
  }

  /// Git checks out empty files of these names into a folder, as far as sparse checkout lets it.
  package func outsideSparseCheckout(
    _ paths: [GitPath]
  ) async throws(GitError) -> Set<GitPath> {
    guard try await captureSettings().isSparse else { return [] }
    let absent = paths.filter { WorkingTreeFile($0, in: location.workingTree) == nil }
    guard !absent.isEmpty else { return [] }
    let blob = try await objects.write(GitObject(.blob, []))
    var edits: [GitPath: TrackedEntry?] = [:]
    for path in absent { edits[path] = TrackedEntry(mode: .regular, id: blob) }
    let tree = try await TreeEditor(objects: objects).edit(nil, edits)
    try await objects.flush()
    guard let tree else { return [] }
    let scratch = try ScratchFolder(in: location.gitDirectory, purpose: "sparse")
    let index = scratch.path.appending("laforge.index")
    try await git.git.check(
      git.call(["read-tree", "-m", "-u", tree.hex], workingTree: scratch.path, index: index))
    return try await git.skippedPaths(index: index)
  }
}

/// A folder in the worktree's git directory that is removed at the end of its life.
final class ScratchFolder {
  let path: FilePath

  init(in gitDirectory: FilePath, purpose: String) throws(GitError) {
    path = gitDirectory.appending("laforge-\(purpose)-\(getpid())")
    remove()
    guard mkdir(path.string, 0o700) == 0 else {
      throw GitError(
        code: .notStarted, message: "'\(path)': \(Errno(rawValue: errno).description)",
        function: "mkdir")
    }
  }

  deinit {
    remove()
  }

  /// Writes a file at the top of the folder.
  func write(_ name: String, _ bytes: [UInt8]) throws(GitError) {
    do {
      try Data(bytes).write(to: URL(filePath: path.appending(name).string))
    } catch {
      throw GitError(code: .notStarted, message: error.localizedDescription, function: "write")
    }
  }

  /// Makes an empty file.
  func makeFile(_ path: GitPath) throws(GitError) {
    for folder in path.parents { mkdir(WorkingTreeFile.characters(folder, in: self.path), 0o700) }
    let file = laforge_open(
      WorkingTreeFile.characters(path, in: self.path), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      throw GitError(
        code: .notStarted, message: "'\(path)': \(Errno(rawValue: errno).description)",
        function: "open")
    }
    laforge_close(file)
  }

  private func remove() {
    // What is left is removed by the next operation.
    try? FileManager.default.removeItem(atPath: path.string)
  }
}
