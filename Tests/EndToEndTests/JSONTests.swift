import Foundation
import LaForgeTestSupport
import Testing

/// What programs read: one document whatever happens, with every key.
@Suite struct JSONTests {
  private static let planKeys: Set<String> = [
    "write", "delete", "keep", "index", "references", "pushed", "deactivates", "activates",
    "commit_sha_before", "commit_sha_after", "branch_before", "branch_after", "in_progress",
    "kept_references", "stored_stashes", "leaving_commits", "left_out", "overtaken", "own_commits",
    "kept_staged",
  ]

  @Test func anOperationIsOneDocumentWithItsPlan() async throws {
    let environment = try await TestEnvironment()
    try await environment.shell(
      """
      laforge run -q sh -c 'echo x > x; rm README.md; git branch new'; echo mine > mine
      """)
    let plan = try await environment.laforge(["undo", "--dry-run", "--json"])
    #expect(plan.status == 0)
    let done = try await environment.laforge(["undo", "--json"]).json()
    let keys: Set = ["schema", "dry_run", "id", "kind", "title", "steps", "reverses", "plan"]
    #expect(try plan.json().keys == keys && done.keys == keys)
    #expect(try plan.json()["dry_run"] == true && plan.json()["id"] == nil as TestJSON)
    #expect(try plan.json()["plan"] == done["plan"])
    #expect(done["plan"]?.keys == Self.planKeys)
    #expect(done["dry_run"] == false && done["id"] == 1 && done["kind"] == "undo")
    #expect(done["plan"]?["write"]?.array == ["README.md"])
    #expect(done["plan"]?["delete"]?.array == ["x"] && done["plan"]?["keep"]?.array == ["mine"])
    #expect(done["plan"]?["kept_references"]?.array == ["refs/heads/new"])
    #expect(done["plan"]?["deactivates"]?.array == [1])
    let redone = try await environment.laforge(["redo", "--json"]).json()
    #expect(redone["reverses"] == 1 && redone["plan"]?["activates"]?.array == [1])
    let exported = try await environment.laforge(["restore", "1", "--to", "../new", "--json"])
    #expect(try exported.json()["files"] == 1)
  }

  @Test(arguments: [
    (["undo", "7"], "no_such_step", Int32(1)), (["undo", "--bogus"], "usage", 64),
    (["redo"], "nothing_to_redo", 1), (["rollback", "x"], "not_a_step", 64),
    (["restore", "1", "nope"], "not_in_state", 1), (["restore", "1", "../x"], "outside", 1),
    (["undo"], "changed_since", 1), (["undo", "--dry-run"], "changed_since", 1),
  ])
  func aRefusalIsOneDocument(_ words: [String], _ code: String, _ status: Int32) async throws {
    let environment = try await TestEnvironment()
    try await environment.shell("laforge run -q sh -c 'echo x > x'; echo mine > x")
    let output = try await environment.laforge(words + ["--json"])
    #expect(output.status == status)
    #expect(output.standardError.isEmpty)
    #expect(try output.json()["error"]?["code"]?.string == code)
  }

  @Test func aPathBehindTheDashesAsksForNoJSON() async throws {
    let environment = try await TestEnvironment()
    try await environment.laforge(["run", "-q", "true"])
    let output = try await environment.laforge(["restore", "1", "--", "--json"])
    #expect(output.standardOutput.isEmpty && output.status == 1)
  }

  @Test func theStatusSaysWhatItsTextSays() async throws {
    let environment = try await TestEnvironment()
    try await environment.shell(
      """
      laforge run -q sh -c 'echo x > x'; echo mine > mine; echo y > x; git add mine
      touch .env; echo .env > .gitignore
      """)
    let status = try await environment.laforge(["status", "--json"]).json()
    #expect(status["undo"] == 1 && status["undo_refused"] == "changed_since")
    #expect(status["undo_reverses"] == nil as TestJSON && status["redo"] == nil as TestJSON)
    #expect(status["changed_since"]?.array == [".gitignore", "mine", "x"])
    #expect(status["uncommitted"]?["staged"] == 1 && status["uncommitted"]?["untracked"] == 2)
    #expect(status["left_out"]?.array.first?["path"] == ".env")
    try await environment.shell("git reset -q; rm mine x; laforge rollback > /dev/null")
    let after = try await environment.laforge(["status", "--json"]).json()
    #expect(after["redo"] == 1 && after["undo"] == nil as TestJSON)
    #expect(after["latest"] == nil as TestJSON && after["rolled_back_steps"] == 1)
  }
}
