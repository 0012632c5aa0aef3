import CLaForgeSupport
import Glibc
package import LaForgeCore

/// Runs a command without a record.
package enum ProcessReplacement {
  /// Lets a command take the place of this process, in the same process group and with everything
  /// that it was given.
  ///
  /// The corresponding C function is `execvp`.
  ///
  /// - Parameters:
  ///   - command: What to execute.
  ///   - closed: Those of descriptors 0, 1 and 2 that the caller had closed.
  /// - Returns: Why it could not be executed; otherwise nothing, since nothing is left to return to.
  package static func execute(
    _ command: AgentCommand, closing closed: Set<Int32>
  ) -> AgentLaunchError {
    let arguments = CStringArray(command.words)
    for descriptor in closed { _ = laforge_set_close_on_exec(descriptor) }
    guard let words = arguments.pointers.baseAddress, let program = words[0] else {
      preconditionFailure("a command has no words")
    }
    execvp(program, words)
    let error = AgentLaunchError(function: "execvp", errorNumber: errno)
    arguments.free()
    return error
  }
}
