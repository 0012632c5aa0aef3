import Foundation
import LaForgeCore
import LaForgeTestSupport
import SystemPackage
import Testing

@testable import LaForgeGit

@Suite struct HeadTests {
  @Test(arguments: ReaderKind.allCases)
  func aBranchIsReadAsGitReadsIt(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    let head = try await kind.open(environment.repository).head()
    #expect(head.branch == "refs/heads/main")
    #expect(head.commit?.hex == (try await environment.git("rev-parse", "HEAD")))
    #expect(head.shortBranch == "main")
  }

  @Test(arguments: ReaderKind.allCases)
  func anUnbornBranchHasNoCommit(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment(makesRepository: false)
    try await environment.git("init", "-q", "-b", "trunk")
    let head = try await kind.open(environment.repository).head()
    #expect(head == Head(branch: "refs/heads/trunk", commit: nil))
  }

  @Test(arguments: ReaderKind.allCases)
  func aDetachedHeadHasNoBranch(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    try await environment.git("checkout", "-q", "--detach")
    let head = try await kind.open(environment.repository).head()
    #expect(head.branch == nil)
    #expect(head.commit?.hex == (try await environment.git("rev-parse", "HEAD")))
  }

  @Test(arguments: ReaderKind.allCases, [true, false])
  func aHeadWhoseCommitIsMissingIsNotTakenForAnother(
    _ kind: ReaderKind, detached: Bool
  ) async throws {
    let environment = try await kind.makeEnvironment()
    let missing = String(repeating: "1", count: kind.idLength * 2)
    let file = detached ? ".git/HEAD" : ".git/refs/heads/main"
    try environment.write("\(missing)\n", to: environment.repository.appending(file))
    let reader = try await kind.open(environment.repository)
    let id = try #require(ObjectID(hex: missing))
    await #expect(
      throws: RepositoryError.missingCommit(id, branch: detached ? nil : "refs/heads/main")
    ) { try await reader.head() }
  }

  @Test(arguments: ReaderKind.allCases)
  func anEmptyHeadFileIsAnErrorAndNotAnUnbornBranch(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    let reader = try await kind.open(environment.repository)
    try environment.write("", to: environment.repository.appending(".git/HEAD"))
    await #expect(throws: RepositoryError.self) { try await reader.head() }
  }

  @Test(arguments: ReaderKind.allCases)
  func aDamagedBranchIsAnErrorAndNotAnUnbornOne(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    let reader = try await kind.open(environment.repository)
    try environment.write("x\n", to: environment.repository.appending(".git/refs/heads/main"))
    await #expect(throws: RepositoryError.self) { try await reader.head() }
  }

  @Test(arguments: ReaderKind.allCases)
  func aHeadThatLeadsThroughAnotherNameKeepsIt(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    try await environment.git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    try await environment.git("symbolic-ref", "HEAD", "refs/heads/alias")
    let reader = try await kind.open(environment.repository)
    let commit = ObjectID(hex: try await environment.git("rev-parse", "main"))
    #expect(try await reader.head() == Head(branch: "refs/heads/alias", commit: commit))
    try await environment.git("symbolic-ref", "refs/heads/alias", "refs/heads/none")
    #expect(try await reader.head() == Head(branch: "refs/heads/alias", commit: nil))
  }
}

@Suite struct OpeningTests {
  @Test(arguments: ReaderKind.allCases)
  func aFolderBelowTheTopBelongsToTheRepository(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    let deep = environment.repository.appending("a/b")
    try await environment.shell("mkdir -p a/b")
    let location = try await kind.open(deep).location
    #expect(location.workingTree == environment.repository)
    #expect(location.commonDirectory == environment.repository.appending(".git"))
    #expect(location.worktree == "main")
    #expect(location.defaultProjectID == "web")
  }

  @Test(arguments: ReaderKind.allCases)
  func aLinkedWorktreeSharesTheCommonDirectoryAndTheProject(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    try await environment.git("worktree", "add", "-q", "../side", "-b", "side")
    let reader = try await kind.open(environment.root.appending("side"))
    #expect(reader.location.worktree == "side")
    #expect(reader.location.commonDirectory == environment.repository.appending(".git"))
    #expect(reader.location.workingTree == environment.root.appending("side"))
    #expect(try await reader.projectID == "web")
    #expect(try await reader.head().branch == "refs/heads/side")
  }

