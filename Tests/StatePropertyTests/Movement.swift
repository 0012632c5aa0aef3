/// A way from one recorded state to another, and what it does to the state of now.
struct Movement {
  var now: WorkingState
  /// The recorded state that the movement starts from.
  var base: WorkingState
  var target: WorkingState
  /// The states around each step that is taken out, the first of them first; empty for a way forward.
  var undoneSteps: [(before: WorkingState, after: WorkingState)] = []
  var isBackward = false
  /// The steps that `redo S` takes out or brings in.
  ///
  /// Where none of them changed a place it is free whether the person's change of it, between two
  /// steps, is part of the way.
  var steps: [(before: WorkingState, after: WorkingState)] = []

  // MARK: - Exactly

  /// The target whatever the person did since: `rollback`.
  func exact() -> Prediction {
    var expectation = common()
    expectation.index = target.index.mapValues { [$0] }
    expectation.disk = [:]
    for path in Set(now.disk.keys).union(target.disk.keys) {
      expectation.disk[path] = exactValues(path)
    }
    return Prediction(expectation: expectation)
  }

  private func exactValues(_ path: String) -> [FileEntry?] {
    if let entry = target.files[path] { return [entry] }
    let isInTheWay = isInTheWay(path, of: target.files.keys)
    if let ignored = target.ignored[path] {
      if let left = now.ignored[path] { return isInTheWay ? [left, nil] : [left] }
      // A state does not cover what it ignores, so it is no reason to remove it either.
      return now.files[path] == ignored && !isInTheWay
        ? [ignored] : [now.files[path], ignored, nil]
    }
    guard let left = now.ignored[path] else {
      return mayBeIgnored(path) ? [nil, now.files[path]] : [nil]
    }
    return isInTheWay ? [left, nil] : [left]
  }

  /// Whether the rules of the target may ignore a file that those of now do not: then no state says
  /// whether it was there, and it may stay.
  private func mayBeIgnored(_ path: String) -> Bool {
    now.files[".gitignore"] != target.files[".gitignore"]
      && (path.hasPrefix("build/") || path.hasSuffix(".log") || path == "w")
  }

  // MARK: - Path by path

  /// The target where the person did nothing since, and now where the steps did nothing: `undo` and
  /// `redo`.
  func merged() -> Prediction {
    var prediction = Prediction(expectation: common())
    if now.head != base.head { prediction.refuse("HEAD is no longer as it was left") }
    if !isOneChain(\.head) {
      // The person moved HEAD between two of the steps.
      prediction.mayBeRefused = true
      if undoneSteps.allSatisfy({ $0.before.head == $0.after.head }) {
        prediction.expectation.otherHead = now.head
      }
    }
    if now.inProgress != base.inProgress { prediction.refuse("an operation in progress differs") }
    mergeFiles(into: &prediction)
    mergeIndex(into: &prediction)
    if let branch = target.head.branch, branch != base.head.branch,
      now.references[branch] != base.references[branch]
    {
      prediction.mayBeRefused = true
    }
    return prediction
  }

  private func mergeFiles(into prediction: inout Prediction) {
    var certain: [String: FileEntry] = [:]
    var possible: Set<String> = []
    prediction.expectation.disk = [:]
    for path in Set(now.disk.keys).union(base.disk.keys).union(target.disk.keys) {
      let values = (now.files[path], base.files[path], target.files[path])
      let ignored = [now.ignored[path], base.ignored[path], target.ignored[path]]
      let history = history { $0.disk[path] }
      var allowed: [FileEntry?]
      if ignored.contains(where: { $0 != nil }) {
        if let left = now.ignored[path], values.1 == nil, values.2 == nil {
          allowed = [left]
        } else {
          allowed = [now, base, target].map { $0.disk[path] }
          prediction.mayBeRefused = true
        }
      } else {
        allowed = Self.merge(
          values.0, values.1, values.2, history, "file '\(path)'", into: &prediction)
        if Self.looksAlike(values.0, values.1) || Self.looksAlike(values.1, values.2)
          || Self.looksAlike(values.0, values.2)
        {
          allowed += [values.0, values.2]
          prediction.mayBeRefused = true
        }
      }
      if mayBeIgnored(path) { allowed.append(values.0) }
      if allowed.count == 1, let entry = allowed[0] { certain[path] = entry }
      if allowed.contains(where: { $0 != nil }) { possible.insert(path) }
      prediction.expectation.disk[path] = allowed
    }
    for path in possible {
      for folder in path.folders where possible.contains(folder) {
        let areCertain = certain[path] != nil && certain[folder] != nil
        if areCertain, now.ignored[path] == nil, now.ignored[folder] == nil {
          prediction.refuse("'\(folder)' would be a file and the folder of '\(path)'")
        } else {
          prediction.mayBeRefused = true
          prediction.expectation.disk[path, default: []].append(nil)
          prediction.expectation.disk[folder, default: []].append(nil)
        }
      }
    }
  }

