import Foundation
import Glibc
import LaForgeTestSupport
import SystemPackage

/// How the files of a repository become blobs.
enum Conversion: CaseIterable {
  case none
  /// `core.autocrlf=true`.
  case lineEnds
  /// A filter whose clean side makes capitals and whose smudge side makes small letters.
  case capitals

  /// What git stores for these bytes.
  func cleaned(_ bytes: [UInt8], path: String) -> [UInt8] {
    switch self {
    case .none: bytes
    case .lineEnds: bytes.filter { $0 != UInt8(ascii: "\r") }
    case .capitals where path.hasSuffix(".flt"):
      bytes.map { (97...122).contains($0) ? $0 - 32 : $0 }
    case .capitals: bytes
    }
  }
}

/// One look at the repository: its state, and what git itself says about its health.
struct Observation {
  var state = WorkingState()
  /// Everything that `git rev-list --all` reaches.
  var commits: Set<String> = []
  /// Everything that `git rev-list --objects --all` reaches, LaForge's ref included.
  var objects: Set<String> = []
  /// What is wrong with the repository whatever the state should be.
  var complaints: [String] = []

  /// Ids of contents that can be had: reachable, on disk, or in the index.
  var available: Set<String> {
    objects.union(state.disk.values.map(\.id)).union(state.indexedBlobs)
  }
}

extension WorkingState {
  /// What `git add --intent-to-add` names without making it.
  private static let emptyBlob = BlobID.of([])

  /// The blobs that the index names.
  var indexedBlobs: Set<String> {
    Set(
      index.values.joined().compactMap { entry in
        let fields = entry.split(separator: " ")
        return fields[1] == "160000" || fields[2] == Self.emptyBlob ? nil : String(fields[2])
      })
  }

  /// The contents that a recorded state promises to keep.
  var promisedContents: Set<String> {
    indexedBlobs.union(files.values.map { $0.isUnmodified ? $0.cleaned : $0.id })
  }
}

/// Looks at a repository with one shell and plain reads.
struct Observer {
  let environment: TestEnvironment
  let conversion: Conversion

  private static let script = """
    export GIT_OPTIONAL_LOCKS=0
    end() { printf '\\001'; }
    git ls-files -s -v -z; end
    git ls-files -o -i --exclude-standard -z; end
    git for-each-ref --format='%(refname) %(objectname) %(objecttype) %(*objecttype)'; end
    git rev-list --all; end
    git rev-list --objects --all --no-object-names; end
    # `git reset --hard` on an unborn branch leaves an index that names the empty tree.
    git hash-object -t tree -w /dev/null > /dev/null
    git fsck --strict --no-dangling --no-progress 2>&1 || echo "fsck ended with $?"; end
    git status --porcelain 2>&1 > /dev/null; end
    find .git \\( -path .git/laforge -o -path .git/refs/laforge -o -path .git/modules \\) -prune \\
      -o \\( -name '*.lock' -o -name '*laforge*' -o -name 'tmp_*' \\) -print
    """

  /// Looks once.
  func observe() async throws -> Observation {
    let output = try await environment.shell(Self.script)
    let parts = output.standardOutput.split(separator: "\u{1}", omittingEmptySubsequences: false)
    guard parts.count == 8 else { throw UnexpectedFailure(command: ["observe"], output: output) }
    var observation = Observation()
    readIndex(parts[0], into: &observation.state)
    let ignored = Set(parts[1].split(separator: "\0").map(String.init))
    readReferences(parts[2], into: &observation)
    observation.commits = Set(parts[3].split(separator: "\n").map(String.init))
    observation.objects = Set(parts[4].split(separator: "\n").map(String.init))
    if parts[5].contains("fsck ended") { observation.complaints.append("git fsck: \(parts[5])") }
    if !parts[6].isEmpty { observation.complaints.append("git status: \(parts[6])") }
    if !parts[7].isEmpty { observation.complaints.append("left in .git: \(parts[7])") }
    readHead(into: &observation.state)
    readFiles(ignored: ignored, into: &observation.state)
    return observation
  }

  private func readIndex(_ text: Substring, into state: inout WorkingState) {
    for record in text.split(separator: "\0") {
      let fields = record.split(separator: "\t", maxSplits: 1)
      state.index[String(fields[1]), default: []].append(String(fields[0]))
    }
  }