  @Test(arguments: ReaderKind.allCases)
  func aLinkedWorktreeNamedMainIsNotTheMainOne(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    try await environment.git("worktree", "add", "-q", "../main", "-b", "side")
    let reader = try await kind.open(environment.root.appending("main"))
    #expect(reader.location.worktree == "worktrees/main")
    #expect(try await reader.projectID == "web")
  }

  @Test(arguments: ReaderKind.allCases)
  func aConfiguredProjectWins(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    try await environment.git("config", "laforge.project", "shop")
    #expect(try await kind.open(environment.repository).projectID == "shop")
  }

  @Test(arguments: ReaderKind.allCases)
  func noRepositoryIsTold(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment(makesRepository: false)
    await #expect(throws: RepositoryError.notFound(directory: environment.root.string)) {
      try await kind.open(environment.root)
    }
  }

  @Test(arguments: ReaderKind.allCases)
  func aBareRepositoryIsTold(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment(makesRepository: false)
    try await environment.git("init", "-q", "--bare", "../bare.git")
    let path = environment.root.appending("bare.git")
    await #expect(throws: RepositoryError.bare(path: path.string)) { try await kind.open(path) }
  }

  @Test(arguments: ReaderKind.allCases)
  func theGitDirectoryIsNoPlaceToWorkIn(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    let path = environment.repository.appending(".git")
    for folder in [path, path.appending("refs")] {
      await #expect(throws: RepositoryError.insideGitDirectory(path: path.string)) {
        try await kind.open(folder)
      }
    }
  }

  @Test(arguments: ReaderKind.allCases)
  func aWorktreeInsideTheGitDirectoryIsOne(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    try await environment.git("worktree", "add", "-q", ".git/side", "-b", "side")
    let reader = try await kind.open(environment.repository.appending(".git/side"))
    #expect(reader.location.worktree == "side")
  }

  @Test(arguments: [
    ("git init -q --object-format=sha256 .", "extensions.objectformat = sha256"),
    (
      "git init -q . && git config core.repositoryFormatVersion 1 && git config extensions.partialClone origin",
      "extensions.partialclone = origin"
    ),
  ])
  func aFormatThatLibgit2DoesNotKnowIsNamed(_ script: String, _ name: String) async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    try await environment.shell(script)
    let path = environment.repository.appending(".git")
    await #expect(
      throws: RepositoryError.unsupportedExtension(name: name, path: path.string)
    ) { try await ReaderKind.libgit2.open(environment.repository) }
  }

  @Test func theFormatIsNamedFromALinkedWorktreeToo() async throws {
    let environment = try await ReaderKind.commandOnSHA256.makeEnvironment()
    try await environment.git("worktree", "add", "-q", "../side", "-b", "side")
    let path = environment.repository.appending(".git/worktrees/side")
    let name = "extensions.objectformat = sha256"
    await #expect(
      throws: RepositoryError.unsupportedExtension(name: name, path: path.string)
    ) { try await ReaderKind.libgit2.open(environment.root.appending("side")) }
  }
}

@Suite struct CommitTests {
  /// What a script made, oldest first, as the reader sees it and by subject.
  private func subjects(
    _ kind: ReaderKind, of script: String, before: String = "true"
  ) async throws -> [String] {
    let environment = try await kind.makeEnvironment()
    try await check(environment, before)
    let reader = try await kind.open(environment.repository)
    let start = try await position(reader)
    try await check(environment, script)
    let made = try await reader.commitsMade(
      since: start, until: try await position(reader))
    var subjects: [String] = []
    for commit in made {
      subjects.append(try await environment.git("log", "-1", "--format=%s", commit.hex))
    }
    return subjects
  }

  private func check(_ environment: TestEnvironment, _ script: String) async throws {
    let setUp = "set -e; c() { git commit -q --allow-empty -m \"$1\"; }; "
    let output = try await environment.shell(setUp + script)
    guard output.status == 0 else { throw UnexpectedFailure(command: [script], output: output) }
  }

