import LaForgeCore
import Testing

@testable import LaForgeCommands

@Suite struct ReadableTests {
  @Test(arguments: [
    (0, "0ms"), (3, "3ms"), (999, "999ms"), (1000, "1.0s"), (4249, "4.2s"), (9949, "9.9s"),
    (9950, "10s"), (22_400, "22s"), (59_499, "59s"), (59_500, "1m"), (63_250, "1m 03s"),
    (600_000, "10m"), (3_599_499, "59m 59s"), (3_600_000, "1h"), (7_500_000, "2h 05m"),
    (273_600_000, "3d 04h"),
  ])
  func durations(_ milliseconds: Int64, _ text: String) {
    #expect(Readable.duration(milliseconds: milliseconds) == text)
  }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1.0k"), (17_596, "17.6k"), (999_949, "999.9k"),
    (999_950, "1.0M"), (1_234_567, "1.2M"), (9_223_372_036_854_775_807, "9223372036.9G"),
  ])
  func counts(_ number: Int64, _ text: String) {
    #expect(Readable.count(number) == text)
  }

  @Test(arguments: [
    (0, "$0.00"), (1, "<$0.0001"), (3_400, "$0.0034"), (9_999, "$0.0100"), (10_000, "$0.01"),
    (33_865, "$0.03"),
    (995_000, "$1.00"), (12_345_678, "$12.35"), (9_223_372_036_854_775_807, "$9223372036854.78"),
  ])
  func money(_ microdollars: Int64, _ text: String) {
    #expect(Readable.cost(Cost(microdollars: microdollars)) == text)
  }
}

@Suite struct TerminalTextTests {
  @Test(arguments: [
    ("plain", "plain"), ("a\u{1B}[31mred\u{1B}[0m", "ared"), ("a\u{1B}]0;title\u{07}b", "ab"),
    ("a\u{1B}]8;;http://x\u{1B}\\link", "alink"), ("two\nlines\tand\rmore", "two lines and more"),
    ("bell\u{07}\u{08}\u{00}", "bell"), ("c1\u{9B}31m", "c131m"), ("\u{202E}evil", "evil"),
    ("open\u{1B}[", "open"), ("open\u{1B}", "open"), ("日本 ünï", "日本 ünï"),
  ])
  func nothingThatMovesTheCursorIsLeft(_ text: String, _ expected: String) {
    #expect(TerminalText.clean(text) == expected)
  }

  @Test func widthIsWhatATerminalShows() {
    _ = CommandContext.makeLive()
    #expect(TerminalText.width("abc") == 3)
    #expect(TerminalText.width("日本") == 4)
    #expect(TerminalText.width("e\u{301}") == 1)
    #expect(TerminalText.truncate("日本語", to: 4) == "日…")
    #expect(TerminalText.truncate("abc", to: 3) == "abc")
    #expect(TerminalText.truncate("abcd", to: 3) == "ab…")
    #expect(TerminalText.truncate("abcd", to: 0) == "")
  }

  @Test func linesBreakBetweenWords() {
    #expect(
      TerminalText.wrap("one two three four", columns: 9, indent: "  ")
        == "one two\n  three\n  four")
  }

  @Test(arguments: [
    ("to see `git log -1` here", 14, "to see\n  `git log -1`\n  here"),
    ("say `git log --oneline -1` twice", 14, "say `git log --oneline -1`\n  twice"),
    ("a ` that nobody closes", 11, "a ` that\n  nobody\n  closes"),
    ("  name  text after", 12, "  name  text\n  after"),
    ("gap   here", 5, "gap\n  here"),
  ])
  func aCommandInBackticksIsNotTornApart(_ text: String, _ columns: Int, _ expected: String) {
    #expect(TerminalText.wrap(text, columns: columns, indent: "  ") == expected)
    #expect(TerminalText.wrap(text, columns: nil, indent: "  ") == text)
  }
}

@Suite struct ShellWordsTests {
  @Test(arguments: [
    (["claude", "-p", "fix it"], "claude -p 'fix it'"), (["a", ""], "a ''"),
    (["it's"], "'it'\\''s'"), (["--x=1", "./a,b:c@d", "ä"], "--x=1 ./a,b:c@d ä"),
    (["$(rm)"], "'$(rm)'"), (["a*"], "'a*'"), (["~"], "'~'"),
  ])
  func wordsAreQuotedWhereAShellWouldChangeThem(_ words: [String], _ text: String) {
    #expect(ShellWords.join(words) == text)
  }
}
