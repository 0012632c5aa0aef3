import Foundation
import LaForgeCore
import LaForgeTestSupport
import SystemPackage
import Testing

@testable import LaForgeGit

/// What the two readers say of one repository, each answer compared.
@Suite struct ReaderAgreementTests {
  /// A repository with something of everything that a reference can be.
  private static let script = """
    set -e
    c() { git commit -q --allow-empty -m "$1"; }
    c one; git branch side; git tag light; git tag -m x heavy; git tag -m x tree HEAD^{tree}
    git notes add -m note; echo w >> README.md; git stash -q; echo v >> README.md; git stash -q
    git init -q --bare ../remote.git; git remote add origin ../remote.git; git push -q origin main
    git remote set-head origin main; git update-ref refs/bisect/bad HEAD
    git update-ref refs/laforge/own HEAD
    git worktree add -q ../branch -b elsewhere; (cd ../branch; c two)
    git worktree add -q --detach ../detached; (cd ../detached; c three)
    git worktree add -q --orphan ../orphan 2>/dev/null || true
    git symbolic-ref refs/heads/alias refs/heads/main; git pack-refs --all; c four
    git worktree add -q ../gone -b gone; rm -rf ../gone
    """

  private func both(
    _ environment: TestEnvironment, in folder: String = "web"
  ) async throws -> (any RepositoryReader, any RepositoryReader) {
    let output = try await environment.shell(Self.script)
    try #require(output.status == 0, "\(output)")
    let directory = environment.root.appending(folder)
    return (
      try await ReaderKind.libgit2.open(directory), try await ReaderKind.command.open(directory)
    )
  }

  @Test(arguments: ["web", "branch", "detached"])
  func placesHeadsAndReferencesAreTheSame(_ folder: String) async throws {
    let environment = try await TestEnvironment()
    let (libgit2, command) = try await both(environment, in: folder)
    #expect(libgit2.location == command.location)
    #expect(try await libgit2.projectID == command.projectID)
    let tips = try await libgit2.referenceTips()
    #expect(try await position(libgit2) == position(command))
    #expect(tips.stash.count == 2)
    #expect(!tips.others.keys.contains { $0.hasPrefix("refs/laforge/") })
    #expect(tips.remoteBranches.keys.sorted() == ["refs/remotes/origin/main"])
    #expect(tips.headsElsewhere.count == (folder == "detached" ? 0 : 1))
  }

  @Test func aDamagedReferenceIsPassedOver() async throws {
    let environment = try await TestEnvironment()
    let (libgit2, command) = try await both(environment)
    try environment.write("x\n", to: environment.repository.appending(".git/refs/heads/bad"))
    let gone = String(repeating: "1", count: 40)
    try environment.write(gone, to: environment.repository.appending(".git/refs/heads/missing"))
    #expect(try await libgit2.referenceTips() == command.referenceTips())
  }

