import Foundation
import LaForgeCore
import LaForgeGit
import LaForgeTestSupport
import SystemPackage
import Testing

/// Opens a repository as a command would, without any environment.
func open(_ directory: FilePath) async throws(RepositoryError) -> LibGit2Reader {
  try await LibGit2Reader.open(
    from: directory, git: GitCommand(program: "/usr/bin/git"),
    followsEnvironment: false, ceilings: nil)
}

/// HEAD and the references now.
func position(_ reader: LibGit2Reader) throws -> RepositoryPosition {
  RepositoryPosition(head: try reader.head(), tips: try reader.referenceTips())
}

@Suite struct HeadTests {
  @Test func aBranchIsReadAsGitReadsIt() async throws {
    let environment = try await TestEnvironment()
    let head = try await open(environment.repository).head()
    #expect(head.branch == "refs/heads/main")
    #expect(head.commit?.hex == (try await environment.git("rev-parse", "HEAD")))
    #expect(head.shortBranch == "main")
  }

  @Test func anUnbornBranchHasNoCommit() async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    try await environment.git("init", "-q", "-b", "trunk")
    let head = try await open(environment.repository).head()
    #expect(head == Head(branch: "refs/heads/trunk", commit: nil))
  }

  @Test func aDetachedHeadHasNoBranch() async throws {
    let environment = try await TestEnvironment()
    try await environment.git("checkout", "-q", "--detach")
    let head = try await open(environment.repository).head()
    #expect(head.branch == nil)
    #expect(head.commit?.hex == (try await environment.git("rev-parse", "HEAD")))
  }

  @Test(arguments: [true, false])
  func aHeadWhoseCommitIsMissingIsNotTakenForAnother(detached: Bool) async throws {
    let environment = try await TestEnvironment()
    let missing = String(repeating: "1", count: 40)
    let file = detached ? ".git/HEAD" : ".git/refs/heads/main"
    try environment.write("\(missing)\n", to: environment.repository.appending(file))
    let reader = try await open(environment.repository)
    let id = try #require(ObjectID(hex: missing))
    #expect(
      throws: RepositoryError.missingCommit(id, branch: detached ? nil : "refs/heads/main")
    ) { try reader.head() }
  }

  @Test func anEmptyHeadFileIsAnErrorAndNotAnUnbornBranch() async throws {
    let environment = try await TestEnvironment()
    let reader = try await open(environment.repository)
    try environment.write("", to: environment.repository.appending(".git/HEAD"))
    #expect(throws: RepositoryError.self) { try reader.head() }
  }
}

@Suite struct OpeningTests {
  @Test func aFolderBelowTheTopBelongsToTheRepository() async throws {
    let environment = try await TestEnvironment()
    let deep = environment.repository.appending("a/b")
    try await environment.shell("mkdir -p a/b")
    let location = try await open(deep).location
    #expect(location.workingTree == environment.repository)
    #expect(location.commonDirectory == environment.repository.appending(".git"))
    #expect(location.worktree == "main")
    #expect(location.defaultProjectID == "web")
  }

  @Test func aLinkedWorktreeSharesTheCommonDirectoryAndTheProject() async throws {
    let environment = try await TestEnvironment()
    try await environment.git("worktree", "add", "-q", "../side", "-b", "side")
    let reader = try await open(environment.root.appending("side"))
    #expect(reader.location.worktree == "side")
    #expect(reader.location.commonDirectory == environment.repository.appending(".git"))
    #expect(reader.location.workingTree == environment.root.appending("side"))
    let projectID = try await reader.projectID
    #expect(projectID == "web")
    #expect(try reader.head().branch == "refs/heads/side")
  }

  @Test func aLinkedWorktreeNamedMainIsNotTheMainOne() async throws {
    let environment = try await TestEnvironment()
    try await environment.git("worktree", "add", "-q", "../main", "-b", "side")
    let reader = try await open(environment.root.appending("main"))
    #expect(reader.location.worktree == "worktrees/main")
    let projectID = try await reader.projectID
    #expect(projectID == "web")
  }

  @Test func aConfiguredProjectWins() async throws {
    let environment = try await TestEnvironment()
    try await environment.git("config", "laforge.project", "shop")
    let projectID = try await open(environment.repository).projectID
    #expect(projectID == "shop")
  }

