import ArgumentParser
import LaForgeCore
import LaForgeGit
import SystemPackage

/// `laforge hooks`: ties LaForge to ordinary git use.
struct HooksCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "hooks", abstract: "Install, uninstall or show git hooks and those of agents.",
    usage: "laforge hooks [install | uninstall | status] [options]",
    discussion: """
      commit-msg adds the trailer 'LaForge-Step' to commits made inside a step, post-commit records \
      them at once, post-rewrite notes what commits became by an amend or a rebase, pre-push keeps \
      LaForge's own references back and points out commits of rolled-back steps. Hooks that are there \
      are run first, and 'uninstall' puts them back as they were.

      `git config laforge.trailer agent` adds agent and model to the trailer, 'none' adds nothing; \
      `git config laforge.pushGuard refuse` refuses to push commits of rolled-back steps.

      With '--agent' it is about the agent's own hooks instead: every prompt of an interactive session \
      becomes a step. 'install' adds them to the project's settings (.claude/settings.json, \
      .codex/hooks.json, .gemini/settings.json), 'uninstall' takes exactly them out again.
      """)

  /// What to do with them.
  enum Action: String, ExpressibleByArgument, CaseIterable {
    case install, uninstall, status
  }

  @Argument(help: "install, uninstall or status.")
  var action: Action = .status

  @Option(help: "The agent whose own hooks are meant: claude, codex or gemini.")
  var agent: HookedAgent?

  @OptionGroup var format: FormatOptions

  func run(in context: CommandContext) async throws -> ExitStatus {
    let installation: HookInstallation
    do {
      installation = try await HookInstallation(try await context.openRepository())
    } catch let error as RepositoryError {
      throw CommandFailure(UserMessage(error))
    }
    var report = HooksReport(action: action, folder: installation.places.folder.path.string)
    let top = installation.repository.location.workingTree
    if let agent {
      try change(AgentSettings(agent, workingTree: top), &report)
    } else {
      try await change(installation, &report)
    }
    if agent != nil || action == .status {
      for agent in agent.map({ [$0] }) ?? HookedAgent.allCases {
        report.agents.append(HooksReport.Agent(AgentSettings(agent, workingTree: top)))
      }
    }
    if format.json {
      try context.output.write(try JSONOutput.document(report))
    } else {
      try context.output.write(report.text(width: context.output.columns))
    }
    // Something is left to do by hand.
    let isDone = action != .install || report.standings.allSatisfy { $0.state == .installed }
    return isDone ? .success : .failure
  }

  private func change(_ settings: AgentSettings, _ report: inout HooksReport) throws {
    switch action {
    case .install: try settings.install()
    case .uninstall: report.hasRemovedAgent = try settings.uninstall()
    case .status: break
    }
  }

  private func change(_ installation: HookInstallation, _ report: inout HooksReport) async throws {
    for hook in HookName.allCases {
      switch action {
      case .install: report.standings.append(try await installation.install(hook))
      case .uninstall:
        let (standing, wasThere) = try await installation.uninstall(hook)
        report.standings.append(standing)
        if wasThere { report.removed.append(hook) }
      case .status: report.standings.append(try await installation.standing(of: hook))
      }
    }
  }
}