  private func readReferences(_ text: Substring, into observation: inout Observation) {
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ").map(String.init)
      if fields[0] == "refs/laforge/keep" {
        // A tag of a tree adds nothing to `git log --all`.
        if fields.dropFirst(2) != ["tag", "tree"] {
          observation.complaints.append("LaForge's ref: \(line)")
        }
      } else if fields[0].hasPrefix("refs/laforge/") {
        observation.complaints.append("another ref of LaForge's: \(line)")
      } else if fields[0] != "refs/stash" {
        observation.state.references[fields[0]] = fields[1]
      }
    }
  }

  private func contents(_ name: String) -> [UInt8]? {
    FileManager.default.contents(atPath: environment.repository.appending(name).string)
      .map { [UInt8]($0) }
  }

  private func readHead(into state: inout WorkingState) {
    let head = String(decoding: contents(".git/HEAD") ?? [], as: UTF8.self)
      .trimmingCharacters(in: .newlines)
    if head.hasPrefix("ref: ") {
      let branch = String(head.dropFirst(5))
      state.head = Head(branch: branch, commit: state.references[branch])
    } else {
      state.head = Head(branch: nil, commit: head)
    }
    let stash = String(decoding: contents(".git/logs/refs/stash") ?? [], as: UTF8.self)
    state.stash = stash.split(separator: "\n").reversed().map {
      String($0.split(separator: " ")[1])
    }
    for name in ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD"] {
      state.inProgress[name] = contents(".git/\(name)")
    }
    if !state.inProgress.isEmpty {
      for name in ["MERGE_MODE", "MERGE_MSG"] { state.inProgress[name] = contents(".git/\(name)") }
    }
  }

  // MARK: - Files

  private func readFiles(ignored: Set<String>, into state: inout WorkingState) {
    for path in paths(below: environment.repository, prefix: "", into: &state.outside) {
      guard var entry = entry(environment.repository.appending(path), path: path) else { continue }
      if let indexed = state.index[path], indexed.count == 1 {
        let fields = indexed[0].split(separator: " ")
        let modes: [String: FileEntry.Kind] = [
          "100644": .plain, "100755": .executable, "120000": .link,
        ]
        entry.isUnmodified = modes[String(fields[1])] == entry.kind && fields[2] == entry.cleaned
      }
      if ignored.contains(path) { state.ignored[path] = entry } else { state.files[path] = entry }
    }
    let beside = environment.root.appending("beside")
    for path in paths(below: beside, prefix: "", into: &state.outside) {
      state.outside["../beside/\(path)"] = entry(beside.appending(path), path: path)
    }
  }

  /// The files of a folder; those of a repository inside it go to `nested`.
  private func paths(
    below folder: FilePath, prefix: String, into nested: inout [String: FileEntry]
  ) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
    return names.flatMap { name -> [String] in
      let (path, full) = (prefix + name, folder.appending(name))
      guard path != ".git", name != ".git" else { return [] }
      guard isFolder(full) else { return [path] }
      let below = paths(below: full, prefix: path + "/", into: &nested)
      let gitFile = full.appending(".git").string
      guard FileManager.default.fileExists(atPath: gitFile) else { return below }
      for file in below { nested[file] = entry(environment.repository.appending(file), path: file) }
      return []
    }
  }

  private func isFolder(_ path: FilePath) -> Bool { mode(of: path) & S_IFMT == S_IFDIR }

  /// Type and permissions, or 0 for what cannot be looked at.
  private func mode(of path: FilePath) -> mode_t {
    var status = stat()
    return lstat(path.string, &status) == 0 ? status.st_mode : 0
  }

  private func entry(_ file: FilePath, path: String) -> FileEntry? {
    let manager = FileManager.default
    let mode = mode(of: file)
    if mode & S_IFMT == S_IFLNK {
      guard let target = try? manager.destinationOfSymbolicLink(atPath: file.string) else {
        return nil
      }
      let id = BlobID.of(Array(target.utf8))
      return FileEntry(kind: .link, id: id, cleaned: id)
    }
    guard let data = manager.contents(atPath: file.string) else { return nil }
    let bytes = [UInt8](data)
    return FileEntry(
      kind: mode & 0o100 == 0 ? .plain : .executable, id: BlobID.of(bytes),
      cleaned: BlobID.of(conversion.cleaned(bytes, path: path)))
  }
}