  @Test func noRepositoryIsTold() async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    await #expect(throws: RepositoryError.notFound(directory: environment.root.string)) {
      try await open(environment.root)
    }
  }

  @Test func aBareRepositoryIsTold() async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    try await environment.git("init", "-q", "--bare", "../bare.git")
    let path = environment.root.appending("bare.git")
    await #expect(throws: RepositoryError.bare(path: path.string)) { try await open(path) }
  }

  @Test func theGitDirectoryIsNoPlaceToWorkIn() async throws {
    let environment = try await TestEnvironment()
    let path = environment.repository.appending(".git")
    for folder in [path, path.appending("refs")] {
      await #expect(throws: RepositoryError.insideGitDirectory(path: path.string)) {
        try await open(folder)
      }
    }
  }

  @Test func aWorktreeInsideTheGitDirectoryIsOne() async throws {
    let environment = try await TestEnvironment()
    try await environment.git("worktree", "add", "-q", ".git/side", "-b", "side")
    let reader = try await open(environment.repository.appending(".git/side"))
    #expect(reader.location.worktree == "side")
  }

  @Test(arguments: [
    ("git init -q --object-format=sha256 .", "extensions.objectformat = sha256"),
    (
      "git init -q . && git config core.repositoryFormatVersion 1 && git config extensions.worktreeConfig true",
      "extensions.worktreeconfig = true"
    ),
  ])
  func aFormatThatLibgit2DoesNotKnowIsNamed(_ script: String, _ name: String) async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    try await environment.shell(script)
    let path = environment.repository.appending(".git")
    await #expect(
      throws: RepositoryError.unsupportedExtension(name: name, path: path.string)
    ) { try await open(environment.repository) }
  }
}

@Suite struct CommitTests {
  /// What a script made, oldest first, as the reader sees it and by subject.
  private func subjects(of script: String, before: String = "true") async throws -> [String] {
    let environment = try await TestEnvironment()
    try await check(environment, before)
    let reader = try await open(environment.repository)
    let start = try position(reader)
    try await check(environment, script)
    let made = try reader.commitsMade(since: start, until: try position(reader))
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

  @Test func commitsOnTheBranchAreFoundOldestFirst() async throws {
    #expect(try await subjects(of: "c one; c two; c three") == ["one", "two", "three"])
  }

  @Test func nothingMadeIsNothing() async throws {
    #expect(try await subjects(of: "echo x > x").isEmpty)
    #expect(try await subjects(of: "git reset -q --hard HEAD^", before: "c one").isEmpty)
    #expect(
      try await subjects(of: "git checkout -q other", before: "git branch other; c x").isEmpty)
  }

  @Test func anAmendedCommitIsANewOne() async throws {
    let script = "git commit -q --amend --allow-empty -m amended"
    #expect(try await subjects(of: script, before: "c one") == ["amended"])
  }

  @Test func commitsOnAnotherBranchCountEvenIfHeadIsBackWhereItWas() async throws {
    let script = "git checkout -q -b try; c one; git checkout -q main"
    #expect(try await subjects(of: script) == ["one"])
  }

  @Test func commitsOfADetachedHeadCount() async throws {
    #expect(try await subjects(of: "git checkout -q --detach; c one") == ["one"])
  }

  @Test func theFirstCommitOfAllCounts() async throws {
    let environment = try await TestEnvironment(makesRepository: false)
    try await environment.git("init", "-q")
    let reader = try await open(environment.repository)
    let start = try position(reader)
    try await environment.git("commit", "-q", "--allow-empty", "-m", "first")
    let made = try reader.commitsMade(since: start, until: try position(reader))
    #expect(made.map(\.hex) == [try await environment.git("rev-parse", "HEAD")])
  }

  @Test func aMergeBringsOnlyWhatWasNotThere() async throws {
    let before = "git checkout -q -b side; c side; git checkout -q main; c main"
    let script = "git merge -q --no-ff -m merged side; c after"
    #expect(try await subjects(of: script, before: before) == ["merged", "after"])
  }

