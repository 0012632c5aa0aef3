/// What a step is about, as far as a person or an agent says it.
package struct StepSubject: Equatable, Sendable {
  /// The command and its arguments; credentials are taken out of the record.
  package var command: [String]
  /// The caller's folder relative to the top of its working tree; empty at the top.
  package var directory: String
  package var label: String?
  /// What was given about the agent.
  package var configuration: AgentConfiguration
  /// The running step that this one begins within.
  package var enclosing: StepID?
  package var projectID: String

  package init(
    command: [String], directory: String, label: String?, configuration: AgentConfiguration,
    enclosing: StepID?, projectID: String
  ) {
    self.command = command
    self.directory = directory
    self.label = label
    self.configuration = configuration
    self.enclosing = enclosing
    self.projectID = projectID
  }
}

/// What a person asked to be run and recorded.
package struct RunRequest: Sendable {
  package var command: AgentCommand
  /// The name of its agent is filled in from the command where it is `nil`.
  package var subject: StepSubject
  /// How the command is run.
  package var options: AgentOptions

  package init(
    command: AgentCommand, directory: String, label: String?, configuration: AgentConfiguration,
    enclosing: StepID?, projectID: String, options: AgentOptions = AgentOptions()
  ) {
    self.command = command
    self.options = options
    subject = StepSubject(
      command: command.text, directory: directory, label: label, configuration: configuration,
      enclosing: enclosing, projectID: projectID)
  }
}

/// What is said right before the agent goes to work.
package enum RunNotice: Equatable, Sendable {
  /// The step is not protected against what happens to these, and that is news.
  case leftOut(StepID, [LeftOut])
  /// Other steps run in the same worktree.
  case overlaps(StepID, with: [StepID])
}

/// A run that took place, and what its recording has to say to the person.
package struct RecordedRun: Equatable, Sendable {
  package var step: Step
  /// Why the program could not be executed; `nil` where it ran.
  package var launchFailure: AgentLaunchError?
  package var warnings: [RecordWarning]
  /// How much of outputs is kept; `nil` for nothing.
  package var outputLimits: OutputLimits?
  /// The signal that ended the command, where that was typed at the terminal.
  package var typedSignal: Int32?
  /// What the run exits with in place of the command's 0; see `AgentOutcome.lossStatus`.
  package var lossStatus: Int32?

  package init(
    step: Step, launchFailure: AgentLaunchError?, warnings: [RecordWarning],
    outputLimits: OutputLimits? = nil
  ) {
    self.step = step
    self.launchFailure = launchFailure
    self.warnings = warnings
    self.outputLimits = outputLimits
  }
}

/// Something about a recording that the person must know although the run took place.
package enum RecordWarning: Equatable, Sendable {
  /// The end of the step could not be written into the database; it waits in this file.
  case spooled(path: String, cause: StoreError)
  /// The end of the step could be written nowhere; the step's JSON must be printed.
  case notKept(cause: StoreError)
  /// The repository could not be read after the run, so what it changed is unknown.
  case repositoryUnreadable(RepositoryError)
  /// The state after the run could not be taken or kept.
  case stateUnknown(StateError)
  /// Paths that no state covers were there before the run and are gone.
  case uncoveredGone([GitPath])
  /// An operation that was cut off earlier was dealt with before the run.
  case finished(FinishedOperation)
  /// What an ended or interrupted run left could not be tidied up.
  case notTidied(StateError)
  /// Recorded states are gone from the repository, or a part of them is.
  case statesLost([LostSnapshot])
  /// What changed could not be computed.
  case changesUnknown(GitError)
  /// Lines that looked like usage could not be read.
  case unreadableUsage(lines: Int)
  /// Processes that the command left behind still hold its output; the relay ended, or goes on
  /// unrecorded where they print on a terminal.
  case outputLeftOpen(OutputRoute)
  /// What the command printed could not be kept, or not all of it.
  case outputNotKept(reason: String)
  /// A stream of the caller could not be written; what the command printed after that is lost.
  case outputFailed(AgentOutputFailure)
  /// An earlier record could not be taken in from the spool.
  case spoolRefused(SpoolRefusal)
}

/// Why a run could not be recorded, and was not started.
package enum RecordError: Error, Equatable, Sendable {
  case repository(RepositoryError)
  case references(GitError)
  /// A setting has a value that means nothing.
  case configuration(GitError)
  case store(StoreError)
  /// The state before the run could not be taken or kept, so nothing could be undone.
  case state(StateError)
  /// The working tree is the whole disk or home folder, which nobody wants to have recorded by
  /// mistake.
  case tooBroad(path: String)
  /// An operation that was cut off could not be finished, so the state is a mixture.
  case operation(OperationError)
  /// The process may open too few files: so many are needed, and so many are left.
  case fewDescriptors(needed: Int, left: Int)
  /// No process could be created for the command.
  case launch(AgentLaunchError)
  /// A limit was asked for that only what the command prints can tell, and that is not seen.
  case outputUnseen(RunLimits)
}
