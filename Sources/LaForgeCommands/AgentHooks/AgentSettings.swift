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
    /// Some of them, or those of another version.
    case outdated
    case missing
    /// The file is there and cannot be read.
    case unreadable
  }

  /// - Throws: `CommandFailure` where the file is there and cannot be read.
  func state() throws -> State {
    guard let text = try read() else { return .missing }
    let found = hooks(in: text)
    if found.isEmpty { return .missing }
    let wanted = agent.events.map { Entry(event: $0.name, command: agent.command($0.action)) }
    return found.count == wanted.count && Set(found.map(\.entry)) == Set(wanted)
      ? .installed : .outdated
  }

  /// Adds the hooks; what else is in the file stays as it is, byte for byte.
  ///
  /// - Throws: `CommandFailure`; the file was left as it is.
  func install() throws {
    guard try state() != .installed else { return }
    try uninstall()
    guard var text = try read() else { return try write(Array(newText.utf8)) }
    do throws(JSONText.Malformed) {
      if text.node(at: ["hooks"]) == nil {
        try text.append(
          .object(agent.events.map { ($0.name, .array([shape($0)])) }), named: "hooks", at: [])
      } else {
        for event in agent.events {
          if text.node(at: ["hooks", event.name]) == nil {
            try text.append(.array([shape(event)]), named: event.name, at: ["hooks"])
          } else {
            try text.append(shape(event), at: ["hooks", event.name])
          }
        }
      }
    } catch {
      throw CommandFailure(.agentSettingsMalformed(path))
    }
    try write(text.bytes)
  }

  /// Takes the hooks out again, and with them what `install` made around them.
  ///
  /// - Returns: Whether any were there.
  /// - Throws: `CommandFailure`; the file was left as it is.
  @discardableResult
  func uninstall() throws -> Bool {
    guard var text = try read() else { return false }
    if text.bytes == Array(newText.utf8) {
      guard unlink(path.string) == 0 else { throw failure() }
      // Where nothing else is in the folder, it was made for the file.
      rmdir(path.removingLastComponent().string)
      return true
    }
    var hasRemoved = false
    // What stands behind moves with each removal.
    while let hook = hooks(in: text).last {
      do throws(JSONText.Malformed) {
        if hook.isAlone {
          try text.remove(child: hook.group, at: ["hooks", hook.entry.event])
        } else {
          try text.replace(hook.rangeWithComma, by: "")
        }
      } catch {
        throw CommandFailure(.agentSettingsMalformed(path))
      }
      hasRemoved = true
    }
    if hasRemoved { try write(text.bytes) }
    return hasRemoved
  }

  // MARK: - The text

  /// A hook of LaForge's.
  private struct Entry: Hashable {
    var event: String
    var command: String
  }

  /// Where it stands.
  private struct Place {
    var entry: Entry
    /// The number of its group in the event.
    var group: Int
    /// Whether the group holds nothing else.
    var isAlone: Bool
    /// What to take out of the group where others are in it.
    var rangeWithComma: Range<Int>
  }

  /// The file as LaForge makes it where there is none.
  private var newText: String {
    JSONShape.object([
      ("hooks", .object(agent.events.map { ($0.name, .array([shape($0)])) }))
    ]).text(indent: "", step: "  ") + "\n"
  }

  private func shape(_ event: (name: String, action: StepCommand.Action)) -> JSONShape {
    let hook = JSONShape.object([
      ("type", .string("command")), ("command", .string(agent.command(event.action))),
    ])
    return .object([("hooks", .array([hook]))])
  }

  private func hooks(in text: JSONText) -> [Place] {
    var places: [Place] = []
    for event in text.node(at: ["hooks"])?.children ?? [] {
      for (number, group) in event.value.children.enumerated() {
        let hooks = group.value.member("hooks")?.children ?? []
        for (index, hook) in hooks.enumerated() {
          guard let command = hook.value.member("command")?.text, HookedAgent.isOurs(command)
          else { continue }
          var range = hook.range
          if index > 0 {
            range = hooks[index - 1].range.upperBound..<range.upperBound
          } else if hooks.count > 1 {
            range = range.lowerBound..<hooks[1].range.lowerBound
          }
          places.append(
            Place(
              entry: Entry(event: event.name ?? "", command: command), group: number,
              isAlone: hooks.count == 1, rangeWithComma: range))
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
      guard errno == ENOENT else { throw failure() }
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
      guard text.root.isObject, hooks?.isObject ?? true, events.allSatisfy(\.isArray) else {
        throw JSONText.Malformed()
      }
      return text
    } catch {
      throw CommandFailure(.agentSettingsMalformed(path))
    }
  }

  /// Writes the file whole or not at all, through a link to it, with the permissions it has.
  private func write(_ bytes: [UInt8]) throws {
    let folder = path.removingLastComponent()
    mkdir(folder.string, 0o777)
    var target = path.string
    if let real = realpath(target, nil) {
      target = String(cString: real)
      free(real)
    }
    var status = stat()
    let permissions = stat(target, &status) == 0 ? status.st_mode & 0o7777 : 0o644
    let temporary = FilePath("\(target).laforge-new")
    do {
      let file = try FileDescriptor.open(
        temporary, .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      try file.closeAfter { _ = try file.writeAll(bytes) }
    } catch {
      unlink(temporary.string)
      throw CommandFailure(.agentSettings(path, "cannot be written", causes: ["\(error)"]))
    }
    if status.st_ino != 0 { chmod(temporary.string, permissions) }
    guard rename(temporary.string, target) == 0 else {
      let failure = failure()
      unlink(temporary.string)
      throw failure
    }
  }

  private func failure() -> CommandFailure {
    CommandFailure(
      .agentSettings(
        path, "cannot be written", causes: [Errno(rawValue: errno).description]))
  }
}

extension UserMessage {
  /// The settings of an agent could not be read or written.
  static func agentSettings(
    _ path: FilePath, _ problem: String, causes: [String] = [], hint: String? = nil
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