  @Test(arguments: ReaderKind.allCases)
  func commitsOnTheBranchAreFoundOldestFirst(_ kind: ReaderKind) async throws {
    #expect(try await subjects(kind, of: "c one; c two; c three") == ["one", "two", "three"])
  }

  @Test(arguments: ReaderKind.allCases)
  func nothingMadeIsNothing(_ kind: ReaderKind) async throws {
    #expect(try await subjects(kind, of: "echo x > x").isEmpty)
    #expect(try await subjects(kind, of: "git reset -q --hard HEAD^", before: "c one").isEmpty)
    #expect(
      try await subjects(kind, of: "git checkout -q other", before: "git branch other; c x").isEmpty
    )
  }

  @Test(arguments: ReaderKind.allCases)
  func anAmendedCommitIsANewOne(_ kind: ReaderKind) async throws {
    let script = "git commit -q --amend --allow-empty -m amended"
    #expect(try await subjects(kind, of: script, before: "c one") == ["amended"])
  }

  @Test(arguments: ReaderKind.allCases)
  func commitsOnAnotherBranchCountEvenIfHeadIsBackWhereItWas(_ kind: ReaderKind) async throws {
    let script = "git checkout -q -b try; c one; git checkout -q main"
    #expect(try await subjects(kind, of: script) == ["one"])
  }

  @Test(arguments: ReaderKind.allCases)
  func commitsOfADetachedHeadCount(_ kind: ReaderKind) async throws {
    #expect(try await subjects(kind, of: "git checkout -q --detach; c one") == ["one"])
  }

  @Test(arguments: ReaderKind.allCases)
  func theFirstCommitOfAllCounts(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment(makesRepository: false)
    try await environment.git("init", "-q")
    let reader = try await kind.open(environment.repository)
    let start = try await position(reader)
    try await environment.git("commit", "-q", "--allow-empty", "-m", "first")
    let made = try await reader.commitsMade(
      since: start, until: try await position(reader))
    #expect(made.map(\.hex) == [try await environment.git("rev-parse", "HEAD")])
  }

  @Test(arguments: ReaderKind.allCases)
  func aMergeBringsOnlyWhatWasNotThere(_ kind: ReaderKind) async throws {
    let before = "git checkout -q -b side; c side; git checkout -q main; c main"
    let script = "git merge -q --no-ff -m merged side; c after"
    #expect(try await subjects(kind, of: script, before: before) == ["merged", "after"])
  }

  private static let remote = """
    git init -q --bare ../remote.git; git remote add origin ../remote.git; git push -q -u origin main
    """

  @Test(arguments: ReaderKind.allCases)
  func whatWasPulledWasNotMade(_ kind: ReaderKind) async throws {
    let before = """
      \(Self.remote); git clone -q ../remote.git ../other
      (cd ../other; git commit -q --allow-empty -m theirs; git push -q)
      """
    #expect(try await subjects(kind, of: "git pull -q; c mine", before: before) == ["mine"])
  }

  @Test(arguments: ReaderKind.allCases)
  func whatWasPulledBeforeAPushWasNotMadeEither(_ kind: ReaderKind) async throws {
    let before = """
      \(Self.remote); git clone -q ../remote.git ../other
      (cd ../other; git commit -q --allow-empty -m theirs; git push -q)
      """
    let script = "git pull -q --rebase; c mine; git push -q"
    #expect(try await subjects(kind, of: script, before: before) == ["mine"])
  }

  @Test(arguments: ReaderKind.allCases)
  func readingMakesNoReflog(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    try await check(
      environment,
      "git config core.logAllRefUpdates false; rm -rf .git/logs; \(Self.remote); rm -rf .git/logs")
    let reader = try await kind.open(environment.repository)
    let start = try await position(reader)
    try await check(environment, "c mine; git push -q")
    _ = try await reader.commitsMade(
      since: start, until: try await position(reader))
    let logs = environment.repository.appending(".git/logs").string
    #expect(!FileManager.default.fileExists(atPath: logs))
  }

  @Test(arguments: ReaderKind.allCases)
  func whatWasMadeAndPushedWasMade(_ kind: ReaderKind) async throws {
    #expect(try await subjects(kind, of: "c mine; git push -q", before: Self.remote) == ["mine"])
  }

  @Test(arguments: ReaderKind.allCases)
  func whatAnotherWorktreeCommitsMeanwhileIsNotOurs(_ kind: ReaderKind) async throws {
    let before = "git worktree add -q ../side -b side"
    let script = "(cd ../side; c theirs); c ours"
    #expect(try await subjects(kind, of: script, before: before) == ["ours"])
  }

  @Test(arguments: ReaderKind.allCases)
  func aTagOfATreeAndOneThatIsGoneAreNoHindrance(_ kind: ReaderKind) async throws {
    let before = "git tag tree HEAD^{tree}; git tag -m x note; c one; git branch old"
    let script = "git branch -D -q old; c two"
    #expect(try await subjects(kind, of: script, before: before) == ["two"])
  }
}

