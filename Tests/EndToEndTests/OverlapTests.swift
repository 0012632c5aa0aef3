import LaForgeTestSupport
import Testing

/// Steps that ran at the same time in one worktree.
@Suite struct OverlapTests {
  /// Runs a second step while a first one is at its gate.
  private func outcome(first: String, second: String, then script: String) async throws -> String {
    let environment = try await TestEnvironment()
    return try await environment.shell(
      """
      mkfifo ../begun ../gate
      laforge run -q sh -c 'echo > ../begun; cat ../gate > ../null; \(first)' 2> ../null &
      cat ../begun > ../null; laforge run -q sh -c '\(second)' 2> ../null
      notify ../gate; wait; exec 2>&1
      \(script)
      """
    ).standardOutput
  }

  @Test func onOtherPathsEachGoesForItself() async throws {
    let output = try await outcome(
      first: "echo a > a", second: "echo b > b",
      then: """
        laforge undo > ../undone; grep -c yours ../undone; grep goes ../undone; ls; laforge redo > ../null; laforge undo 1 > ../null; ls
        """)
    #expect(
      output
        == "0\n  goes     all that changed while S2 ran; S1 ran at the same time\nREADME.md\na\nREADME.md\nb\n",
      "\(output)")
  }

  @Test func whereTheirPathsMeetNeitherIsUndoneAlone() async throws {
    let output = try await outcome(
      first: "echo one >> README.md", second: "echo two >> README.md",
      then: """
        laforge undo; echo $?; laforge undo 1; echo $?; cat README.md
        laforge rollback --before 1 > ../null; cat README.md
        laforge redo > ../null; cat README.md
        """)
    #expect(output.contains("undo S2: S1 ran at the same time as S2 and changed too"))
    #expect(output.contains("S2 ran at the same time as S1 and changed too:\n  README.md\n"))
    #expect(
      output.hasSuffix(
        "Hint: `laforge rollback --before 1` goes back to exactly before both"
          + " (`laforge redo` reverses it).\n1\nhello\ntwo\none\nhello\nhello\ntwo\none\n"))
  }
}
