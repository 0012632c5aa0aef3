import LaForgeCore
import LaForgeGit
import SystemPackage

/// How the hooks of a repository stand: the text and the JSON of `laforge hooks`.
struct HooksReport {
  let action: HooksCommand.Action
  let folder: String
  var standings: [HookInstallation.Standing] = []
  var removed: [HookName] = []
  var agents: [Agent] = []
  /// Whether an agent's hooks were there before they were to be removed.
  var hasRemovedAgent = false

  /// How an agent's own hooks stand.
  struct Agent {
    var agent: HookedAgent
    var path: FilePath
    var state: AgentSettings.State

    init(_ settings: AgentSettings) {
      agent = settings.agent
      path = settings.path
      do { state = try settings.state() } catch { state = .unreadable }
    }
  }

  func text(width: Int?) -> String {
    var lines: [String] = []
    if !standings.isEmpty {
      lines.append("hooks  \(TerminalText.clean(folder))")
      lines += FactRows.lines(standings.map(row), indent: 16, width: width)
    }
    if !agents.isEmpty {
      lines.append("agents")
      lines += FactRows.lines(agents.map(row), indent: 16, width: width)
    }
    if action != .uninstall {
      for standing in standings {
        guard standing.state == .byHand, case .byHand(let addition) = standing.place,
          let file = addition.file
        else { continue }
        lines +=
          ["", "Add to '\(TerminalText.clean(file.string))':"] + addition.lines.map { "    \($0)" }
      }
    }
    if action == .status, standings.contains(where: { $0.state == .missing }) {
      lines += ["", "`laforge hooks install` installs them; without them all else works."]
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private func row(_ standing: HookInstallation.Standing) -> (name: String, text: String) {
    (standing.hook.rawValue, state(standing))
  }

  private func row(_ agent: Agent) -> (name: String, text: String) {
    let install = "`laforge hooks install --agent \(agent.agent.rawValue)`"
    let place = TerminalText.clean(agent.agent.settings)
    let text =
      switch agent.state {
      case .installed where action == .uninstall, .outdated where action == .uninstall:
        "what is left in \(place) is yours to take out"
      case .installed: "installed in \(place)"
      case .outdated: "not all of them are in \(place): \(install) adds the rest"
      case .unreadable: "\(place) cannot be read: \(install) says why"
      case .missing where action == .uninstall:
        hasRemovedAgent ? "uninstalled" : "not installed"
      case .missing: "not installed: \(install) would make each prompt a step"
      }
    return (agent.agent.rawValue, text)
  }

  private func state(_ standing: HookInstallation.Standing) -> String {
    switch standing.state {
    case .installed:
      if action == .uninstall, case .byHand(let addition) = standing.place,
        let file = addition.file
      {
        return "the line in '\(TerminalText.clean(file.string))' is yours to take out"
      }
      return "installed"
        + (standing.displaced.map { ", after '\($0.lastComponent?.string ?? "")'" } ?? "")
    case .outdated: return "installed by another version: `laforge hooks install` updates it"
    case .missing:
      let removed = removed.contains(standing.hook) ? "uninstalled" : "not installed"
      return action == .uninstall ? removed : "\(removed): would \(Self.work(standing.hook))"
    case .byHand:
      if action == .uninstall { return "not installed" }
      guard case .byHand(let addition) = standing.place else { return "by hand" }
      return (addition.file == nil ? "not installed: " : "to be added by hand: ") + addition.reason
    }
  }

  private static func work(_ hook: HookName) -> String {
    switch hook {
    case .commitMessage: "name the step in the message of a commit that it makes"
    case .postCommit: "record commits as they are made, not only when the step ends"
    case .postRewrite: "note what commits become by an amend or a rebase"
    case .prePush: "keep LaForge's own references, and commits of rolled-back steps, back"
    }
  }
}

extension HooksReport: Encodable {
  private struct Hook: Encodable {
    var name: String
    var state: String
    var path: String?
    var displaced: String?
    var add: [String]

    enum CodingKeys: String, CodingKey {
      case name, state, path, displaced, add
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(name, forKey: .name)
      try container.encode(state, forKey: .state)
      try container.encode(path, forKey: .path)
      try container.encode(displaced, forKey: .displaced)
      try container.encode(add, forKey: .add)
    }
  }

  private struct AgentDocument: Encodable {
    var name: String
    var state: String
    var path: String
  }

  private enum CodingKeys: String, CodingKey {
    case schema, folder, hooks, agents
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(StepDocument.schema, forKey: .schema)
    try container.encode(folder, forKey: .folder)
    try container.encode(standings.map(Self.document), forKey: .hooks)
    try container.encode(
      agents.map {
        AgentDocument(name: $0.agent.rawValue, state: $0.state.rawValue, path: $0.path.string)
      }, forKey: .agents)
  }

  private static func document(_ standing: HookInstallation.Standing) -> Hook {
    var document = Hook(
      name: standing.hook.rawValue, state: standing.state.rawValue,
      displaced: standing.displaced?.string, add: [])
    switch standing.place {
    case .file(let path), .configuration(let path): document.path = path.string
    case .byHand(let addition):
      document.path = addition.file?.string
      if standing.state == .byHand { document.add = addition.lines }
    }
    return document
  }
}
