import Foundation
import LaForgeAgent
import LaForgeCore
import LaForgeGit
import LaForgeStore
import LaForgeUsage
import SystemPackage

/// What `laforge step begin` is told.
struct StepBeginning {
  var agent: String?
  var model: String?
  var label: String?
  /// What the agent calls its session; `nil` where it says nothing of it.
  var session: String?
  /// The agent's process; `nil` where none can be seen.
  var caller: CallingAgent?
  /// Whether a step that the process began in another session is over.
  var closesOtherSessions = false
}

/// What `laforge step end` is told.
struct StepEnd {
  /// The step; `nil` for the one that the session or the process has begun.
  var step: StepReference?
  var session: String?
  /// The session's file, if the agent told it.
  var transcript: String?
  var reason = EndReason.stepEnd
  var isSuccess = true
  /// What the agent wrote of its usage, in the form of `LAFORGE_USAGE_FILE`.
  var usageFile: [UInt8]?
}

/// A repository in which an agent begins and ends steps.
struct BegunStepSession {
  private let repository: WorktreeRepository
  private let session: RecordingSession

  /// How long the end waits for an agent that writes down its last answer late, in milliseconds.
  private static let patience: Int64 = 1000
  private static let pause: UInt32 = 50

  /// - Throws: `CommandFailure`; nothing was begun or ended.
  init(in context: CommandContext) async throws {
    do throws(RecordError) {
      do { repository = try await context.openRepository() } catch { throw .repository(error) }
      session = try await RecordingSession(repository, in: context)
    } catch {
      throw CommandFailure(.step(error, "No step was begun or ended."))
    }
  }

  private var worktree: String { repository.location.worktree }

  // MARK: - Begin

  /// Begins a step; closes one that the same agent has not ended.
  ///
  /// - Throws: `CommandFailure`; no step was begun.
  func begin(_ beginning: StepBeginning, in context: CommandContext) async throws -> StepID {
    guard let caller = beginning.caller else {
      throw CommandFailure(
        UserMessage(
          code: "no_agent", summary: "The agent's process cannot be seen from here.",
          consequence: "No step was begun.", hint: "`--pid` names it."))
    }
    if context.isWholeDisk(repository.location.workingTree) {
      let path = repository.location.workingTree.string
      throw CommandFailure(.step(.tooBroad(path: path), "No step was begun."))
    }
    for begun in try begunSteps(in: context)
    where recorder(in: context).isWorkedOn(begun) && isOver(begun, beginning, caller.process) {
      let run = await end(
        begun, StepEnd(session: begun.baseline.session, reason: .nextStep), in: context)
      report(run, closing: false, in: context)
    }
    var configuration = AgentConfiguration()
    configuration.agent = beginning.agent ?? caller.name
    configuration.model = beginning.model
    do throws(RecordError) {
      let enclosing: StepID?
      do {
        enclosing = try RecordingSession.enclosingStep(
          session.store, worktree, in: context, except: caller.process)
      } catch { throw .store(error) }
      let subject = StepSubject(
        command: caller.words.isEmpty ? [configuration.agent ?? "?"] : caller.words,
        directory: session.directory, label: beginning.label, configuration: configuration,
        enclosing: enclosing, projectID: session.projectID)
      let (step, notices, warnings) = try await recorder(in: context)
        .begin(subject, session: beginning.session, process: caller.process)
      for notice in notices { RunReport.say(notice, in: context) }
      RunReport.say(warnings, of: step.id, in: context)
      return step.id
    } catch {
      throw CommandFailure(.step(error, "No step was begun."))
    }
  }

  private func isOver(
    _ begun: BegunStep, _ beginning: StepBeginning, _ process: AgentProcess
  ) -> Bool {
    if let id = beginning.session, begun.baseline.session == id { return true }
    guard begun.step.start.agentProcess == process else { return false }
    return beginning.closesOtherSessions || beginning.session == nil
      || begun.baseline.session == nil
  }

  // MARK: - End

  /// Ends the step that is meant and says how it went.
  ///
  /// - Throws: `CommandFailure` where none is running.
  func end(_ end: StepEnd, isQuiet: Bool, in context: CommandContext) async throws {
    guard let begun = try find(end, in: context) else {
      throw CommandFailure(
        UserMessage(
          code: "no_begun_step", summary: "No step was begun here that is not ended.",
          consequence: "Nothing was recorded.",
          hint: "`laforge status` shows what is running; `laforge step end 7` ends a certain one."))
    }
    let run = await self.end(begun, end, in: context)
    report(run, closing: !isQuiet && context.error.isTerminal, in: context)
  }

  /// Ends the step that a hook means; does nothing where none is running: a session that is resumed has
  /// the id of one whose agent is gone.
  func endIfRunning(_ end: StepEnd, in context: CommandContext) async throws {
    guard let begun = try find(end, in: context), recorder(in: context).isWorkedOn(begun) else {
      return
    }
    report(await self.end(begun, end, in: context), closing: false, in: context)
  }

