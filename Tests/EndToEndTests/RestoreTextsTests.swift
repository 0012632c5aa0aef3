import Foundation
import LaForgeTestSupport
import SystemPackage
import Testing

/// What `restore` says where there is nothing to restore.
@Suite struct RestoreTextsTests {
  /// A step that wrote `-dash`, `b` and `d/c` and deleted `README.md` and `d/q`.
  private func recorded() async throws -> TestEnvironment {
    let environment = try await TestEnvironment()
    try await environment.shell(
      """
      mkdir d; echo q > d/q; laforge run -q sh -c 'echo a > ./-dash; echo b > b; echo c > d/c
        rm README.md d/q' 2> /dev/null; rm ./-dash b
      """)
    return environment
  }

  @Test(arguments: [
    (
      ["1", "x", "y", "b"], "'x' and 'y' are not in the state after S1.",
      "`laforge diff S1 now --stat`"
    ),
    (
      ["1", "README.md"], "'README.md' is not in the state after S1.",
      "restore 1 --before README.md`\n"
    ),
    (["1", "--before", "b"], "'b' is not in the state before S1.", "`laforge restore 1 b`\n"),
    (
      ["1", "--before", "--", "-dash"], "'-dash' is not in the state before S1.",
      "`laforge restore 1 -- -dash`\n"
    ),
    (["1", "../x"], "'../x' is outside the working tree '", "Nothing was changed.\n"),
    (["1", "--lost", "b"], "S1 destroyed no uncommitted work in 'b'.", "`laforge show 1` lists"),
    (["O7", "x"], "There is no operation O7 in this worktree.", "`laforge ops` lists them.\n"),
    (["9", "x"], "There is no step S9.", "`laforge log --all` lists all.\n"),
  ])
  func whatIsNotThereIsToldWithWhereItIs(
    _ words: [String], _ summary: String, _ hint: String
  ) async throws {
    let environment = try await recorded()
    let before = try await environment.shell("ls -A . d; git status --porcelain")
    let output = try await environment.laforge(["restore"] + words)
    #expect(output.status == 1)
    #expect(output.standardError.hasPrefix("Error: \(summary)"), "\(output)")
    #expect(output.standardError.contains(hint), "\(output)")
    #expect(try await environment.shell("ls -A . d; git status --porcelain") == before)
  }

  @Test func aHintNamesThePathAsItWasTyped() async throws {
    let environment = try await recorded()
    let output = try await environment.laforge(
      ["restore", "1", "q", "../README.md"], in: environment.repository.appending("d"))
    #expect(
      output.standardError.contains("`laforge restore 1 --before q ../README.md`\n"), "\(output)")
  }

  @Test func aWordBehindTheDashesIsAPath() async throws {
    let environment = try await recorded()
    let output = try await environment.laforge(["restore", "1", "--", "-dash"])
    #expect(output.status == 0)
    #expect(try environment.text(of: "-dash") == "a\n")
  }

  @Test(arguments: [
    ("../full", "'../full' is not empty.\n"), ("../file", "'../file' is no folder.\n"),
    (".", "'.' is not empty.\n"),
  ])
  func theFolderToWriteToMustBeNewOrEmpty(_ folder: String, _ summary: String) async throws {
    let environment = try await recorded()
    try await environment.shell("mkdir ../full; echo mine > ../full/b; echo f > ../file")
    for more in [[], ["--dry-run"]] {
      let output = try await environment.laforge(["restore", "1", "--to", folder] + more)
      #expect(output.status == 1)
      #expect(output.standardError.hasPrefix("Error: \(summary)Nothing was written.\nHint: "))
    }
    let found = try await environment.shell("ls -A ../full; cat ../full/b ../file")
    #expect(found.standardOutput == "b\nmine\nf\n")
  }

  @Test func aNewOrEmptyFolderIsWrittenTo() async throws {
    let environment = try await recorded()
    try await environment.shell("mkdir ../empty")
    for folder in ["../empty", "../new/deep"] {
      let output = try await environment.laforge(["restore", "1", "--to", folder])
      #expect(output.standardOutput == "Wrote 3 files to '\(folder)'.\n", "\(output)")
    }
    let found = try await environment.shell("ls -A ../empty ../new/deep; ls b")
    #expect(found.standardOutput == "../empty:\n-dash\nb\nd\n\n../new/deep:\n-dash\nb\nd\n")
  }

  @Test func lostWorkInAFolderIsThatAndNothingElse() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      mkdir d; echo 1 > d/1; echo 2 > d/2; echo 3 > 3
      laforge run -q sh -c 'rm d/1 3' 2> /dev/null; echo mine >> d/2
      laforge restore 1 --lost d | head -1; ls -A . d; cat d/2
      """)
    #expect(
      output.standardOutput
        == "Restored 1 file lost in S1.\n.:\n.git\nREADME.md\nd\n\nd:\n1\n2\n2\nmine\n")
  }

  @Test func aSubmoduleIsNoFile() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      exec 2>&1
      git init -q ../lib; git -C ../lib commit -q --allow-empty -m start
      git -c protocol.file.allow=always submodule -q add ../lib lib; git commit -qm sub
      echo mine > m; laforge run -q sh -c 'rm -rf lib m' 2> /dev/null
      laforge restore 1 --lost lib; laforge restore 1 --before lib
      """
    ).standardOutput
    #expect(output.contains("Error: S1 destroyed no uncommitted work in 'lib'.\n"), "\(output)")
    #expect(
      output.contains(
        """
        Restored 0 files as before S1.
          empty    lib: a submodule is not covered; `git submodule update --init lib` fills it

        """), "\(output)")
  }
}
