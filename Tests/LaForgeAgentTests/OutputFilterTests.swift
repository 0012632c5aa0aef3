import LaForgeTestSupport
import Testing

@testable import LaForgeAgent

/// Credentials in output, which comes in pieces.
@Suite struct OutputFilterTests {
  private static let key = "sk-ant-api03-AbCdEfGhIjKlMnOpQrStUvWxYz"
  private static let text = """
    started
    \u{1B}[32m\(key)\u{1B}[0m in colour
    {"type":"result","text":"line\\n\(key)\\tmore","password":"hunter2"}
    Authorization: Bearer abcdefghijklmnop
    https://ada:secret@example.com/x
    -----BEGIN RSA PRIVATE KEY-----
    Proc-Type: 4,ENCRYPTED

    MIIEpAIBAAKCAQEA7bq
    Qm9vU3RyYXA=
    -----END RSA PRIVATE KEY-----
    progress 10%\rprogress 20%\rprogress \(key)\r
    no newline at the end
    """

  /// What passes where the text is cut into pieces by a generator.
  private func passed(_ text: String, seed: UInt64) -> String {
    var generator = SplitMix64(seed: seed)
    var filter = OutputFilter()
    var rest = Array(text.utf8)[...]
    var output: [UInt8] = []
    while !rest.isEmpty {
      let piece = rest.prefix(Int.random(in: 1...40, using: &generator))
      output += filter.consume(piece)
      rest = rest.dropFirst(piece.count)
    }
    output += filter.finish()
    return String(decoding: output, as: UTF8.self)
  }

  @Test(arguments: Seeds.all)
  func noCredentialPassesHoweverItIsCut(_ seed: UInt64) {
    let output = passed(Self.text, seed: seed)
    for secret in [Self.key, "hunter2", "abcdefghijklmnop", "ada:secret", "MIIEpAIB", "Qm9vU3Ry"] {
      #expect(!output.contains(secret), "\(output)")
    }
    for kept in ["started\n", "\u{1B}[32m", " in colour\n", "\\tmore", "progress 20%\r"] {
      #expect(output.contains(kept), "\(output)")
    }
    #expect(output.hasSuffix("no newline at the end"))
  }

  @Test(arguments: Seeds.all)
  func whatHoldsNoCredentialPassesByteForByte(_ seed: UInt64) {
    let text = "a\r\nb\u{1B}]0;title\u{7}\u{0}ü-----BEGIN CERTIFICATE-----\nx\n\n\(seed)\r"
    #expect(passed(text, seed: seed) == text)
  }

  @Test func aLineIsHeldUntilItIsWhole() {
    var filter = OutputFilter()
    #expect(filter.consume(Array("password: hun".utf8)[...]) == [])
    let rest = filter.consume(Array("ter2\nnext".utf8)[...])
    #expect(String(decoding: rest, as: UTF8.self) == "password: [redacted]\n")
  }

  @Test func textAboutAPrivateKeyDoesNotHideWhatFollows() {
    let output = passed("-----BEGIN PRIVATE KEY-----\nis how it begins (usually).\nnext\n", seed: 1)
    #expect(output.hasSuffix("is how it begins (usually).\nnext\n"), "\(output)")
  }

  @Test func aLineWithoutEndDoesNotGrow() {
    var filter = OutputFilter()
    var count = 0
    let piece = Array(repeating: UInt8(ascii: "x"), count: 1000)
    for _ in 0..<200 { count += filter.consume(piece[...]).count }
    #expect(count > 100_000)
  }
}
