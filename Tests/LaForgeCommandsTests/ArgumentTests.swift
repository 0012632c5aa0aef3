import ArgumentParser
import LaForgeCore
import Testing

@testable import LaForgeCommands

@Suite struct RunInvocationTests {
  private func invocation(_ words: String...) -> RunInvocation {
    RunInvocation(words.map { Array($0.utf8) })
  }

  private func command(_ invocation: RunInvocation) -> [String] {
    invocation.command.map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func theFirstWordThatIsNoOptionBeginsTheCommand() {
    let found = invocation("-m", "a label", "-q", "claude", "-p", "--label", "x", "--")
    #expect(found.options == ["-m", "a label", "-q"])
    #expect(command(found) == ["claude", "-p", "--label", "x", "--"])
  }

  @Test func oneLeadingPairOfDashesIsDropped() {
    #expect(command(invocation("--", "--", "x")) == ["--", "x"])
    #expect(command(invocation("-q", "--", "-weird")) == ["-weird"])
    #expect(command(invocation("x", "--", "y")) == ["x", "--", "y"])
  }

  @Test func aValueMayBeJoinedOrLookLikeAnything() {
    let found = invocation("--label=--x", "--meta", "-k=v", "-mhi", "-qv", "x")
    #expect(found.options == ["--label=--x", "--meta", "-k=v", "-m", "hi", "-q", "-v"])
    #expect(command(found) == ["x"])
  }

  @Test func theEndOfTheOptionsIsNoValue() {
    let found = invocation("-m", "--", "x")
    #expect(found.options == ["-m"])
    #expect(throws: (any Error).self) { try RunCommand.parse(found.options) }
  }

  @Test func lettersOfAnUnknownWordAreNoOptions() {
    #expect(invocation("-xh", "y").options == ["-xh"])
  }

  @Test func theWordsOfTheCommandKeepTheirBytes() {
    let bytes: [UInt8] = [0x66, 0xFF, 0xFE]
    #expect(RunInvocation([bytes, bytes]).command == [bytes, bytes])
  }

  @Test func anUnknownOptionIsNotTakenForTheCommand() {
    let found = invocation("--bogus", "x")
    #expect(found.options == ["--bogus"])
    #expect(throws: (any Error).self) { try RunCommand.parse(found.options) }
  }

  /// The border between options and command is found before ArgumentParser sees the words, so the
  /// list of options with a value must be that of the command.
  @Test func theListOfOptionsWithAValueIsTheCommandsOwn() throws {
    let all = [
      "--agent", "--model", "--label", "-m", "--meta", "--agent-config", "--record",
      "--capture", "--timeout", "--idle-timeout", "--grace", "--max-cost", "--best-effort",
      "--force", "--quiet", "-q", "--verbose", "-v",
    ]
    let help = RunCommand.helpMessage()
    for option in all {
      let needsValue = RunInvocation.optionsWithValue.contains(option)
      let isFlag = (try? RunCommand.parse([option])) != nil
      #expect(isFlag != needsValue, "\(option)")
      #expect(help.contains(option))
    }
    let mentioned = help.split { " ,\n[]".contains($0) }.filter {
      $0.hasPrefix("-") && $0.count > 1
    }
    let known = Set(all + ["--", "-h", "--help", "--version"])
    #expect(Set(mentioned.map(String.init)).subtracting(known).isEmpty)
  }

  @Test func withoutOptionsTheDefaultsOfTheParserApply() throws {
    #expect(try RunCommand.parse([]).options == RunOptions())
  }
}

@Suite struct SubcommandTests {
  @Test(arguments: [
    ("rn", "did you mean `laforge run`?"), ("lgo", "did you mean `laforge log`?"),
    ("stauts", "did you mean `laforge status`?"),
    ("sh", "`laforge run -- sh -c x`"),
    ("claude", "`laforge run -- claude -c x`, or `laforge help` for the commands."),
  ])
  func anUnknownCommandGetsTheNearestOneOrRun(_ word: String, _ hint: String) {
    let failure = #expect(throws: CommandFailure.self) {
      try Subcommand.resolve([word, "-c", "x"], path: "/nonexistent:/bin:/usr/bin")
    }
    #expect(failure?.message.hint == hint)
    #expect(failure?.message.summary == "There is no command '\(word)'.")
    #expect(failure?.status == .usage)
  }

  @Test(arguments: [("log", "log"), ("steps", "log"), ("list", "log"), ("info", "show")])
  func aliasesStandForTheirCommands(_ word: String, _ name: String) throws {
    #expect(try Subcommand.resolve([word], path: nil) == name)
  }
}

@Suite struct ExitStatusTests {
  @Test func theNumbersAreThoseOfTheHelp() {
    #expect(ExitStatus.success.rawValue == 0)
    #expect(ExitStatus.failure.rawValue == 1)
    #expect(ExitStatus.usage.rawValue == 64)
    #expect(ExitStatus.runFailure.rawValue == 125)
    #expect(ExitStatus.agent(137).rawValue == 137)
    #expect(TerminationStatus.signaled(9).shellStatus == 137)
  }

  @Test(
    arguments: [
      ("90", 90_000), ("90s", 90_000), ("10m", 600_000), ("1h30m", 5_400_000), ("1.5h", 5_400_000),
      ("500ms", 500), ("2d", 172_800_000), ("0.5", 500),
    ])
  func durationsAreReadAsTimeoutReadsThem(_ text: String, _ milliseconds: Int64) {
    #expect(Milliseconds(argument: text)?.value == milliseconds)
  }

  @Test(arguments: ["", "0", "m", "5x", "-5", "1h30", "1..5", "5 m", ".5s", "0s", "99999999d"])
  func whatIsNoDurationIsRefused(_ text: String) {
    #expect(Milliseconds(argument: text) == nil)
  }

  @Test(arguments: [("2", 2_000_000), ("0.50", 500_000), ("$1.25", 1_250_000)])
  func amountsAreDollars(_ text: String, _ microdollars: Int64) {
    #expect(Dollars(argument: text)?.value.microdollars == microdollars)
  }

  @Test(arguments: ["", "$", "-1", "1e3", "1,5", "9999999999999999"])
  func whatIsNoAmountIsRefused(_ text: String) {
    #expect(Dollars(argument: text) == nil)
  }
}
