import LaForgeTestSupport
import Testing

/// What a state does not say is not touched by an operation that goes there.
@Suite struct CoverageTests {
  private func outcome(of script: String) async throws -> String {
    let environment = try await TestEnvironment()
    return try await environment.shell("exec 2> /dev/null; \(script)").standardOutput
  }

  @Test func anIncludeThatCameLaterDeletesNothing() async throws {
    let output = try await outcome(
      of: """
        echo .env > .gitignore; git add .; git commit -qm rules; echo secret > .env
        laforge run -q true; git config --add laforge.include .env
        laforge run -q sh -c 'echo b > b; echo more >> .env'
        laforge rollback 1 > /dev/null; echo $?; ls -A; cat .env
        """)
    #expect(output == "0\n.env\n.git\n.gitignore\nREADME.md\nsecret\nmore\n")
  }

  @Test func whatAnIncludeCoversGoesAndComesWithItsStep() async throws {
    let output = try await outcome(
      of: """
        echo '.env*' > .gitignore; git add .; git commit -qm rules
        git config laforge.include .env
        laforge run -q sh -c 'echo x > .env; echo x > .env.other; git rm -q .gitignore'
        laforge undo > /dev/null; echo $?; ls -A
        laforge redo > /dev/null; ls -A
        """)
    // The other one was in no state before, so nobody knows that it was not there.
    #expect(
      output == """
        0
        .env.other
        .git
        .gitignore
        README.md
        .env
        .env.other
        .git
        README.md

        """)
  }

  @Test func whatWasTooLargeThenStaysAsItIs() async throws {
    let output = try await outcome(
      of: """
        git config laforge.maxFileSize 1k; echo '*.t text eol=crlf' > .gitattributes
        echo x > f.t; git add .; git commit -qm rules
        head -c 2000 /dev/zero | tr '\\0' x > f.t; cp f.t big
        laforge run -q true; git config laforge.maxFileSize 10k
        laforge run -q sh -c 'echo b > b; echo y >> f.t; echo y >> big'
        laforge rollback 1 > /dev/null; echo $?; ls; wc -c < f.t; wc -c < big
        """)
    #expect(output == "0\nREADME.md\nbig\nf.t\n2002\n2002\n")
  }

  @Test(arguments: ["--cone in", "--no-cone /in/ /README.md"])
  func whatSparseCheckoutLeavesOutChangesInTheIndexAlone(pattern: String) async throws {
    let output = try await outcome(
      of: """
        mkdir in out; echo 1 | tee in/f out/f > out/g; git add .; git commit -qm two
        git checkout -qb other; echo 2 | tee in/f out/f > out/new; git rm -q out/g
        git add .; git commit -qm change; git checkout -q main
        git sparse-checkout set \(pattern)
        laforge run -q sh -c 'git merge -q other'
        look() { git status --porcelain; git ls-files -t | paste -sd' '; find in out -type f; }
        laforge undo > /dev/null; echo $?; look; laforge redo > /dev/null; echo $?; look
        """)
    #expect(
      output == """
        0
        H README.md H in/f S out/f S out/g
        in/f
        0
        H README.md H in/f S out/f S out/new
        in/f

        """)
  }

  @Test func workOutsideOfASparseCheckoutComesBack() async throws {
    let output = try await outcome(
      of: """
        mkdir in out; echo 1 | tee in/f > out/f; git add .; git commit -qm two
        git sparse-checkout set in; mkdir out; echo mine > out/f
        laforge run -q sh -c 'rm -r out; git sparse-checkout reapply'; ls
        laforge undo > /dev/null; echo $?; cat out/f; git status --porcelain
        """)
    #expect(output == "README.md\nin\n0\nmine\n M out/f\n")
  }

  @Test func whatIsNotCoveredAndGoneIsToldAfterTheStep() async throws {
    let environment = try await TestEnvironment()
    try await environment.shell(
      "echo .env > .gitignore; echo x > .env; git add .; git commit -qm x; echo more >> README.md")
    let output = try await environment.laforge(["run", "-q", "rm", ".env"])
    #expect(
      output.standardError.hasSuffix(
        """
        Warning: What LaForge does not cover was deleted during S1, and nothing here can bring \
        it back:
          .env
        Hint: `laforge help limits` says what is covered.

        """), "\(output)")
    let shown = try await environment.shell("laforge show | grep lost")
    #expect(
      shown.standardOutput == "  lost      nothing of your uncommitted work that is covered\n")
  }

  @Test func anIntentionToAddComesBackWhetherOrNotItsFileIsThere() async throws {
    let output = try await outcome(
      of: """
        mkdir d; echo x | tee gone > d/there; git add -N gone d/there; rm gone
        laforge run -q git reset -q --hard; git status --porcelain
        laforge undo > /dev/null; echo $?; git status --porcelain; cat d/there
        """)
    #expect(output == "0\n A d/there\n D gone\nx\n")
  }

  @Test(arguments: ["undo", "rollback"])
  func whatAStepMadeAndIsIgnoredByNowGoesWithItAndComesBack(command: String) async throws {
    let output = try await outcome(
      of: """
        laforge run -q sh -c 'echo a > f.log'; echo '*.log' >> .git/info/exclude
        laforge \(command) > /dev/null; echo $?; ls; laforge redo > /dev/null; echo $?; cat f.log
        """)
    #expect(output == "0\nREADME.md\n0\na\n")
  }
}
