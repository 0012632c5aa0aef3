/// The steps of one worktree and what the operations on them must do, after the contract alone.
struct StateModel {
  /// One recorded run, as the test saw it.
  struct Step {
    var parent: Int?
    var before: WorkingState
    var after: WorkingState
  }

  /// A recorded state.
  enum Position {
    case before(Int)
    case after(Int)
  }

  /// An undo or rollback that `redo` can reverse.
  struct Reversible {
    var before: WorkingState
    var after: WorkingState
    var tip: Int?
    var position: Position?
    var isUndo: Bool
  }

  private(set) var steps: [Int: Step] = [:]
  /// The latest active step; those above it are the other active ones.
  private(set) var tip: Int?
  private(set) var stack: [Reversible] = []
  /// Whether a `redo` without a step has one meaning now.
  private(set) var isStackKnown = true
  /// Whether an `undo` without a step has one meaning now.
  private(set) var isUndoWithoutStepKnown = true
  private var position: Position?

  /// The step and those above it, the latest first.
  func line(_ step: Int?) -> [Int] {
    var line: [Int] = []
    var next = step
    while let id = next {
      line.append(id)
      next = steps[id]?.parent
    }
    return line
  }

  func state(at position: Position?) -> WorkingState? {
    switch position {
    case .before(let id): steps[id]?.before
    case .after(let id): steps[id]?.after
    case nil: nil
    }
  }

  // MARK: - What has to happen

  /// What a command must do in the state of now.
  func predict(_ command: Command, now: WorkingState) -> Prediction {
    switch command {
    case .undo(let step): undo(step, now)
    case .rollback(let step, let isBefore): rollback(step, isBefore: isBefore, now)
    case .redo(nil): redo(now)
    case .redo(let step?): redo(step, now)
    case .restore(let step, let isBefore, let paths):
      restore(step, isBefore: isBefore, paths, now)
    }
  }

  private func undo(_ step: Int?, _ now: WorkingState) -> Prediction {
    let line = line(tip)
    guard let tip, let last = steps[tip], let first = steps[step ?? tip],
      let count = line.firstIndex(of: step ?? tip)
    else { return .refused("the step is not active", now) }
    var movement = Movement(now: now, base: last.after, target: first.before)
    movement.isBackward = true
    movement.undoneSteps = line[...count].reversed().compactMap { steps[$0] }
      .map { ($0.before, $0.after) }
    var prediction = movement.merged()
    // Whether a step changed nothing is judged by more than what an operation covers: the commit that
    // a submodule stands at, for one.
    if step == nil, first.before.covers(sameAs: last.after) { prediction.mayBeRefused = true }
    return prediction
  }

  private func rollback(_ step: Int?, isBefore: Bool, _ now: WorkingState) -> Prediction {
    guard let id = step ?? tip, let goal = steps[id] else { return .refused("no step", now) }
    let target = isBefore || step == nil ? goal.before : goal.after
    let line = line(tip)
    let base = tip.flatMap { steps[$0]?.after } ?? now
    var movement = Movement(now: now, base: base, target: target)
    movement.steps = steps.values.map { ($0.before, $0.after) }
    if let index = line.firstIndex(of: id) {
      movement.isBackward = true
      movement.undoneSteps = line[..<(isBefore || step == nil ? index + 1 : index)].reversed()
        .compactMap { steps[$0] }.map { ($0.before, $0.after) }
    }
    return movement.exact()
  }

  private func redo(_ now: WorkingState) -> Prediction {
    guard let last = stack.last else { return .refused("nothing to redo", now) }
    return Movement(now: now, base: last.after, target: last.before).merged()
  }

  private func redo(_ step: Int, _ now: WorkingState) -> Prediction {
    guard let goal = steps[step], !line(tip).contains(step), let base = state(at: position) else {
      return .refused("the step is not rolled back", now)
    }
    var movement = Movement(now: now, base: base, target: goal.after)
    movement.steps = Set(line(step)).symmetricDifference(line(tip)).compactMap { steps[$0] }
      .map { ($0.before, $0.after) }
    return movement.merged()
  }