  @Test func walksAreTheSame() async throws {
    let environment = try await TestEnvironment()
    let (libgit2, command) = try await both(environment)
    let position = try await position(libgit2)
    let gone = try #require(ObjectID(hex: String(repeating: "1", count: 40)))
    let starts = Set(position.tips.targets(head: position.head).values).union([gone])
    let known = Set([position.tips.branches["refs/heads/side"]].compactMap { $0 }).union([gone])
    let cases: [(Set<ObjectID>, Set<ObjectID>)] = [
      (starts, known), (starts, []), ([gone], known), ([], known),
    ]
    for (from, without) in cases {
      for limit in [1, 3, Int.max] {
        let first = try await libgit2.commits(from: from, notReachedFrom: without, limit: limit)
        let second = try await command.commits(from: from, notReachedFrom: without, limit: limit)
        #expect(first.count == second.count)
        if limit == .max { #expect(Set(first) == Set(second)) }
      }
    }
  }

  @Test func aShallowCloneIsWalkedToItsEnd() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      set -e; for i in 1 2 3; do git commit -q --allow-empty -m $i; done
      git clone -q --depth 2 "file://$PWD" ../shallow
      """)
    try #require(output.status == 0, "\(output)")
    let directory = environment.root.appending("shallow")
    let git = try await environment.git("rev-list", "HEAD", in: directory).split(separator: "\n")
    for kind in [ReaderKind.libgit2, .command] {
      let reader = try await kind.open(directory)
      let head = try #require(try await reader.head().commit)
      let found = try await reader.commits(from: [head], notReachedFrom: [], limit: .max)
      #expect(found.map(\.hex) == git.map(String.init))
    }
  }

  @Test func aWorktreesOwnConfigurationCountsWhateverTheVersionOfTheFormat() async throws {
    let environment = try await TestEnvironment()
    try await environment.shell(
      """
      git config laforge.include shared; git config extensions.worktreeConfig true
      git worktree add -q ../side -b side; git config --worktree laforge.include own
      git config --worktree core.sparseCheckout true
      """)
    for (folder, expected) in [("web", ["shared", "own"]), ("side", ["shared"])] {
      for kind in [ReaderKind.libgit2, .command] {
        let reader = try await kind.open(environment.root.appending(folder))
        for _ in 1...2 {
          #expect(try await reader.configurationEntries()["laforge.include"] == expected)
          #expect(try await reader.flag("core.sparseCheckout") == (folder == "web" ? true : nil))
        }
      }
    }
  }

  @Test func theConfigurationIsTheSame() async throws {
    let environment = try await TestEnvironment()
    let (libgit2, command) = try await both(environment)
    try environment.write(
      "[core]\n\tbare = false\n[laForge]\n\tInclude = a\n\tinclude = \"b\\nc\"\n\tbestEffort\n"
        + "\tmaxFileSize = 1m\n\tempty =\n[Branch \"A.b\"]\n\tremote = x\n",
      to: environment.repository.appending(".git/config"))
    #expect(try await libgit2.configurationEntries()["laforge.include"] == ["a", "b\nc"])
    let first = try await libgit2.configurationEntries()
    let second = try await command.configurationEntries()
    // Git itself knows files of the system that libgit2 does not look for.
    for (name, values) in first { #expect(second[name]?.last == values.last, "\(name)") }
    for name in ["laforge.Include", "branch.A.b.remote", "Branch.A.b.Remote", "branch.a.b.remote"] {
      #expect(try await libgit2.configuration(name) == command.configuration(name), "\(name)")
    }
    for name in ["laforge.bestEffort", "laforge.maxFileSize", "laforge.empty", "laforge.none"] {
      #expect(try await libgit2.flag(name) == command.flag(name), "\(name)")
    }
    await #expect(throws: GitError.self) { try await libgit2.flag("laforge.include") }
    await #expect(throws: GitError.self) { try await command.flag("laforge.include") }
  }
}

/// LaForge's own references.
@Suite struct OwnReferenceTests {
  @Test(arguments: ReaderKind.allCases)
  func areWrittenOnlyOverWhatWasExpected(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    try await environment.git("config", "core.logAllRefUpdates", "always")
    let reader = try await kind.open(environment.repository)
    let name = "refs/laforge/keep"
    let first = try #require(try await reader.head().commit)
    try await environment.git("commit", "-q", "--allow-empty", "-m", "two")
    let second = try #require(try await reader.head().commit)
    #expect(try await reader.target(of: name) == nil)
    #expect(try await !reader.update(name, to: second, from: first))
    #expect(try await reader.update(name, to: first, from: nil))
    #expect(try await reader.target(of: name) == first)
    #expect(try await !reader.update(name, to: second, from: nil))
    #expect(try await !reader.update(name, to: first, from: second))
    #expect(try await reader.update(name, to: second, from: first))
    #expect(try await reader.target(of: name) == second)
    let log = environment.repository.appending(".git/logs/\(name)").string
    #expect(!FileManager.default.fileExists(atPath: log))
    #expect(try await !reader.update(name, to: nil, from: first))
    #expect(try await reader.update(name, to: nil, from: nil))
    #expect(try await reader.update(name, to: nil, from: nil))
    #expect(try await reader.target(of: name) == nil)
    #expect(try await environment.git("for-each-ref", "refs/laforge").isEmpty)
  }

  @Test(arguments: ReaderKind.allCases)
  func aLockedOneIsAnError(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    let reader = try await kind.open(environment.repository)
    let commit = try #require(try await reader.head().commit)
    try await environment.shell("mkdir -p .git/refs/laforge; : > .git/refs/laforge/keep.lock")
    await #expect(throws: GitError.self) {
      try await reader.update("refs/laforge/keep", to: commit, from: nil)
    }
  }

  @Test(arguments: ReaderKind.allCases)
  func aSymbolicOneNamesNothingDirectly(_ kind: ReaderKind) async throws {
    let environment = try await kind.makeEnvironment()
    try await environment.git("symbolic-ref", "refs/laforge/link", "refs/heads/main")
    let reader = try await kind.open(environment.repository)
    #expect(try await reader.target(of: "refs/laforge/link") == nil)
    #expect(try await reader.target(of: "refs/laforge") == nil)
  }
}
