import Foundation
import Glibc
import LaForgeCore
import SystemPackage

/// The settings of an agent for one project, and LaForge's hooks in them.
struct AgentSettings {
  let agent: HookedAgent
  /// Where the file is, or would be.
  let path: FilePath

  init(_ agent: HookedAgent, workingTree: FilePath) {
    self.agent = agent
    path = workingTree.pushing(FilePath(agent.settings))
  }

  /// How LaForge's hooks stand in the settings.
  enum State: String {
    case installed
    /// Some of them are there.
    case outdated
    case missing
    /// The file is there and cannot be read.
    case unreadable
  }

  /// - Throws: `CommandFailure` where the file is there and cannot be read.
  func state() throws -> State {
    guard let text = try read() else { return .missing }
    let missing = missing(in: text)
    if missing.isEmpty { return .installed }
    return missing.count == agent.events.count ? .missing : .outdated
  }

  /// Adds the hooks that are not there; what else is in the file stays as it is, byte for byte.
  ///
  /// - Throws: `CommandFailure`; the file was left as it is.
  func install() throws {
    guard var text = try read() else { return try write(Array(newText.utf8)) }
    let missing = missing(in: text)
    guard !missing.isEmpty else { return }
    do throws(JSONText.Malformed) {
      try add(missing, to: &text)
    } catch {
      throw CommandFailure(.agentSettingsMalformed(path))
    }
    try write(text.bytes)
  }

  /// The events in which nothing calls LaForge as it should.
  private func missing(in text: JSONText) -> [HookedAgent.Event] {
    let commands = commands(in: text)
    return agent.events.filter { event in
      !commands.contains { $0.event == event.name && agent.calls(event.action, in: $0.command) }
    }
  }

  private func add(
    _ missing: [HookedAgent.Event], to text: inout JSONText
  ) throws(JSONText.Malformed) {
    guard text.node(at: ["hooks"]) != nil else {
      return try text.append(shape(missing), named: "hooks", at: [])
    }
    for event in missing {
      let group = group(event)
      if text.node(at: ["hooks", event.name]) == nil {
        try text.append(.array([group]), named: event.name, at: ["hooks"])
      } else {
        try text.append(group, at: ["hooks", event.name])
      }
    }
  }

  /// Takes the hooks out again, and with them what `install` made around them.
  ///
  /// - Returns: Whether any were there.
  /// - Throws: `CommandFailure`; the file was left as it is.
  func uninstall() throws -> Bool {
    guard var text = try read() else { return false }
    if text.bytes == Array(newText.utf8) {
      guard unlink(path.string) == 0 else { throw failure("cannot be removed") }
      // Where nothing else is in the folder, it was made for the file.
      rmdir(path.removingLastComponent().string)
      return true
    }
    var hasRemoved = false
    do throws(JSONText.Malformed) {
      // What stands behind moves with each removal, so each is looked for anew.
      while let place = commands(in: text).last(where: { agent.isOurs($0.command) }) {
        if place.group.count > 1 {
          try text.remove(child: place.number, of: place.group)
        } else {
          try text.remove(child: place.groupNumber, at: ["hooks", place.event])
        }
        hasRemoved = true
      }
    } catch {
      throw CommandFailure(.agentSettingsMalformed(path))
    }
    if hasRemoved { try write(text.bytes) }
    return hasRemoved
  }

  // MARK: - The text

  /// The command of a hook, and where it stands.
  private struct Place {
    var event: String
    var command: String
    /// The number of its group in the event.
    var groupNumber: Int
    /// All hooks of the group, and its number among them.
    var group: [JSONText.Node.Child]
    var number: Int
  }

  /// The file as LaForge makes it where there is none.
  private var newText: String {
    JSONShape.object([("hooks", shape(agent.events))]).text(indent: "", step: "  ") + "\n"
  }

  private func shape(_ events: [HookedAgent.Event]) -> JSONShape {
    .object(events.map { ($0.name, .array([group($0)])) })
  }

  private func group(_ event: HookedAgent.Event) -> JSONShape {
    let hook = JSONShape.object([
      ("type", .string("command")), ("command", .string(agent.command(event.action))),
    ])
    return .object([("hooks", .array([hook]))])
  }

  private func commands(in text: JSONText) -> [Place] {
    var places: [Place] = []
    for event in text.node(at: ["hooks"])?.children ?? [] {
      for (index, group) in event.value.children.enumerated() {
        let hooks = group.value.member("hooks")?.children ?? []
        for (number, hook) in hooks.enumerated() {
          guard let name = event.name, let command = hook.value.member("command")?.text else {
            continue
          }
          places.append(
            Place(
              event: name, command: command, groupNumber: index, group: hooks, number: number))
        }
      }
    }
    return places
  }

  // MARK: - The file

  /// `nil` where there is no file.
  private func read() throws -> JSONText? {
    var status = stat()
    guard stat(path.string, &status) == 0 else {
      guard errno == ENOENT else { throw failure("cannot be read") }
      return nil
    }
    let data: Data
    do { data = try Data(contentsOf: URL(filePath: path.string)) } catch {
      throw CommandFailure(
        .agentSettings(path, "cannot be read", causes: [error.localizedDescription]))
    }
    do throws(JSONText.Malformed) {
      let text = try JSONText(Array(data))
      let hooks = text.node(at: ["hooks"])
      let events = agent.events.compactMap { hooks?.member($0.name) }
      // Of an event that stands there twice, the agent need not take the one that is seen here.
      let names = (hooks?.children ?? []).compactMap(\.name)
      guard text.root.isObject, hooks?.isObject ?? true, events.allSatisfy(\.isArray),
        Set(names).count == names.count
      else {
        throw JSONText.Malformed()
      }
      return text
    } catch {
      throw CommandFailure(.agentSettingsMalformed(path))
    }
  }

  private func write(_ bytes: [UInt8]) throws {
    mkdir(path.removingLastComponent().string, 0o777)
    do { try WholeFile.write(bytes, to: path.string) } catch {
      throw CommandFailure(.agentSettings(path, "cannot be written", causes: ["\(error)"]))
    }
  }

  private func failure(_ problem: String) -> CommandFailure {
    CommandFailure(
      .agentSettings(path, problem, causes: [Errno(rawValue: errno).description]))
  }
}

extension UserMessage {
  /// The settings of an agent could not be read or written.
  static func agentSettings(
    _ path: FilePath, _ problem: String, causes: [String] = [],
    hint: String = "`ls -l` shows whose the file and its folder are."
  ) -> UserMessage {
    UserMessage(
      code: "agent_settings", summary: "The settings '\(path)' \(problem).",
      consequence: "They were left as they are.", causes: causes, hint: hint)
  }

  /// The settings are not of the form that the agent's documents give them.
  static func agentSettingsMalformed(_ path: FilePath) -> UserMessage {
    agentSettings(
      path, "are not the JSON that the agent reads",
      hint: "Correct them, an extra comma perhaps, and try again.")
  }
}
