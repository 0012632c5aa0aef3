import SystemPackage

/// A command to run, as the bytes that the caller typed.
package struct AgentCommand: Equatable, Sendable {
  /// The program and its arguments without their terminating NUL; never empty.
  package let words: [[UInt8]]

  package init(words: [[UInt8]]) {
    precondition(!words.isEmpty, "a command needs at least the name of its program")
    self.words = words
  }

  /// The words as text; bytes that are no UTF-8 are replaced.
  package var text: [String] { words.map { String(decoding: $0, as: UTF8.self) } }

  /// The last component of the program's path: `claude` for `/usr/bin/claude`.
  package var baseName: String {
    let program = String(decoding: words[0], as: UTF8.self)
    return FilePath(program).lastComponent?.string ?? program
  }
}

/// One of the two streams that a command prints on.
package enum AgentStream: Hashable, Sendable {
  case standardOutput
  case standardError
}

/// What a running command does that its recorder must know at once.
package enum AgentEvent {
  /// It printed these bytes, which are valid during the call only.
  case output(AgentStream, UnsafeRawBufferPointer)
  /// It ended; output may still follow.
  case ended
}

/// How a command is to be run.
package struct AgentOptions: Equatable, Sendable {
  package var capture = CaptureMode.auto
  /// Whether the command is known to draw on the whole terminal.
  package var isFullScreen = false
  package var limits = RunLimits()
  /// How much of the output is kept; `nil` for nothing.
  package var output: OutputLimits?
  /// Those of descriptors 1 and 2 that LaForge itself writes to after the command has ended.
  ///
  /// Any other is let go as soon as the command has closed it.
  package var ownDescriptors: Set<Int32> = []

  package init() {}
}

/// How a command ended.
package struct AgentOutcome: Equatable, Sendable {
  package var termination: TerminationStatus
  package var endedBy: EndReason
  /// Why the program could not be executed; `nil` where it ran.
  package var launchFailure: AgentLaunchError?
  /// What the command wrote into the file named by `LAFORGE_USAGE_FILE`; `nil` where it wrote
  /// nothing.
  package var usageFile: [UInt8]?
  /// Whether processes that the command left behind still held its output open when the relay
  /// ended.
  package var leftOutputOpen: Bool
  /// The streams of the caller that could not be written, and why.
  package var outputFailures: [AgentOutputFailure]
  /// What it took of the machine; `nil` where that was not measured.
  package var resources: ResourceUsage?
  /// How long it was stopped, in milliseconds.
  package var stoppedMilliseconds: Int64
  /// What is known of its output; `nil` where nothing is.
  package var output: StepOutput?
  /// The value of `errno` where its output could not be kept.
  package var keepingFailure: Int32?
  /// The signal that ended it, where that was typed at the terminal.
  package var typedSignal: Int32?
  /// The exit status of the run where the command exited with 0 but its output was lost without any
  /// sign to it: 1 where it could not be written, 128 + SIGPIPE where its reader was gone.
  package var lossStatus: Int32?

  package init(
    termination: TerminationStatus, endedBy: EndReason, launchFailure: AgentLaunchError? = nil,
    usageFile: [UInt8]? = nil, leftOutputOpen: Bool = false,
    outputFailures: [AgentOutputFailure] = [], resources: ResourceUsage? = nil,
    stoppedMilliseconds: Int64 = 0, output: StepOutput? = nil, keepingFailure: Int32? = nil
  ) {
    self.termination = termination
    self.endedBy = endedBy
    self.launchFailure = launchFailure
    self.usageFile = usageFile
    self.leftOutputOpen = leftOutputOpen
    self.outputFailures = outputFailures
    self.resources = resources
    self.stoppedMilliseconds = stoppedMilliseconds
    self.output = output
    self.keepingFailure = keepingFailure
  }
}

/// A stream of the caller that the command's output could not be written to.
package struct AgentOutputFailure: Equatable, Sendable {
  package var stream: AgentStream
  /// The value of `errno`.
  package var errorNumber: Int32

  package init(stream: AgentStream, errorNumber: Int32) {
    self.stream = stream
    self.errorNumber = errorNumber
  }

  /// What the operating system calls the error: `No space left on device`.
  package var reason: String { Errno(rawValue: errorNumber).description }
}

/// Why a command could not be started.
package struct AgentLaunchError: Error, Equatable, Sendable {
  /// The call that failed: `fork`, `pipe`, `execvp`.
  package var function: String
  /// The value of `errno`.
  package var errorNumber: Int32

  package init(function: String, errorNumber: Int32) {
    self.function = function
    self.errorNumber = errorNumber
  }

  /// What the operating system calls the error: `No such file or directory`.
  package var reason: String { Errno(rawValue: errorNumber).description }

  /// Whether there is no such program, as opposed to one that may not be executed.
  package var isNotFound: Bool { errorNumber == Errno.noSuchFileOrDirectory.rawValue }

  /// What `env(1)` exits with for it: 127 not found, 126 found but not executable.
  package var exitStatus: Int32 { isNotFound ? 127 : 126 }
}

/// Starts commands.
package protocol AgentRunner {
  /// Creates the command's process, which waits before it executes the program, so that its record
  /// can be written first.
  ///
  /// - Parameters:
  ///   - command: What to run.
  ///   - storeID: What the command finds in `LAFORGE_STORE`.
  ///   - options: How it is to be run.
  /// - Returns: The process, which must be released or abandoned.
  /// - Throws: `AgentLaunchError` where no process could be created. A program that does not exist
  ///   is not an error here; the outcome tells it.
  func hold(
    _ command: AgentCommand, storeID: String, options: AgentOptions
  ) throws(AgentLaunchError) -> any HeldAgent
}

/// A process that waits for its program to be executed; either release or abandon it.
package protocol HeldAgent: AnyObject {
  /// The process.
  var process: AgentProcess { get }

  /// How its output will reach the caller.
  var route: OutputRoute { get }

  /// Executes the program, relays what it prints, and returns when it has ended.
  ///
  /// - Parameters:
  ///   - step: What the command finds in `LAFORGE_STEP`.
  ///   - observe: Called for each event, in order; what it returns is why the run is to be ended.
  /// - Returns: How it ended, or why it could not be executed.
  func release(as step: StepID, observe: (AgentEvent) -> EndReason?) -> AgentOutcome

  /// Ends the process without executing the program.
  func abandon()
}