@Suite struct ChangeTests {
  /// Git's own figures: `3 files changed, 40 insertions(+), 2 deletions(-)`.
  private func parse(_ text: String) -> ChangeSummary {
    var summary = ChangeSummary.none
    for part in text.split(separator: ",") {
      let words = part.split(separator: " ")
      guard words.count > 1, let number = Int(words[0]) else { continue }
      if words[1].hasPrefix("file") { summary.filesChanged = number }
      if words[1].hasPrefix("insertion") { summary.insertions = number }
      if words[1].hasPrefix("deletion") { summary.deletions = number }
    }
    return summary
  }

  @Test(
    arguments: ReaderKind.allCases,
    [
      "printf 'a\\nb\\nc\\n' > x", "rm README.md", "git mv README.md READYOU.md",
      "head -c 3000 /dev/urandom > binary", "printf 'no newline' > README.md", "chmod +x README.md",
      "ln -sf /etc/passwd link", "ln -sf /etc/passwd README.md",
      "mkdir -p a/b; seq 500 > a/b/c; seq 3 > d", "true",
      "printf 'hello\\r\\n' > README.md", "printf 'ä\\xff\\n' > README.md",
      "git init -q sub; git -C sub commit -q --allow-empty -m x; git add sub 2>/dev/null",
    ])
  func linesAreCountedAsGitCountsThem(_ kind: ReaderKind, _ script: String) async throws {
    let environment = try await kind.makeEnvironment()
    let reader = try await kind.open(environment.repository)
    try await environment.shell(
      "\(script); git add -A 2>/dev/null; git commit -q -m x --allow-empty")
    let before = ObjectID(hex: try await environment.git("rev-parse", "HEAD^^{tree}"))
    let after = ObjectID(hex: try await environment.git("rev-parse", "HEAD^{tree}"))
    let git = try await environment.git("diff", "--shortstat", "--no-renames", "HEAD^", "HEAD")
    #expect(try await reader.changes(from: before, to: after) == parse(git))
  }

  @Test(arguments: ReaderKind.allCases)
  func fromNothingEverythingIsNew(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    let reader = try await kind.open(environment.repository)
    let tree = ObjectID(hex: try await environment.git("rev-parse", "HEAD^{tree}"))
    let whole = ChangeSummary(filesChanged: 1, insertions: 1, deletions: 0)
    #expect(try await reader.changes(from: nil, to: tree) == whole)
    let gone = ChangeSummary(filesChanged: 1, insertions: 0, deletions: 1)
    #expect(try await reader.changes(from: tree, to: nil) == gone)
    #expect(try await reader.changes(from: nil, to: nil) == .none)
  }
}

@Suite struct AbbreviationTests {
  @Test(arguments: ReaderKind.allCases)
  func idsAreShortenedAsGitDoes(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    let reader = try await kind.open(environment.repository)
    let commit = try #require(try await reader.head().commit)
    let short = try await environment.git("rev-parse", "--short", "HEAD")
    #expect(reader.abbreviation(of: commit) == short)
  }
}
