/// What an operation must leave.
///
/// Where the contract leaves freedom a place has several values.
struct Expectation {
  var head: Head
  /// Another HEAD that is as good.
  var otherHead: Head?
  var references: [String: [String?]]
  /// Stash entries that must be there, and those that may.
  var stash: (least: Set<String>, most: Set<String>)
  var index: [String: [[String]?]]
  /// Files covered or ignored; a path that is not named must not be there.
  var disk: [String: [FileEntry?]]
  var inProgress: [String: [UInt8]]
  var outside: [String: FileEntry]

  /// A state that stays as it is.
  init(unchanged state: WorkingState) {
    head = state.head
    references = state.references.mapValues { [$0] }
    stash = (Set(state.stash), Set(state.stash))
    index = state.index.mapValues { [$0] }
    disk = state.disk.mapValues { [$0] }
    inProgress = state.inProgress
    outside = state.outside
  }

  /// What is not as expected, a line each.
  func differences(in state: WorkingState) -> [String] {
    var lines: [String] = []
    if state.head != head, state.head != otherHead {
      lines.append("HEAD is \(state.head), expected \(head)")
    }
    if state.inProgress != inProgress {
      lines.append("in progress: \(state.inProgress.keys), expected \(inProgress.keys)")
    }
    let entries = Set(state.stash)
    if !entries.isSuperset(of: stash.least) || !entries.isSubset(of: stash.most) {
      lines.append("stash is \(entries), expected \(stash.least) to \(stash.most)")
    }
    if state.outside != outside { lines.append("files outside what a state covers changed") }
    lines += Self.differences("ref", state.references, references, ==)
    lines += Self.differences("index entry", state.index, index, ==)
    lines += Self.differences("file", state.disk, disk) { actual, expected in
      actual == expected
        || (expected?.isUnmodified == true
          && actual.map { expected?.resembles($0) == true } == true)
    }
    return lines
  }

  private static func differences<Value>(
    _ what: String, _ actual: [String: Value], _ expected: [String: [Value?]],
    _ satisfies: (Value?, Value?) -> Bool
  ) -> [String] {
    Set(actual.keys).union(expected.keys).sorted().compactMap { key in
      let allowed = expected[key] ?? [nil]
      if allowed.contains(where: { satisfies(actual[key], $0) }) { return nil }
      let values = allowed.map { text($0) }.joined(separator: " or ")
      return "\(what) '\(key)' is \(text(actual[key])), expected \(values)"
    }
  }
}

/// What a command must do.
struct Prediction {
  /// Whether it may be done, or refused with exit status 1 and nothing changed.
  var mayBeDone = true
  var mayBeRefused = false
  /// Why it has to be refused, for failures.
  var reasons: [String] = []
  var expectation: Expectation

  /// Demands a refusal.
  mutating func refuse(_ reason: String) {
    mayBeDone = false
    mayBeRefused = true
    reasons.append(reason)
  }

  /// A refusal whatever the state.
  static func refused(_ reason: String, _ state: WorkingState) -> Prediction {
    var prediction = Prediction(expectation: Expectation(unchanged: state))
    prediction.refuse(reason)
    return prediction
  }
}
