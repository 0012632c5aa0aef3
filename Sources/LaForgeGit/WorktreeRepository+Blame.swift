import Foundation
package import LaForgeCore
package import SystemPackage

/// Which state brought which line of a file.
extension WorktreeRepository {
  /// Tells for each line of a file, as it lies in the working tree now, in which of some states it
  /// first appeared; renames are followed as `git blame` does.
  ///
  /// Nothing is written into the repository, except, for a `.gitmodules`, trees with its own name.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - timeline: The states.
  ///   - ranges: Only these lines, as `git blame -L` takes them; empty for all.
  ///   - temporaryDirectory: Where to work.
  /// - Returns: The lines in their order.
  /// - Throws: `BlameError`.
  package func blame(
    _ path: GitPath, through timeline: StepTimeline, ranges: [String],
    in temporaryDirectory: FilePath
  ) async throws(BlameError) -> [BlamedLine] {
    guard let file = WorkingTreeFile(path, in: location.workingTree) else { throw .noSuchFile }
    if file.kind == .folder { throw .folder }
    guard let mode = file.mode(trustsExecutableBit: true) else { throw .notAFile }
    let ended: GitCommand.Result?
    do throws(GitError) {
      let history = try await lineHistory(of: path, mode, timeline, in: temporaryDirectory)
      let functions = try await functionRules(path, ranges)
      ended = try await history?.blame(path, ranges: ranges, functions: functions)
    } catch {
      throw .git(error)
    }
    guard let ended else { throw .ignored }
    guard ended.status == 0 else {
      guard ranges.isEmpty else { throw .badRange(ended.reason) }
      throw .git(
        GitError(
          code: GitError.Code(rawValue: ended.status), message: ended.reason,
          function: "git blame"))
    }
    return Self.lines(ended.output)
  }

  /// The recorded states and the present file as commits; `nil` for a file that git ignores and that
  /// is not in the last state.
  private func lineHistory(
    of path: GitPath, _ mode: EntryMode, _ timeline: StepTimeline,
    in temporaryDirectory: FilePath
  ) async throws(GitError) -> LineHistory? {
    let history = try LineHistory(borrowingFrom: git, in: temporaryDirectory)
    let trees = try await filesTrees(
      of: timeline.moments.map(\.state), exactly: path.name.elementsEqual(".gitmodules".utf8))
    for (index, moment) in timeline.moments.enumerated() {
      history.append(trees[index], moment: index, time: moment.time)
    }
    let comparison = TreeComparison(objects: objects)
    let latest = trees.last ?? nil
    var gone: [GitPath] = []
    if try await comparison.entries(of: latest, at: [path]).isEmpty {
      if try await isIgnored(path) { return nil }
      let files = try await comparison.entries(of: latest).keys
      gone = Set(files).subtracting(onDisk(files)).sorted()
    }
    let link =
      mode == .symbolicLink ? WorkingTreeFile.content(of: path, in: location.workingTree) : nil
    let id = try await history.store(path, link: link)
    history.append(TrackedEntry(mode: mode, id: id), at: path, gone: gone)
    return history
  }

  /// The trees of all files of some states, found by one process where they are as git knows them.
  ///
  /// `exactly` is whether a list of submodules must stand under its own name, by which no snapshot keeps
  /// one that was changed.
  private func filesTrees(
    of states: [RepositoryState], exactly: Bool
  ) async throws(GitError) -> [ObjectID?] {
    let names = states.map { state in
      state.snapshot.map { "\($0):worktree" } ?? state.head.commit.map { "\($0)^{tree}" } ?? "-"
    }
    let answers = try await git.check(
      ["cat-file", "--batch-check=%(objecttype) %(objectname)"],
      input: Array(names.map { $0 + "\n" }.joined().utf8)
    ).text.split(separator: "\n")
    var trees: [ObjectID?] = []
    for (index, state) in states.enumerated() {
      let words = index < answers.count ? answers[index].split(separator: " ") : []
      if !exactly, words.count == 2, words[0] == "tree", let id = ObjectID(hex: String(words[1])) {
        trees.append(id)
      } else {
        // A commit of which only the bytes are kept, or a state without files.
        trees.append(try await filesTree(of: state))
      }
    }
    if exactly { try await objects.flush() }
    return trees
  }

  /// Whether git ignores a path; see `man 1 git-check-ignore`.
  private func isIgnored(_ path: GitPath) async throws(GitError) -> Bool {
    // The command takes no literal pathspecs; a colon at the beginning is all that it would read as
    // more than a name.
    var call = git.call(
      ["check-ignore", "-q", "-z", "--stdin"], input: Array("./".utf8) + path.bytes + [0])
    call.environment["GIT_LITERAL_PATHSPECS"] = .some(nil)
    let result = try await git.git.run(call)
    // 1 where it is not ignored.
    guard result.status <= 1 else {
      throw GitError(
        code: GitError.Code(rawValue: result.status), message: result.reason,
        function: "git check-ignore")
    }
    return result.status == 0
  }

  /// What the user's repository says of how functions begin in a file, for `-L :name`.
  private func functionRules(
    _ path: GitPath, _ ranges: [String]
  ) async throws(GitError) -> FunctionRules {
    guard ranges.contains(where: { $0.hasPrefix(":") }) else { return FunctionRules() }
    let output = try await git.check(
      ["check-attr", "-z", "--stdin", "diff"], input: path.bytes + [0]
    ).output
    // The path, the attribute, its value.
    let fields = output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    guard fields.count == 3, !["unspecified", "set", "unset"].contains(fields[2]) else {
      return FunctionRules()
    }
    let driver = fields[2]
    let entries = try await reader.configurationEntries()
    let settings = ["xfuncname", "funcname"].compactMap { name in
      entries["diff.\(driver).\(name)"]?.last.map { "diff.\(driver).\(name)=\($0)" }
    }
    return FunctionRules(settings: settings, attributes: "* diff=\(driver)\n")
  }

  /// Reads "THE PORCELAIN FORMAT" of `man 1 git-blame`.
  private static func lines(_ output: [UInt8]) -> [BlamedLine] {
    var lines: [BlamedLine] = []
    var moments: [String: Int] = [:]
    var commit = ""
    var number = 0
    var isFirstOfLine = true
    for line in output.split(separator: 10, omittingEmptySubsequences: false) {
      if line.first == UInt8(ascii: "\t") {
        lines.append(
          BlamedLine(number: number, text: Array(line.dropFirst()), moment: moments[commit]))
        isFirstOfLine = true
        continue
      }
      let words = line.split(separator: UInt8(ascii: " "), maxSplits: 3)
      if isFirstOfLine, words.count >= 3 {
        commit = String(decoding: words[0], as: UTF8.self)
        number = Int(String(decoding: words[2], as: UTF8.self)) ?? 0
        isFirstOfLine = false
      } else if words.count == 2, words[0].elementsEqual("author-mail".utf8) {
        moments[commit] = Int(String(decoding: words[1].dropFirst().dropLast(), as: UTF8.self))
      }
    }
    return lines
  }
}
