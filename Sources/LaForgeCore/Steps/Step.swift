/// One recorded run of a command.
public struct Step: Hashable, Codable, Sendable, Identifiable {
  /// The number.
  public let id: StepID
  /// What was known when the step began.
  public var start: NewStep
  /// Whether the step is on the present line of its worktree; false is shown as "rolled back".
  public var isActive: Bool
  /// The latest finished active step of the same worktree when this one began; `nil` for the
  /// first one, and for a step within another.
  public var parent: StepID?
  /// Running, or how it ended.
  public var status: StepStatus
  /// What is known since it ended; `nil` while it runs, and for an interrupted step.
  public var end: StepCompletion?
  /// Steps of the same worktree that ran at the same time, this one within none of them.
  public var overlaps: [StepID]
  /// When the row was made; the same moment as the start of the step.
  public var createdAt: Timestamp
  /// The state that a later command found after LaForge was killed during the step; it may hold
  /// later edits.
  ///
  /// `nil` for every other step, and where it was not taken.
  public var late: LateState?

  /// Creates a value of these parts.
  public init(
    id: StepID, start: NewStep, isActive: Bool, parent: StepID?, status: StepStatus,
    end: StepCompletion?, overlaps: [StepID], createdAt: Timestamp, late: LateState? = nil
  ) {
    self.id = id
    self.start = start
    self.isActive = isActive
    self.parent = parent
    self.status = status
    self.end = end
    self.overlaps = overlaps
    self.createdAt = createdAt
    self.late = late
  }

  /// What ended the step; `nil` while it runs.
  public var endedBy: EndReason? {
    status == .interrupted ? .cutOff : end?.endedBy
  }

  /// The agent's configuration: as its output told it at the end, else as given at the start.
  public var agentConfiguration: AgentConfiguration {
    end?.agentConfiguration ?? start.agentConfiguration
  }

  /// The same step as it reads when its recorder turns out to be dead.
  package var asCutOff: Step {
    var step = self
    step.status = .interrupted
    return step
  }
}

/// A state that was taken by a later command.
public struct LateState: Hashable, Codable, Sendable {
  /// HEAD as that command found it.
  public var head: Head
  /// The tree of the snapshot; `nil` where nothing was uncommitted.
  public var snapshot: ObjectID?
  /// References that were no longer where the step had found them.
  public var referenceMoves: [ReferenceMove]
  /// Stash entries that were gone, the newest first.
  public var droppedStashes: [ObjectID]

  /// Creates a value of these parts.
  public init(
    head: Head, snapshot: ObjectID?, referenceMoves: [ReferenceMove] = [],
    droppedStashes: [ObjectID] = []
  ) {
    self.head = head
    self.snapshot = snapshot
    self.referenceMoves = referenceMoves
    self.droppedStashes = droppedStashes
  }
}

extension Step {
  /// How references moved, as far as that is known.
  package var referenceMoves: [ReferenceMove] { end?.referenceMoves ?? late?.referenceMoves ?? [] }

  /// Stash entries that went, the newest first, as far as that is known.
  package var droppedStashes: [ObjectID] { end?.droppedStashes ?? late?.droppedStashes ?? [] }

  /// The state before the step; `nil` where it was not taken.
  package var stateBefore: RepositoryState? {
    start.stateBefore == .unknown
      ? nil : RepositoryState(head: start.headBefore, snapshot: start.snapshotBefore)
  }

  /// The state after the step, or as a later command found it; `nil` where it was not taken.
  package var stateAfter: RepositoryState? {
    if let late { return RepositoryState(head: late.head, snapshot: late.snapshot) }
    guard let end, end.stateAfter != .unknown, let head = end.headAfter else { return nil }
    return RepositoryState(head: head, snapshot: end.snapshotAfter)
  }

  /// Whether the states are known to be the same.
  package var changedNothing: Bool {
    guard let before = stateBefore, let after = stateAfter else { return false }
    // A branch that was deleted or a stash entry that was dropped is something to undo.
    return before == after && end?.referenceMoves.isEmpty != false
      && end?.droppedStashes.isEmpty != false
  }
}

/// What is known of a step when it begins.
public struct NewStep: Hashable, Codable, Sendable {
  /// The project: one git repository with all its linked worktrees.
  ///
  /// Must not be empty.
  public var projectID: String
  /// `main`, or the name of the linked worktree.
  ///
  /// Must not be empty.
  public var worktree: String
  /// The top-level folder of that worktree at the time, for display.
  public var worktreePath: String
  /// The folder that the command was called in, relative to `worktreePath`; empty at its top.
  public var directory: String
  /// The running step that this one was started within; such a step has no parent.
  public var enclosing: StepID?
  /// What the step is about, in the words of the person.
  public var label: String?
  /// The command and its arguments; credentials redacted, bytes that are no UTF-8 replaced.
  public var command: [String]
  /// What was given about the agent.
  public var agentConfiguration: AgentConfiguration
  /// HEAD before the step.
  public var headBefore: Head
  /// What was recorded of the state before the step.
  public var stateBefore: RecordedState
  /// The tree of the snapshot before the step; `nil` unless `stateBefore` is `snapshot`.
  public var snapshotBefore: ObjectID?
  /// What the step was not protected against; `nil` where it is unknown.
  public var leftOut: [LeftOut]?
  /// When the step began.
  public var startTime: Timestamp
  /// The agent's process; `nil` where the step was not started by a process of this machine.
  public var agentProcess: AgentProcess?

