import Foundation
import LaForgeCore
import LaForgeTestSupport
import SystemPackage
import Testing

@testable import LaForgeGit

/// Objects and states through libgit2 and through the git command.
@Suite struct BackendTests {
  /// Everything that can be uncommitted.
  private static let dirty = """
    set -e
    mkdir a; for f in staged unstaged both gone removed mode a/link conflict; do echo 1 > $f; done
    echo 1 > mäh; printf '1\\n' > $'odd\\xff\\n name'; git add -A; git commit -q -m base
    git checkout -q -b other; echo 2 > conflict; git commit -q -a -m theirs
    git checkout -q main; echo 3 > conflict; git commit -q -a -m ours; git merge other || true
    echo 2 > staged; git add staged; echo 2 > unstaged; echo 2 > both; git add both; echo 3 > both
    rm gone; git rm -q --cached removed; chmod +x mode; rm a/link; ln -s ../mode a/link
    mkdir -p new/deep; echo n > new/deep/file; echo n > intended; git add -N intended
    git update-index --assume-unchanged mäh; echo x > mäh; echo '*.log' > .gitignore; echo l > x.log
    git init -q nested; git -C nested commit -q --allow-empty -m x
    """

  private func environment(_ script: String = "true") async throws -> TestEnvironment {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(Self.dirty + "\n" + script)
    try #require(output.status == 0, "\(output)")
    return environment
  }

  @Test(arguments: [
    "true", "git config core.autocrlf true; printf 'a\\r\\nb\\n' > crlf",
    "echo '*.txt text eol=crlf' > .gitattributes; printf 'a\\n' > x.txt", "git reset -q --hard",
    "git config core.fileMode false", "git update-index --index-version 4",
    "git update-index --split-index",
  ])
  func theSameStateIsTheSameSnapshot(_ script: String) async throws {
    let environment = try await environment(script)
    let libgit2 = try await ReaderKind.libgit2.openWorktree(environment.repository)
    let command = try await ReaderKind.command.openWorktree(environment.repository)
    let first = try await command.captureState()
    let second = try await libgit2.captureState()
    #expect(first == second)
    #expect(first.state.snapshot != nil)
    #expect(try await libgit2.difference(from: first.state, to: second.state).isEmpty)
    #expect(try await command.filesTree(of: first.state) == libgit2.filesTree(of: first.state))
    #expect(try await environment.shell("git fsck --strict").status == 0)
  }

  @Test func theSameIsKeptTheSame() async throws {
    let environment = try await environment()
    let libgit2 = try await ReaderKind.libgit2.openWorktree(environment.repository)
    let command = try await ReaderKind.command.openWorktree(environment.repository)
    let state = try await command.captureState()
    let head = try #require(state.state.head.commit)
    let request = KeepRequest(
      snapshots: Set([state.state.snapshot].compactMap { $0 }), commits: [head])
    let first = try await command.keep(request, recorded: nil)
    try await environment.git("update-ref", "-d", "refs/laforge/keep")
    let second = try await libgit2.keep(request, recorded: nil)
    #expect(first == second)
    #expect(
      try await command.makeProtectingCommit(of: [head])
        == libgit2.makeProtectingCommit(of: [head]))
    #expect(
      try await command.contents(introducedBy: [head]) == libgit2.contents(introducedBy: [head]))
  }

  @Test(arguments: ReaderKind.allCases)
  func objectsAreReadAsTheyWereWritten(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    let repository = try await kind.openWorktree(environment.repository)
    let objects = repository.objects
    let written = [
      GitObject(blob: ""), GitObject(blob: "\n"), GitObject(.blob, [0, 10, 255, 10]),
      GitObject(blob: "x missing\n"), TreeObject().object,
    ]
    let ids = try await objects.write(written)
    try await objects.flush()
    let gone = try #require(ObjectID(hex: String(repeating: "1", count: kind.idLength * 2)))
    // Another one, so that nothing comes from memory.
    let other = try await kind.openWorktree(environment.repository).objects
    let read = try await other.read([gone] + ids + ids + [gone])
    #expect(read == Dictionary(zip(ids, written), uniquingKeysWith: { $1 }))
    #expect(try await other.existing([gone] + ids) == Set(ids))
    #expect(try await other.read([]).isEmpty)
    #expect(ids.allSatisfy { $0.byteCount == objects.idLength })
    #expect(objects.idLength == kind.idLength)
    let files = try FileManager.default.contentsOfDirectory(
      atPath: environment.repository.appending(".git").string)
    #expect(!files.contains { $0.hasPrefix("laforge-") })
  }

  @Test func aFolderWithAStrangeNameHoldsObjectsToo() async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    let folder = environment.root.appending("a\n\"b\\ c")
    try await environment.git("init", "-q", folder.string)
    let repository = try await ReaderKind.command.openWorktree(folder)
    #expect(repository.location.workingTree == folder)
    let id = try await repository.objects.write(GitObject(blob: "x\n"))
    #expect(try await repository.objects.existing([id]) == [id])
  }
}

