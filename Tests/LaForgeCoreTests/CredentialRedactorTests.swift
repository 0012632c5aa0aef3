import Foundation
import LaForgeCore
import Testing

@Suite struct CredentialRedactorTests {
  private let redactor = CredentialRedactor()

  @Test(arguments: [
    "sk-ant-api03-abcdefghijklmnop-_0123", "sk-proj-abcdefghijklmnopqrstuvwx",
    "ghp_abcdefghijklmnopqrst0123456789",
    "github_pat_11ABCDEFG0abcdefghijkl", "glpat-abcdefghijklmnopqrst", "AKIAIOSFODNN7EXAMPLE",
    "AIzaSyA1234567890abcdefghijklmnopqrstuvw", "xoxb-123456789012-abcdef",
    "hf_abcdefghijklmnopqrstuvwx",
    "gsk_abcdefghijklmnopqrstuvwx", "npm_abcdefghijklmnopqrstuvwxyz",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
  ])
  func keysOfKnownShapesAreTakenOutWhereverTheyStand(_ key: String) {
    #expect(redactor.redact(key) == "[redacted]")
    #expect(redactor.redact("use '\(key)' here") == "use '[redacted]' here")
    #expect(redactor.redact("X=\(key)") == "X=[redacted]")
  }

  @Test(arguments: [
    ("Authorization: Bearer abcdef123456", "Authorization: [redacted]"),
    (
      "curl -H \"Authorization: Basic dXNlcjpwYXNz\" url",
      "curl -H \"Authorization: [redacted]\" url"
    ),
    ("OPENAI_API_KEY=abc codex", "OPENAI_API_KEY=[redacted] codex"),
    ("{\"api_key\": \"abc\"}", "{\"api_key\": \"[redacted]\"}"),
    ("https://ada:geheim@example.com/x", "https://ada:[redacted]@example.com/x"),
    ("postgres://u:p%40ss@db:5432/x?y=1", "postgres://u:[redacted]@db:5432/x?y=1"),
    ("--token=abc", "--token=[redacted]"), ("PGPASSWORD=abc psql", "PGPASSWORD=[redacted] psql"),
    ("tool --api-key abc -v", "tool --api-key [redacted] -v"), ("--token -v", "--token -v"),
    ("X-Auth-Token: Bearer abcdefghijklmnop", "X-Auth-Token: [redacted]"),
    ("GITHUB_PAT=0123abcd", "GITHUB_PAT=[redacted]"), ("DB_PASS=x1", "DB_PASS=[redacted]"),
    ("MYSQL_PWD=x1 mysql", "MYSQL_PWD=[redacted] mysql"),
    ("密钥sk-ant-api03-abcdefghijklmnop", "密钥[redacted]"),
    ("password: hunter2", "password: [redacted]"),
    (
      "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nb",
      "a\n[redacted]\nb"
    ),
    ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl", "[redacted]"),
  ])
  func valuesBehindTellingNamesAreTakenOut(_ text: String, _ expected: String) {
    #expect(redactor.redact(text) == expected)
  }

  @Test(arguments: [
    "fix the parser", "--max-tokens=4096", "max_tokens: 10", "https://example.com/a:b@c",
    "see https://example.com:8080/x", "sk-short", "task-runner --keyboard us", "tokenize: yes",
    "public_key=abc", "fix the token: parser bug", "add password: field to form", "PWD=/home",
    "git@github.com:ada/web.git", "naïve — ünïcode",
  ])
  func ordinaryTextStaysAsItIs(_ text: String) {
    #expect(redactor.redact(text) == text)
  }

  @Test func anOptionThatNamesACredentialCoversTheNextWord() {
    let words = [
      "claude", "--api-key", "abc", "-p", "--max-tokens", "5", "--password", "x", "--max-token",
      "9",
    ]
    #expect(
      redactor.redact(command: words) == [
        "claude", "--api-key", "[redacted]", "-p", "--max-tokens", "5", "--password", "[redacted]",
        "--max-token", "9",
      ])
  }

  @Test func aJSONMemberIsJudgedByItsKeyAndByItsText() {
    let value = JSONValue.object([
      "apiKey": .string("abc"), "pin": .object(["secret": .number(12_345_678)]),
      "secrets": .object(["a": .string("b")]), "max_tokens": .number(9),
      "urls": .array([.string("https://a:b@c")]), "note": .string("plain"),
    ])
    #expect(
      redactor.redact(value)
        == .object([
          "apiKey": .string("[redacted]"), "pin": .object(["secret": .string("[redacted]")]),
          "secrets": .string("[redacted]"),
          "max_tokens": .number(9), "urls": .array([.string("https://a:[redacted]@c")]),
          "note": .string("plain"),
        ]))
  }
}