  /// Creates a value of these parts.
  public init(
    projectID: String, worktree: String = "main", worktreePath: String = "",
    directory: String = "", enclosing: StepID? = nil, label: String? = nil,
    command: [String] = [], agentConfiguration: AgentConfiguration = AgentConfiguration(),
    headBefore: Head, stateBefore: RecordedState = .unknown, snapshotBefore: ObjectID? = nil,
    leftOut: [LeftOut]? = nil, startTime: Timestamp, agentProcess: AgentProcess? = nil
  ) {
    self.projectID = projectID
    self.worktree = worktree
    self.worktreePath = worktreePath
    self.directory = directory
    self.enclosing = enclosing
    self.label = label
    self.command = command
    self.agentConfiguration = agentConfiguration
    self.headBefore = headBefore
    self.stateBefore = stateBefore
    self.snapshotBefore = snapshotBefore
    self.leftOut = leftOut
    self.startTime = startTime
    self.agentProcess = agentProcess
  }
}

/// What is known of a step once it has ended.
public struct StepCompletion: Hashable, Codable, Sendable {
  /// What ended the step.
  public var endedBy: EndReason
  /// How the agent ended.
  ///
  /// A command that could not be started counts as exited with 126 or 127.
  public var termination: TerminationStatus
  /// When the command ended.
  public var endTime: Timestamp
  /// From the start of the command to its end by a monotonic clock.
  public var durationMilliseconds: Int64
  /// The part of it in which the command was not stopped; `nil` where it is unknown.
  public var activeMilliseconds: Int64?
  /// HEAD after the step; `nil` where it could not be read.
  public var headAfter: Head?
  /// What was recorded of the state after the step.
  public var stateAfter: RecordedState
  /// The tree of the snapshot after the step; `nil` unless `stateAfter` is `snapshot`.
  public var snapshotAfter: ObjectID?
  /// The references that the step moved, created or deleted, by name; those of other worktrees and
  /// of remotes are not among them.
  public var referenceMoves: [ReferenceMove]
  /// The stash entries that were there before the step and are not after it, the newest first.
  public var droppedStashes: [ObjectID]
  /// Uncommitted work that the step destroyed; `nil` where it is unknown.
  public var lost: [LostWork]?
  /// The commits the step made, oldest first; `nil` where they could not be read.
  public var commits: [ObjectID]?
  /// How much the files changed; `nil` where it is unknown.
  public var changes: ChangeSummary?
  /// Whether the agent itself reported a failure, whatever its exit status; `nil` if it said
  /// nothing of it.
  public var agentReportedError: Bool?
  /// The configuration with what the agent's output told added.
  public var agentConfiguration: AgentConfiguration
  /// `nil` where nothing is known.
  public var tokenUsage: TokenUsage?
  /// Which places told the usage; `nil` where nobody noted it.
  public var usageExplanation: UsageExplanation?
  /// What the command took of the machine; `nil` where it is unknown.
  public var resources: ResourceUsage?
  /// What is known of its output; `nil` where nothing is.
  public var output: StepOutput?

  /// Creates a value of these parts.
  public init(
    endedBy: EndReason, termination: TerminationStatus, endTime: Timestamp,
    durationMilliseconds: Int64, headAfter: Head? = nil, stateAfter: RecordedState = .unknown,
    snapshotAfter: ObjectID? = nil, referenceMoves: [ReferenceMove] = [],
    droppedStashes: [ObjectID] = [], lost: [LostWork]? = nil, commits: [ObjectID]? = nil,
    changes: ChangeSummary? = nil, agentReportedError: Bool? = nil,
    agentConfiguration: AgentConfiguration = AgentConfiguration(),
    tokenUsage: TokenUsage? = nil, resources: ResourceUsage? = nil, output: StepOutput? = nil
  ) {
    self.endedBy = endedBy
    self.termination = termination
    self.endTime = endTime
    self.durationMilliseconds = durationMilliseconds
    self.headAfter = headAfter
    self.stateAfter = stateAfter
    self.snapshotAfter = snapshotAfter
    self.referenceMoves = referenceMoves
    self.droppedStashes = droppedStashes
    self.lost = lost
    self.commits = commits
    self.changes = changes
    self.agentReportedError = agentReportedError
    self.agentConfiguration = agentConfiguration
    self.tokenUsage = tokenUsage
    self.resources = resources
    self.output = output
  }

  /// The status that follows from how the agent ended.
  public var status: StepStatus { termination.isSuccess ? .completed : .failed }
}

/// The agent's process, told apart from any other that gets the same number later.
public struct AgentProcess: Hashable, Codable, Sendable {
  /// The process id, which is also the id of its process group where it leads one.
  public var pid: Int32
  /// When it started, in clock ticks since the machine booted: field 22 of `/proc/PID/stat`.
  public var startTicks: UInt64
  /// The boot and the process-id namespace that `pid` belongs to.
  public var machine: String
  /// Whether the whole process group is the agent's, so that it lives as long as any process of it.
  ///
  /// False for one that LaForge did not start.
  public var leadsGroup: Bool

  /// Creates a value of these parts.
  public init(pid: Int32, startTicks: UInt64, machine: String, leadsGroup: Bool = true) {
    self.pid = pid
    self.startTicks = startTicks
    self.machine = machine
    self.leadsGroup = leadsGroup
  }

  /// A record that says nothing of the group is of a version that started every agent itself.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      pid: try container.decode(Int32.self, forKey: .pid),
      startTicks: try container.decode(UInt64.self, forKey: .startTicks),
      machine: try container.decode(String.self, forKey: .machine),
      leadsGroup: try container.decodeIfPresent(Bool.self, forKey: .leadsGroup) ?? true)
  }
}