/// Repositories that libgit2 refuses.
@Suite struct FallbackTests {
  private func open(
    _ directory: FilePath, ceilings: String? = nil
  ) async throws(RepositoryError) -> WorktreeRepository {
    try await WorktreeRepository.open(
      from: directory, git: ReaderKind.git, followsEnvironment: false, ceilings: ceilings,
      attributesFiles: [], hasConfigurationInEnvironment: false, storingIn: .repository)
  }

  private static let formats = [
    "git init -q --object-format=sha256 .",
    "git init -q .; git config core.repositoryFormatVersion 1; git config extensions.worktreeConfig true",
    "git init -q .; git config core.repositoryFormatVersion 1; git config extensions.preciousObjects true",
    "git init -q .; git config core.repositoryFormatVersion 1; git config extensions.partialClone origin",
  ]

  @Test(arguments: formats)
  func areServedByGit(_ script: String) async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    try await environment.shell(
      "\(script); git commit -q --allow-empty -m x; git worktree add -q ../side; mkdir below")
    let repository = try await open(environment.repository.appending("below"))
    // Version 1.9 of libgit2 knows two of them.
    let isKnown = script.contains("worktreeConfig") || script.contains("preciousObjects")
    if !isKnown || LibGit2.version.hasPrefix("1.5.") {
      #expect(repository.reader is GitCommandReader)
    }
    #expect(repository.location.workingTree == environment.repository)
    #expect(repository.location.worktree == "main")
    let state = try await repository.captureState()
    #expect(state.state.snapshot == nil)
    #expect(state.state.head.commit?.hex == (try await environment.git("rev-parse", "HEAD")))
    let side = try await open(environment.root.appending("side"))
    #expect(side.location.worktree == "side")
    #expect(side.location.commonDirectory == environment.repository.appending(".git"))
    #expect(try await side.projectID == "web")
    #expect(try await side.referenceTips().branchesElsewhere.count == 1)
  }

  @Test(arguments: formats)
  func areRefusedWhereThereIsNothingToWorkIn(_ script: String) async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    try await environment.shell(script)
    let path = environment.repository.appending(".git")
    for folder in [path, path.appending("refs")] {
      await #expect(throws: RepositoryError.insideGitDirectory(path: path.string)) {
        try await open(folder)
      }
    }
    try await environment.shell("git config core.bare true; mv .git ../bare.git")
    let bare = environment.root.appending("bare.git")
    await #expect(throws: RepositoryError.bare(path: bare.string)) { try await open(bare) }
  }

  @Test func whatGitRefusesTooIsNamed() async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    try await environment.shell(
      "git init -q .; git config core.repositoryFormatVersion 1; git config extensions.wonder true")
    let path = environment.repository.appending(".git")
    await #expect(
      throws: RepositoryError.unsupportedExtension(
        name: "extensions.wonder = true", path: path.string)
    ) { try await open(environment.repository) }
  }
}
