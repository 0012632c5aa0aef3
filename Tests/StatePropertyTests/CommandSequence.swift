import Foundation
import LaForgeTestSupport
import SystemPackage

/// A failed expectation with what led to it.
struct Disagreement: Error, CustomStringConvertible {
  var seed: UInt64
  var lines: [String]
  var transcript: [String]

  var description: String {
    """
    seed \(seed):
    \(lines.prefix(20).map { "  " + $0 }.joined(separator: "\n"))
    after these lines in an empty folder:
    \(transcript.joined(separator: "\n"))
    """
  }
}

/// One repository, and commands in it whose outcomes are compared with the model's.
struct CommandSequence {
  private let seed: UInt64
  private let environment: TestEnvironment
  private let observer: Observer
  private let hasSubmodule: Bool
  private var script: AgentScript
  private var model = StateModel()
  private var safekeeping = Safekeeping()
  private var transcript: [String] = []
  private var current = Observation()

  init(seed: UInt64) async throws {
    self.seed = seed
    script = AgentScript(seed: seed)
    environment = try await TestEnvironment(makesRepository: false)
    let kind = Int.random(in: 0..<10, using: &script.generator)
    let conversion: Conversion = kind == 0 ? .lineEnds : kind == 1 ? .capitals : .none
    hasSubmodule = kind == 2
    observer = Observer(environment: environment, conversion: conversion)
    try await setUp(conversion)
  }

  /// Runs the whole of it.
  mutating func run(commands: Int) async throws {
    current = try await observer.observe()
    for _ in 0..<commands { try await next() }
    try await record("true")
    try await shell(
      "git reflog expire --expire=now --all; git gc -q --prune=now", isQuiet: false
    )
    current = try await observer.observe()
    try await check(ignoredBefore: nil, "after gc")
  }

  private mutating func setUp(_ conversion: Conversion) async throws {
    var lines = ["git init -q -b main", "mkdir ../beside", "echo beside > ../beside/x"]
    lines.append("printf '*.log\\nbuild/\\n' > .gitignore; echo hello > README.md")
    lines.append("echo a > a; mkdir -p n/deep; echo x > n/x; echo z > n/deep/z; echo w > w")
    lines.append("echo sh > s.sh; chmod +x s.sh; echo text > t.flt")
    switch conversion {
    case .none: break
    case .lineEnds: lines.append("git config core.autocrlf true; git config core.safecrlf false")
    case .capitals:
      lines.append("echo '*.flt filter=capitals' > .gitattributes")
      lines.append("git config filter.capitals.clean 'tr a-z A-Z'")
      lines.append("git config filter.capitals.smudge 'tr A-Z a-z'")
    }
    if hasSubmodule {
      lines.append("git init -q ../inner; git -C ../inner commit -q --allow-empty -m inner")
      lines.append("git -c protocol.file.allow=always submodule --quiet add ../inner sub")
    }
    lines.append("git add -A; git commit -qm start; git branch one; echo 1 >> a")
    lines.append("git commit -qam second; git branch two; echo stashed >> a; git stash -q")
    if Bool.random(using: &script.generator) {
      lines.append("echo dirty > w; git add w; echo u > u")
    }
    for line in lines { try await shell(line) }
  }

  // MARK: - Commands

  private mutating func next() async throws {
    let kind = Int.random(in: 0..<100, using: &script.generator)
    if model.steps.isEmpty || kind < 30 {
      return try await record(script.agent(hasSubmodule: hasSubmodule))
    }
    if kind < 50 { return try await person() }
    if let command = command(kind) { try await run(command) }
  }

