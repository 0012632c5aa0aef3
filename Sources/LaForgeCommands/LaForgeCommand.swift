import ArgumentParser

/// The command tree, as help and completion see it.
struct LaForgeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "laforge",
    abstract: "Records what coding agents do to a git repository, a numbered step for each run.",
    usage: """
      laforge [-C FOLDER] <subcommand>
      laforge run [options] [--] <command> [args...]
      """,
    discussion: """
      Put `laforge run --` in front of a command:
        laforge run -- claude -p "fix the parser"

      '-C FOLDER' before the subcommand works in another folder, as in git. A step is 7 or S7, \
      '@' for the latest of this worktree, '@-3' for the third before it.

      `laforge help limits` says what is not covered.

      \(ExitStatus.help)
      """,
    version: "laforge \(Version.current)",
    subcommands: [
      RunCommand.self, LogCommand.self, ShowCommand.self, DiffCommand.self, BlameCommand.self,
      WhichCommand.self, OutputCommand.self, UsageCommand.self, StatusCommand.self,
      UndoCommand.self, RollbackCommand.self, RedoCommand.self, RestoreCommand.self,
      OpsCommand.self, StepCommand.self, HooksCommand.self, HookCommand.self,
    ],
    defaultSubcommand: StatusCommand.self)
}

/// A command that does its work with what a context lends it.
protocol ContextCommand: ParsableCommand {
  /// - Throws: `CommandFailure` where it cannot; anything else is reported as it describes itself.
  func run(in context: CommandContext) async throws -> ExitStatus
}

/// The version of LaForge, in this place only.
package enum Version {
  package static let current = "0.1.0"
}