  private func find(_ end: StepEnd, in context: CommandContext) throws -> BegunStep? {
    let begun = try begunSteps(in: context)
    if let reference = end.step {
      let history = context.makeHistory(session.store, worktree: worktree)
      let step: Step
      do { step = try history.step(reference) } catch {
        throw CommandFailure(UserMessage(error, in: history))
      }
      if let found = begun.first(where: { $0.step.id == step.id }) { return found }
      throw CommandFailure(
        UserMessage(
          code: "not_begun",
          summary: step.status == .running
            ? "\(step.id) was not begun by `laforge step`." : "\(step.id) has ended already.",
          consequence: "Nothing was changed.", hint: "`laforge show \(step.id.rawValue)`"))
    }
    if let id = end.session { return begun.first { $0.baseline.session == id } }
    let ancestors = context.ancestors.map(\.process)
    // A run in between is no part of what was begun around it.
    let innermost = try RecordingSession.namedStep(session.store, worktree, in: context)
    return begun.first { begun in
      begun.step.start.agentProcess.map(ancestors.contains) == true
        && begun.baseline.session == nil && innermost.map { $0 < begun.step.id } ?? true
    }
  }

  private func end(
    _ begun: BegunStep, _ end: StepEnd, in context: CommandContext
  ) async -> RecordedRun {
    let run = await recorder(in: context).end(
      begun, by: end.reason, isSuccess: end.isSuccess && end.reason == .stepEnd
    ) { await usage(of: begun, end, in: context) }
    session.backUp(in: context)
    return run
  }

  private func usage(
    of begun: BegunStep, _ end: StepEnd, in context: CommandContext
  ) async -> UsageReport {
    let start = begun.step.start
    let prices = await prices(in: context)
    let directory = repository.location.workingTree.pushing(FilePath(start.directory))
    func read() -> UsageReport {
      var meter = context.makeMeter(
        agent: start.agentConfiguration.agent ?? "",
        call: context.agentCall(
          [], directory: directory, workingTree: repository.location.workingTree,
          start: start.startTime, model: start.agentConfiguration.model),
        prices: prices, isOver: true)
      return meter.finish(
        turnOf: begun.baseline.session, transcript: end.transcript, usageFile: end.usageFile)
    }
    let limit = context.clock.monotonicMilliseconds() + Self.patience
    var report = read()
    // Of a turn that was interrupted nothing more is coming.
    let waits = end.reason == .stepEnd && end.usageFile == nil
    while waits, !report.showsEndOfTurn, context.clock.monotonicMilliseconds() < limit {
      context.pause(milliseconds: Self.pause)
      report = read()
    }
    if !report.showsEndOfTurn, report.usage?.source == .sessionFile {
      report.usage?.isComplete = false
      report.usage?.incompleteReason = "the agent has not written down the end of the turn"
    }
    return report
  }

  /// The step is recorded without the person's prices where they cannot be read.
  private func prices(in context: CommandContext) async -> [String: ModelPrice] {
    do {
      return try await repository.runSettings().prices
    } catch {
      context.error.say(.badConfiguration(error), as: "Warning")
      return [:]
    }
  }

  private func begunSteps(in context: CommandContext) throws -> [BegunStep] {
    do {
      return try recorder(in: context).unended()
    } catch {
      throw CommandFailure(.step(.store(error), "No step was begun or ended."))
    }
  }

  private func recorder(in context: CommandContext) -> BegunStepRecorder {
    context.makeBegunRecorder(repository: repository, store: session.store)
  }

  private func report(_ run: RecordedRun, closing: Bool, in context: CommandContext) {
    RunReport(run: run, command: nil, storeID: session.store.storeID, limits: RunLimits())
      .say(closing: closing, recordFile: nil, in: context)
  }
}

extension UserMessage {
  /// Why a step could not be begun or ended.
  static func step(_ error: RecordError, _ consequence: String) -> UserMessage {
    // What a run could do about it is of no use here.
    var message =
      switch error {
      case .repository(let error): UserMessage(error, unstarted: nil)
      case .store(let error): UserMessage(error, unstarted: nil, newestCopy: nil)
      default:
        UserMessage(
          error, unstarted: AgentCommand(words: [Array("laforge".utf8)]), newestCopy: nil)
      }
    message.consequence = consequence
    if case .state = error { message.hint = nil }
    if case .tooBroad = error { message.hint = "`laforge run --force` records it all the same." }
    return message
  }
}

/// The file of `--usage-file`.
enum UsageFileArgument {
  /// - Throws: `CommandFailure` where it cannot be read.
  static func read(_ path: String) throws -> [UInt8] {
    do {
      return Array(try Data(contentsOf: URL(filePath: path)))
    } catch {
      throw CommandFailure(
        UserMessage(
          code: "usage_file", summary: "The usage file '\(path)' cannot be read.",
          consequence: "The step was not ended.", causes: [error.localizedDescription],
          hint: "Without --usage-file the step is ended with what else tells its usage."))
    }
  }
}