  private mutating func command(_ kind: Int) -> Command? {
    let step = Int.random(in: 1...model.steps.count, using: &script.generator)
    let active = model.line(model.tip)
    let isBefore = Bool.random(using: &script.generator)
    switch kind {
    case ..<60: return model.isUndoWithoutStepKnown ? .undo(nil) : model.tip.map { .undo($0) }
    case ..<66: return .undo(active.randomElement(using: &script.generator) ?? step)
    case ..<70: return .rollback(nil, isBefore: false)
    case ..<77: return .rollback(step, isBefore: isBefore)
    case ..<88: return model.isStackKnown || !model.stack.isEmpty ? .redo(nil) : nil
    case ..<94:
      let others = model.steps.keys.sorted().filter { !active.contains($0) }
      return .redo(others.randomElement(using: &script.generator) ?? step)
    default:
      let goal = model.steps[step]
      let files = (goal?.after.files.keys.sorted() ?? []) + ["absent"]
      let paths =
        Bool.random(using: &script.generator) ? files.shuffled(using: &script.generator) : []
      return .restore(step, isBefore: isBefore, Array(paths.prefix(2)))
    }
  }

  private mutating func record(_ lines: String) async throws {
    let before = current
    safekeeping.promise(before)
    transcript.append("laforge run -q -- sh -c '\(lines.replacing("'", with: "'\\''"))'")
    let output = try await environment.laforge(["run", "-q", "--", "sh", "-c", lines])
    current = try await observer.observe()
    if output.standardError.contains("Error: ") || output.status == 125 {
      throw disagreement(["run: \(output)"])
    }
    _ = model.didRun(before: before.state, after: current.state)
    safekeeping.promise(current)
    if lines == "true" {
      let lines = current.state.differences(from: before.state)
      if !lines.isEmpty { throw disagreement(["a run of nothing changed the repository"] + lines) }
    }
    try await check(ignoredBefore: nil, "after the run")
  }

  private mutating func person() async throws {
    try await shell(script.person())
    current = try await observer.observe()
  }

  private mutating func run(_ command: Command) async throws {
    let before = current
    let prediction = model.predict(command, now: before.state)
    transcript.append("laforge " + command.arguments.joined(separator: " "))
    let output = try await environment.laforge(command.arguments)
    current = try await observer.observe()
    let name = "laforge \(command.arguments.joined(separator: " ")): "
    switch output.status {
    case 0 where prediction.mayBeDone:
      let lines = prediction.expectation.differences(in: current.state)
      if !lines.isEmpty { throw disagreement([name + "wrong state"] + lines + ["\(output)"]) }
      model.didDo(command, before: before.state, after: current.state)
      safekeeping.promise(before)
      try await checkLine()
    case 1 where prediction.mayBeRefused:
      let lines = current.state.differences(from: before.state)
      if !lines.isEmpty { throw disagreement([name + "refused, but"] + lines + ["\(output)"]) }
      // What the person made unreachable since is taken in by the next command that does something.
      return
    default:
      throw disagreement([name + "unexpected status"] + prediction.reasons + ["\(output)"])
    }
    try await check(ignoredBefore: before.state, "after \(name)")
  }

  // MARK: - Checks

  private mutating func check(ignoredBefore: WorkingState?, _ moment: String) async throws {
    let missing = try await safekeeping.missing(
      in: current, ignoredBefore: ignoredBefore, environment)
    let lines = current.complaints + missing
    if !lines.isEmpty { throw disagreement([moment] + lines) }
  }

  private func checkLine() async throws {
    let output = try await environment.laforge(["log", "--json", "-n", "1000"])
    let listed = try output.json().array.map { $0["id"]?.integer ?? 0 }
    let expected = model.line(model.tip)
    if listed != expected {
      throw disagreement(["active steps are \(listed), expected \(expected)"])
    }
  }

  private mutating func shell(_ line: String, isQuiet: Bool = true) async throws {
    transcript.append(line)
    try await environment.shell(isQuiet ? "{ \(line)\n} > /dev/null 2>&1" : line)
  }

  private func disagreement(_ lines: [String]) -> Disagreement {
    Disagreement(seed: seed, lines: lines, transcript: transcript)
  }
}
