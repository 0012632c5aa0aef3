import LaForgeCore

extension TokenCounts {
  /// Counts of which the prompt includes what came from caches and went into them.
  ///
  /// `nil` where a part is none that can be, or where the caches are larger than the prompt that they
  /// are in.
  init?(
    prompt: Int64?, cacheRead: Int64? = 0, cacheCreation: Int64? = 0, output: Int64?,
    reasoning: Int64? = nil
  ) {
    guard let prompt, let cacheRead, let cacheCreation, cacheRead <= prompt,
      cacheCreation <= prompt - cacheRead
    else { return nil }
    self.init(
      uncached: prompt - cacheRead - cacheCreation, cacheRead: cacheRead,
      cacheCreation: cacheCreation, output: output, reasoning: reasoning)
  }

  /// Counts whose input leaves out what came from caches and went into them.
  ///
  /// `nil` where a part is none that can be. Reasoning beyond the output is no part of it, and so not
  /// known.
  init?(
    uncached: Int64?, cacheRead: Int64? = 0, cacheCreation: Int64? = 0, output: Int64?,
    reasoning: Int64? = nil
  ) {
    guard let uncached, let cacheRead, let cacheCreation, let output else { return nil }
    self.init(
      input: uncached, cacheRead: cacheRead, cacheCreation: cacheCreation, output: output,
      reasoning: reasoning.flatMap { $0 <= output ? $0 : nil })
  }

  /// Counts whose output leaves out what was reasoned.
  ///
  /// `nil` where a part is none that can be, or where the cache is larger than the prompt.
  init?(prompt: Int64?, cacheRead: Int64?, answer: Int64?, thoughts: Int64?) {
    guard let answer, let thoughts else { return nil }
    self.init(
      prompt: prompt, cacheRead: cacheRead, output: Self.sum(answer, thoughts), reasoning: thoughts)
  }

  /// Subtracts part by part; nothing goes below zero.
  func minus(_ other: TokenCounts) -> TokenCounts {
    TokenCounts(
      input: max(0, input - other.input), cacheRead: max(0, cacheRead - other.cacheRead),
      cacheCreation: max(0, cacheCreation - other.cacheCreation),
      output: max(0, output - other.output),
      reasoning: reasoning.flatMap { mine in other.reasoning.map { max(0, mine - $0) } })
  }

  /// Whether other counts may be a part of these.
  func holds(_ other: TokenCounts) -> Bool {
    other.input <= input && other.cacheRead <= cacheRead && other.cacheCreation <= cacheCreation
      && other.output <= output
  }

  /// Whether there is nothing in it.
  var isZero: Bool { prompt == 0 && output == 0 }

  /// Whether two places tell the same, whatever they say of reasoning.
  func isSame(as other: TokenCounts) -> Bool {
    (input, cacheRead, cacheCreation, output)
      == (other.input, other.cacheRead, other.cacheCreation, other.output)
  }
}