  private func mergeIndex(into prediction: inout Prediction) {
    var certain: Set<String> = []
    prediction.expectation.index = [:]
    for path in Set(now.index.keys).union(base.index.keys).union(target.index.keys) {
      let allowed = Self.merge(
        now.index[path], base.index[path], target.index[path], history { $0.index[path] },
        "index entry '\(path)'", into: &prediction)
      if allowed.count == 1, allowed[0] != nil { certain.insert(path) }
      prediction.expectation.index[path] = allowed
    }
    for path in certain {
      for folder in path.folders where certain.contains(folder) {
        prediction.refuse("index: '\(folder)' and '\(path)'")
      }
    }
  }

  /// The rule for one place.
  private static func merge<Value: Equatable>(
    _ now: Value?, _ base: Value?, _ target: Value?, _ history: History, _ what: String,
    into prediction: inout Prediction
  ) -> [Value?] {
    if base == target || history == .untouchedBySteps { return [now] }
    if history == .freeOfSteps {
      prediction.mayBeRefused = true
      return [now, target]
    }
    // The person's own change lies between two steps' changes of the same place.
    if history == .broken { prediction.mayBeRefused = true }
    if now == base { return [target] }
    if now == target {
      // Changed by both, to the same.
      prediction.mayBeRefused = true
      return [now]
    }
    prediction.refuse("\(what) was changed by the steps and since")
    return [now]
  }

  private static func looksAlike(_ one: FileEntry?, _ other: FileEntry?) -> Bool {
    guard let one, let other else { return false }
    return one != other && one.resembles(other)
  }

  private func isInTheWay(_ path: String, of paths: some Swift.Sequence<String>) -> Bool {
    paths.contains { $0.hasPrefix(path + "/") || path.hasPrefix($0 + "/") }
  }

  // MARK: - The steps that are taken out

  /// What the steps that are taken out did at one place.
  private enum History { case untouchedBySteps, freeOfSteps, oneChain, broken }

  private func history<Value: Equatable>(_ value: (WorkingState) -> Value) -> History {
    if !undoneSteps.isEmpty, undoneSteps.allSatisfy({ value($0.before) == value($0.after) }) {
      return .untouchedBySteps
    }
    if !steps.isEmpty, steps.allSatisfy({ value($0.before) == value($0.after) }) {
      return .freeOfSteps
    }
    return isOneChain(value) ? .oneChain : .broken
  }

  /// Whether nobody changed the place between the steps that are taken out.
  private func isOneChain<Value: Equatable>(_ value: (WorkingState) -> Value) -> Bool {
    zip(undoneSteps, undoneSteps.dropFirst()).allSatisfy { value($0.after) == value($1.before) }
  }

  // MARK: - HEAD, refs, stash

  private func common() -> Expectation {
    var expectation = Expectation(unchanged: now)
    expectation.head = target.head
    expectation.inProgress = target.inProgress
    let names = Set(now.references.keys).union(base.references.keys).union(target.references.keys)
    for name in names { expectation.references[name] = references(name) }
    let dropped = Set(target.stash).subtracting(base.stash)
    let entries = Set(now.stash)
    expectation.stash =
      isBackward
      ? (entries.union(dropped), entries.union(dropped))
      : (entries.intersection(target.stash), entries.union(target.stash))
    return expectation
  }

  private func references(_ name: String) -> [String?] {
    if name == target.head.branch { return [target.head.commit] }
    let (now, base, target) = (
      now.references[name], base.references[name], target.references[name]
    )
    guard base != target, now == base else { return [now] }
    guard isBackward else {
      return [now, target]
        + steps.flatMap { [$0.before.references[name], $0.after.references[name]] }
    }
    guard target != nil else { return [now] }
    return isOneChain({ $0.references[name] })
      ? [target] : [now] + undoneSteps.map { $0.before.references[name] }
  }
}
