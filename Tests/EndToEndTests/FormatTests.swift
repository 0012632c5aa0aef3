import Foundation
import LaForgeTestSupport
import SystemPackage
import Testing

/// Whole operations in repositories of formats that libgit2 does not know.
@Suite struct FormatTests {
  /// What makes a repository one that only git itself opens.
  enum Format: CaseIterable, Sendable {
    case sha256, worktreeConfiguration

    func makeEnvironment() async throws -> TestEnvironment {
      let environment = try await TestEnvironment(
        objectFormat: self == .sha256 ? "sha256" : "sha1")
      if self == .worktreeConfiguration {
        try await environment.git("config", "core.repositoryFormatVersion", "1")
        try await environment.git("config", "extensions.worktreeConfig", "true")
      }
      return environment
    }
  }

  private static let dirty = """
    set -e; mkdir a; echo 1 > a/one; echo 1 > two; echo 1 > three; git add -A; git commit -q -m base
    echo 2 > a/one; git add a/one; echo 3 > a/one; echo 2 > two; rm three
    printf 'n\\r\\n\\0' > new; ln -s new link; chmod +x README.md
    """

  private static let agent = """
    set -e; echo agent > two; git add -A; git commit -q -m agent; rm -r a new; echo more > three
    git stash -q -u; git branch -q extra
    """

  /// Everything that a person could see of the state.
  private func state(_ environment: TestEnvironment) async throws -> String {
    let output = try await environment.shell(
      """
      git rev-parse HEAD; git symbolic-ref HEAD; git ls-files -s; git status --porcelain=v2
      find . -path ./.git -prune -o -type f -printf '%P %m ' -exec sha256sum {} + -o -type l -printf '%P -> %l\\n'
      """)
    try #require(output.status == 0, "\(output)")
    return output.standardOutput.split(separator: "\n").sorted().joined(separator: "\n")
  }

  @Test(arguments: Format.allCases)
  func dirtyWorkComesBackAndGoesAgain(_ format: Format) async throws {
    let environment = try await format.makeEnvironment()
    try #require(try await environment.shell(Self.dirty).status == 0)
    let before = try await state(environment)
    let run = try await environment.laforge(["run", "sh", "-c", Self.agent])
    #expect(run.status == 0, "\(run)")
    let after = try await state(environment)
    #expect(before != after)

    let step = try await environment.laforge(["show", "--json"]).json()
    let length = format == .sha256 ? 64 : 40
    #expect(step["commit_sha_before"]?.string?.count == length)
    #expect(step["commit_sha_after"]?.string?.count == length)
    #expect(step["state_before"] == "snapshot")
    #expect(step["commits"]?.array.count == 1)

    for (command, expected) in [("undo", before), ("redo", after), ("undo", before)] {
      let output = try await environment.laforge([command])
      #expect(output.status == 0, "\(output)")
      #expect(try await state(environment) == expected, "\(command)")
    }
    let fsck = try await environment.shell("git fsck --strict")
    #expect(fsck.status == 0, "\(fsck)")
  }

  @Test(arguments: Format.allCases)
  func aRollbackGoesBackSeveralSteps(_ format: Format) async throws {
    let environment = try await format.makeEnvironment()
    try #require(try await environment.shell(Self.dirty).status == 0)
    var states: [String] = []
    for number in 1...3 {
      let script = "echo \(number) > two; echo \(number) > made\(number); rm -f new"
      let output = try await environment.laforge(["run", "sh", "-c", script])
      #expect(output.status == 0, "\(output)")
      states.append(try await state(environment))
    }
    let output = try await environment.laforge(["rollback", "S1"])
    #expect(output.status == 0, "\(output)")
    #expect(try await state(environment) == states[0])
    try await environment.shell(
      "git reflog expire --expire=now --all; git gc -q --prune=now")
    let again = try await environment.laforge(["redo"])
    #expect(again.status == 0, "\(again)")
    #expect(try await state(environment) == states[2])
  }

  @Test(arguments: Format.allCases)
  func theFirstCommitOfAllIsUndone(_ format: Format) async throws {
    let environment = try await format.makeEnvironment()
    try await environment.shell("git checkout -q --orphan fresh; git rm -q -r --cached .")
    let before = try await state(unborn: environment)
    let run = try await environment.laforge(
      ["run", "sh", "-c", "git add -A; git commit -q -m first"])
    #expect(run.status == 0, "\(run)")
    let step = try await environment.laforge(["show", "--json"]).json()
    #expect(step["commit_sha_before"]?.isNull == true)
    let undo = try await environment.laforge(["undo"])
    #expect(undo.status == 0, "\(undo)")
    #expect(try await state(unborn: environment) == before)
  }

  private func state(unborn environment: TestEnvironment) async throws -> String {
    try await environment.shell("git symbolic-ref HEAD; git status --porcelain=v2 --branch")
      .standardOutput
  }

  @Test(arguments: Format.allCases)
  func linkedWorktreesAndGitsVariablesWorkToo(_ format: Format) async throws {
    let environment = try await format.makeEnvironment()
    try await environment.git("worktree", "add", "-q", "../side", "-b", "side")
    let side = environment.root.appending("side")
    let run = try await environment.laforge(["run", "sh", "-c", "echo x > x"], in: side)
    #expect(run.status == 0, "\(run)")
    let undo = try await environment.laforge(["undo"], in: side)
    #expect(undo.status == 0, "\(undo)")
    #expect(!FileManager.default.fileExists(atPath: side.appending("x").string))

    let variables = [
      "GIT_DIR": environment.repository.appending(".git").string,
      "GIT_WORK_TREE": environment.repository.string,
    ]
    let output = try await environment.laforge(
      ["run", "sh", "-c", "echo y > web/y"], in: environment.root, adding: variables)
    #expect(output.status == 0, "\(output)")
    let back = try await environment.laforge(["undo"], in: environment.root, adding: variables)
    #expect(back.status == 0, "\(back)")
    #expect(
      !FileManager.default.fileExists(atPath: environment.repository.appending("y").string))
  }
}