  private func restore(
    _ step: Int, isBefore: Bool, _ paths: [String], _ now: WorkingState
  ) -> Prediction {
    guard let goal = steps[step] else { return .refused("no step", now) }
    let source = isBefore ? goal.before : goal.after
    if let absent = paths.first(where: { source.files[$0] == nil }) {
      var prediction = Prediction.refused("'\(absent)' is not in that state", now)
      // It may be a folder there, or a file that the state does not cover.
      let isFolder = source.files.keys.contains { $0.hasPrefix(absent + "/") }
      prediction.mayBeDone = isFolder || source.ignored[absent] != nil
      for (path, entry) in source.disk where path == absent || path.hasPrefix(absent + "/") {
        prediction.expectation.disk[path] = [entry, now.disk[path]]
      }
      return prediction
    }
    var prediction = Prediction(expectation: Expectation(unchanged: now))
    let changed = Set(goal.before.files.keys).union(goal.after.files.keys)
      .filter { goal.before.files[$0] != goal.after.files[$0] }
    let written = paths.isEmpty ? changed.filter { source.files[$0] != nil } : Set(paths)
    // Whether it is an error that nothing is to be done is not said.
    prediction.mayBeRefused = written.allSatisfy { now.files[$0] == source.files[$0] }
    for path in written {
      let isIgnoredSomewhere = [now, goal.before, goal.after].contains { $0.ignored[path] != nil }
      prediction.expectation.disk[path] =
        [source.files[path]] + (isIgnoredSomewhere ? [now.disk[path]] : [])
      let inTheWay = now.disk.keys.filter { $0.hasPrefix(path + "/") || path.hasPrefix($0 + "/") }
      for other in inTheWay {
        prediction.mayBeRefused = true
        prediction.expectation.disk[other, default: []].append(nil)
      }
      if let one = goal.before.files[path], let other = goal.after.files[path], one != other,
        one.resembles(other)
      {
        prediction.expectation.disk[path]?.append(now.disk[path])
      }
    }
    return prediction
  }

  // MARK: - What happened

  /// Takes a finished run in.
  mutating func didRun(before: WorkingState, after: WorkingState) -> Int {
    let id = steps.count + 1
    steps[id] = Step(parent: tip, before: before, after: after)
    tip = id
    position = .after(id)
    stack = []
    isStackKnown = true
    isUndoWithoutStepKnown = true
    return id
  }

  /// Takes a command in that was done.
  mutating func didDo(_ command: Command, before: WorkingState, after: WorkingState) {
    let reversible = Reversible(
      before: before, after: after, tip: tip, position: position, isUndo: command.isUndo)
    isUndoWithoutStepKnown = true
    switch command {
    case .undo(let step):
      guard let id = step ?? tip else { return }
      stack.append(reversible)
      (tip, position) = (steps[id]?.parent, .before(id))
    case .rollback(let step, let isBefore):
      guard let id = step ?? tip else { return }
      stack.append(reversible)
      let toBefore = isBefore || step == nil
      (tip, position) = toBefore ? (steps[id]?.parent, .before(id)) : (id, .after(id))
    case .redo(nil):
      guard let last = stack.popLast() else { return }
      isUndoWithoutStepKnown = last.isUndo && last.tip.map { steps[$0]?.parent == tip } == true
      (tip, position) = (last.tip, last.position)
    case .redo(let step?):
      (tip, position) = (step, .after(step))
      stack = []
      isStackKnown = false
      isUndoWithoutStepKnown = false
    case .restore:
      break
    }
  }
}

/// A command of LaForge's that moves the repository.
enum Command {
  case undo(Int?)
  case rollback(Int?, isBefore: Bool)
  case redo(Int?)
  case restore(Int, isBefore: Bool, [String])

  var isUndo: Bool { if case .undo = self { true } else { false } }

  /// The words after `laforge`.
  var arguments: [String] {
    switch self {
    case .undo(let step): ["undo"] + (step.map { ["\($0)"] } ?? [])
    case .rollback(let step, let isBefore):
      ["rollback"] + (isBefore ? ["--before"] : []) + (step.map { ["S\($0)"] } ?? [])
    case .redo(let step): ["redo"] + (step.map { ["\($0)"] } ?? [])
    case .restore(let step, let isBefore, let paths):
      ["restore"] + (isBefore ? ["--before"] : []) + ["\(step)"] + paths
    }
  }
}
