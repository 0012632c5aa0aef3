import LaForgeTestSupport
import Testing

/// `laforge log --graph`, in repositories that scripts make.
@Suite struct GraphTests {
  /// What the scripts have: `graph` without the heading and what differs from run to run.
  private static let functions = """
    exec 2>&1
    graph() {
      laforge log --graph "$@" |
        sed -E '1d; s/(S[0-9]+\\)?) +[0-9]{2}:[0-9]{2} .* ([a-z][a-z ]*)$/\\1 \\2/; /^\\?/d'
    }
    run() { laforge run -q -m "$1" -- sh -c "$2"; }
    """

  private func outcome(of script: String) async throws -> String {
    let environment = try await TestEnvironment()
    return try await environment.shell("\(Self.functions)\n\(script)").standardOutput
  }

  @Test func workBetweenStepsHasRowsOfItsOwn() async throws {
    let text = try await outcome(
      of: """
        run first 'echo a > a'; run second 'echo b > b'
        git add a; git commit -qm a; git add b; git commit -qm b; echo c > c
        run third true; echo d > d; graph
        """)
    #expect(
      text == """
        * you: 1 file
        * S3 third
        * you: 2 commits, 1 file
        * S2 second
        * S1 first

        """)
  }

  @Test func rolledBackStepsBranchOff() async throws {
    let text = try await outcome(
      of: """
        run first 'echo a > a'; run second 'echo b > b'; echo mine > m; run third 'echo c > c'
        laforge undo > /dev/null; laforge undo 2 > /dev/null; run fourth 'echo d > d'
        laforge undo > /dev/null; run fifth 'echo e > e'; graph --all; graph
        """)
    #expect(
      text == """
        * S5 fifth
        * you: 1 file
        | * (S4) fourth
        | * you: 1 file
        |/
        | * (S3) third
        | * you: 1 file
        | * (S2) second
        |/
        * S1 first
        * S5 fifth
        * you: 1 file
        * S1 first

        """)
  }

  @Test func whatWasSetAsideStandsBesideWhereOneIs() async throws {
    let text = try await outcome(
      of: """
        run first 'echo a > a'; run second 'echo b > b'; run third 'echo c > c'
        laforge rollback 1 > /dev/null; graph --all | head -4; echo mine > m; graph --all | head -4
        """)
    #expect(
      text == """
          * (S3) third
          * (S2) second
         /
        * S1 first
        * you: 1 file
        | * (S3) third
        | * (S2) second
        |/

        """)
  }

  @Test func stepsWithoutAParentLeaveFromTheBeginning() async throws {
    let text = try await outcome(
      of: """
        run first 'echo a > a'; laforge undo > /dev/null; run second 'echo b > b'; graph --all
        """)
    #expect(
      text == """
        * S2 second
        | * (S1) first
        |/
        * before the first step

        """)
  }

  @Test func stepsWithinAnotherStandBelowIt() async throws {
    let text = try await outcome(
      of: """
        run first 'echo a > a'; run outer 'laforge run -q -m inner -- true; echo b > b'
        graph --all; graph
        """)
    #expect(
      text == """
        * S2 outer
        |   S3 inner
        * S1 first
        * S2 outer
        * S1 first

        """)
  }

  @Test func aLimitCutsTheGraphOff() async throws {
    let text = try await outcome(
      of:
        "for n in one two three; do run $n \"echo $n > $n\"; done; laforge log --graph -n 2 | tail -1"
    )
    #expect(text.hasSuffix("older ones: `laforge log --graph -n 4`\n"), "\(text)")
  }

  @Test func aNarrowTerminalHasNoLineThatIsTooLong() async throws {
    let text = try await outcome(
      of: """
        run 'a step with a long name' 'echo a > a'; laforge undo > /dev/null; echo m > m
        run 'another step with a long name' 'echo b > b'; echo n > n
        COLUMNS=32 laforge log --all --graph
        """)
    #expect(text.contains("| * (S1)"), "\(text)")
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 32 }, "\(text)")
  }

  @Test func theGraphIsForPeople() async throws {
    let text = try await outcome(
      of: "laforge log --graph --json > /dev/null; echo $?; laforge log --graph --jsonl; echo $?")
    #expect(
      text == """
        64
        {"error":{"code":"usage","hint":"`laforge help log` shows what there is.","message":"'--graph' and '--jsonl' exclude each other."}}
        64

        """)
  }
}
