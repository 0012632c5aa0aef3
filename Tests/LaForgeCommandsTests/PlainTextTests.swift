import LaForgeTestSupport
import Testing

@testable import LaForgeCommands

/// Terminal output as plain text.
@Suite struct PlainTextTests {
  private func plain(_ text: String, pieces: Int = .max) -> String {
    var plain = PlainText()
    var output: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      output += plain.consume(rest.prefix(pieces))
      rest = rest.dropFirst(pieces)
    }
    return String(decoding: output + plain.finish(), as: UTF8.self)
  }

  private static let cases = [
    ("\u{1B}[1;32mok\u{1B}[0m\r\n", "ok\n"), ("10%\r20%\r100%\n", "100%\n"),
    ("long text\rshort\u{1B}[K\n", "short\n"), ("long text\rshort\n", "shorttext\n"),
    ("\u{1B}]0;title\u{7}a\u{1B}]8;;http://x\u{1B}\\link\u{1B}]8;;\u{1B}\\\n", "alink\n"),
    ("ab\u{8}\u{8}x\n", "xb\n"), ("a\u{1B}[3Cb\n", "a   b\n"), ("x\u{1B}[2Ky\n", " y\n"),
    ("\u{1B}(B\u{1B}=\u{1B}>text\u{7}\n", "text\n"), ("\u{1B}[?1049h\u{1B}[2Jx", "x"),
    ("grün\r日\n", "日rün\n"), ("\u{1B}P+q\u{1B}\\z\n", "z\n"), ("a\tb\n", "a\tb\n"),
    ("no end", "no end"), ("\u{1B}[38;5;", ""), ("", ""),
  ]

  @Test(arguments: cases)
  func isWhatTheLinesLookedLikeInTheEnd(_ text: String, _ expected: String) {
    #expect(plain(text) == expected)
  }

  @Test(arguments: cases)
  func isTheSameHoweverItIsCut(_ text: String, _ expected: String) {
    for pieces in 1...4 { #expect(plain(text, pieces: pieces) == expected) }
  }

  @Test(arguments: Seeds.all)
  func anythingAtAllIsSurvived(_ seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    var plain = PlainText()
    let bytes = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let output = plain.consume(bytes[...]) + plain.finish()
    #expect(output.count < 5000 * 4096 && !output.contains(27))
  }
}
