import ArgumentParser

/// How much a listing lists.
struct LimitOptions: ParsableArguments {
  @Option(
    name: .customShort("n"), parsing: .unconditional,
    help: ArgumentHelp("List at most this many.", valueName: "n"))
  var number: String?

  /// The number; `nil` for all.
  var limit: Int? { number.flatMap { Int($0) } }

  func validate() throws {
    guard let number else { return }
    guard let limit = Int(number), (1...1_000_000_000).contains(limit) else {
      throw ValidationError("'-n' needs a number from 1 on, not '\(number)'")
    }
  }
}