  private static let remote = """
    git init -q --bare ../remote.git; git remote add origin ../remote.git; git push -q -u origin main
    """

  @Test func whatWasPulledWasNotMade() async throws {
    let before = """
      \(Self.remote); git clone -q ../remote.git ../other
      (cd ../other; git commit -q --allow-empty -m theirs; git push -q)
      """
    #expect(try await subjects(of: "git pull -q; c mine", before: before) == ["mine"])
  }

  @Test func whatWasPulledBeforeAPushWasNotMadeEither() async throws {
    let before = """
      \(Self.remote); git clone -q ../remote.git ../other
      (cd ../other; git commit -q --allow-empty -m theirs; git push -q)
      """
    let script = "git pull -q --rebase; c mine; git push -q"
    #expect(try await subjects(of: script, before: before) == ["mine"])
  }

  @Test func readingMakesNoReflog() async throws {
    let environment = try await TestEnvironment()
    try await check(
      environment,
      "git config core.logAllRefUpdates false; rm -rf .git/logs; \(Self.remote); rm -rf .git/logs")
    let reader = try await open(environment.repository)
    let start = try position(reader)
    try await check(environment, "c mine; git push -q")
    _ = try reader.commitsMade(since: start, until: try position(reader))
    let logs = environment.repository.appending(".git/logs").string
    #expect(!FileManager.default.fileExists(atPath: logs))
  }

  @Test func whatWasMadeAndPushedWasMade() async throws {
    #expect(try await subjects(of: "c mine; git push -q", before: Self.remote) == ["mine"])
  }

  @Test func whatAnotherWorktreeCommitsMeanwhileIsNotOurs() async throws {
    let before = "git worktree add -q ../side -b side"
    let script = "(cd ../side; c theirs); c ours"
    #expect(try await subjects(of: script, before: before) == ["ours"])
  }

  @Test func aTagOfATreeAndOneThatIsGoneAreNoHindrance() async throws {
    let before = "git tag tree HEAD^{tree}; git tag -m x note; c one; git branch old"
    let script = "git branch -D -q old; c two"
    #expect(try await subjects(of: script, before: before) == ["two"])
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

  private func tree(_ environment: TestEnvironment) async throws -> ObjectID? {
    ObjectID(hex: try await environment.git("rev-parse", "HEAD^{tree}"))
  }

  @Test(arguments: [
    "printf 'a\\nb\\nc\\n' > x", "rm README.md", "git mv README.md READYOU.md",
    "head -c 3000 /dev/urandom > binary", "printf 'no newline' > README.md", "chmod +x README.md",
    "ln -sf /etc/passwd link", "mkdir -p a/b; seq 500 > a/b/c; seq 3 > d", "true",
    "printf 'hello\\r\\n' > README.md", "printf 'ä\\xff\\n' > README.md",
    "git init -q sub; git -C sub commit -q --allow-empty -m x; git add sub 2>/dev/null",
  ])
  func linesAreCountedAsGitCountsThem(_ script: String) async throws {
    let environment = try await TestEnvironment()
    let reader = try await open(environment.repository)
    let before = try await tree(environment)
    try await environment.shell(
      "\(script); git add -A 2>/dev/null; git commit -q -m x --allow-empty")
    let after = try await tree(environment)
    let git = try await environment.git("diff", "--shortstat", "--no-renames", "HEAD^", "HEAD")
    #expect(try reader.changes(from: before, to: after) == parse(git))
  }

  @Test func fromNothingEverythingIsNew() async throws {
    let environment = try await TestEnvironment()
    let reader = try await open(environment.repository)
    let commit = try await tree(environment)
    let whole = ChangeSummary(filesChanged: 1, insertions: 1, deletions: 0)
    #expect(try reader.changes(from: nil, to: commit) == whole)
    #expect(try reader.changes(from: nil, to: nil) == .none)
  }
}

@Suite struct AbbreviationTests {
  @Test func idsAreShortenedAsGitDoes() async throws {
    let environment = try await TestEnvironment()
    let reader = try await open(environment.repository)
    let commit = try #require(try reader.head().commit)
    let short = try await environment.git("rev-parse", "--short", "HEAD")
    #expect(reader.abbreviation(of: commit) == short)
  }
}
