import LaForgeTestSupport
import Testing

/// Tests that wait for something that does not come fail with a sentence, and do not hang.
@Suite struct WaitingTests {
  @Test func aProcessThatDoesNotEndIsKilledAndNamedWithWhatItPrinted() async throws {
    let environment = try await TestEnvironment()
    let error = await #expect(throws: Overdue.self) {
      // The one in the background has left the environment, the session and the folder of the test.
      try await environment.shell(
        """
        echo begun; env -i setsid sh -c 'cd /; exec sleep 6000' & echo $! > ../background
        mkfifo ../gate; cat ../gate
        """,
        patience: 1)
    }
    let text = try #require(error?.description)
    #expect(text.contains("did not come within 1 s: /bin/bash -c"), "\(text)")
    #expect(text.contains("sleep 6000\n") && text.contains("cat ../gate\n"), "\(text)")
    #expect(text.contains("begun\n------- stderr"), "\(text)")
    try await environment.shell("eventually 'is_gone $(cat ../background)'")
  }

  @Test(arguments: [
    ("await ../ready", "nothing was written to '../ready'"),
    ("notify ../ready", "nothing read from '../ready'"),
    ("eventually '[ -e made ]'", "this was never true: [ -e made ]"),
  ])
  func aScriptThatWaitsForAnAgentThatDiedSaysWhatTheAgentPrinted(
    _ wait: String, _ sentence: String
  ) async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      mkfifo ../ready; sleep 6001 &
      laforge run -q python3 -c 'import nonesuch' 2>> "$TMPDIR/said"; \(wait); echo over
      """, adding: ["PATIENCE": "1"])
    #expect(output.status == 1 && output.standardOutput.isEmpty, "\(output)")
    #expect(output.standardError.hasPrefix("Within 1 s, \(sentence).\n"), "\(output)")
    #expect(output.standardError.contains("No module named 'nonesuch'"), "\(output)")
  }
}
