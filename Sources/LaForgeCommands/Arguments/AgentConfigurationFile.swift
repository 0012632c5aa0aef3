import Foundation
import LaForgeCore
import SystemPackage

/// The file of `--agent-config`: a JSON object with the keys of `agent_config`.
///
/// Keys that are none of them go to the metadata.
enum AgentConfigurationFile {
  /// - Throws: `CommandFailure` with status 125 where the file cannot be read or holds something
  ///   else.
  static func read(_ path: String) throws -> AgentConfiguration {
    let data: Data
    do {
      // Not Foundation's reading, which refuses pipes such as `<(…)`.
      let file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
      data = try file.closeAfter { Data(try readAll(file)) }
    } catch {
      throw failure(path, "cannot be read", cause: "\(error)")
    }
    let members: [String: JSONValue]
    do {
      members = try JSONDecoder().decode([String: JSONValue].self, from: data)
    } catch {
      throw failure(path, "is no JSON object", cause: nil)
    }
    return try configuration(members, path)
  }

  private static func readAll(_ file: FileDescriptor) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try chunk.withUnsafeMutableBytes { try file.read(into: $0) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
    }
  }

  private static func configuration(
    _ members: [String: JSONValue], _ path: String
  ) throws -> AgentConfiguration {
    var configuration = AgentConfiguration()
    for (name, value) in members where value != .null {
      switch (AgentConfiguration.CodingKeys(rawValue: name), value) {
      case (.agent, .string(let text)): configuration.agent = text
      case (.model, .string(let text)): configuration.model = text
      case (.systemPrompt, .string(let text)): configuration.systemPrompt = text
      case (.temperature, .number(let number)): configuration.temperature = number
      case (.maxTokens, .number(let number)):
        guard let count = Int64(exactly: NSDecimalNumber(decimal: number).doubleValue) else {
          throw failure(path, "needs a whole number for '\(name)'", cause: nil)
        }
        configuration.maxTokens = count
      case (.tools, _): configuration.tools = value
      case (.metadata, .object(let metadata)):
        configuration.metadata.merge(metadata) { $1 }
      case (nil, _): configuration.metadata[name] = value
      case (let key?, _):
        throw failure(path, "needs \(Self.kind(of: key)) for '\(name)'", cause: nil)
      }
    }
    return configuration
  }

  private static func kind(of key: AgentConfiguration.CodingKeys) -> String {
    switch key {
    case .agent, .model, .systemPrompt: "a text"
    case .maxTokens, .temperature: "a number"
    case .tools: "a value"
    case .metadata: "an object"
    }
  }

  private static func failure(_ path: String, _ problem: String, cause: String?) -> CommandFailure {
    CommandFailure(
      UserMessage(
        code: "bad_agent_config", summary: "The agent configuration '\(path)' \(problem).",
        consequence: "The command was not started.", causes: cause.map { [$0] } ?? [],
        hint: "It holds an object such as {\"model\": \"m1\", \"max_tokens\": 4096}."),
      status: .runFailure)
  }
}
