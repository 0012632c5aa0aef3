/// Where an agent keeps what it knows of its sessions, as data.
struct SessionPlace: Equatable {
  /// How a file of it is read.
  enum Form: Equatable {
    /// JSON lines, to which the agent appends.
    case lines
    /// Text, to which the agent appends.
    case text
    /// One JSON document, which the agent writes anew.
    case document
    /// An SQLite database: the rows of the first query that its tables can answer, told apart by
    /// their column `id`; the column `session` says whose each is.
    case database(queries: [String])
  }

  /// Folders, of which the first that is set or else the last counts.
  var roots: [Root]
  /// Below the root; `*` stands for any part of one name, `**` for any number of folders.
  var pattern: String
  var form = Form.lines

  enum Root: Equatable {
    /// The value of an environment variable.
    case variable(String)
    /// Below the value of an environment variable.
    case below(variable: String, String)
    /// Below the home folder.
    case home(String)
    /// Below the folder that the command was called in.
    case directory(String)
    /// Below the top of the working tree.
    case workingTree(String)
    /// A path, relative to the folder that the command was called in.
    case path(String)
  }

  init(_ roots: [Root], _ pattern: String, _ form: Form = .lines) {
    self.roots = roots
    self.pattern = pattern
    self.form = form
  }

  /// One document, whose path is relative to the folder that the command was called in.
  static func document(_ path: String) -> SessionPlace {
    let names = path.split(separator: "/", omittingEmptySubsequences: false)
    return SessionPlace(
      [.path(names.dropLast().joined(separator: "/"))], String(names.last ?? ""), .document)
  }

  /// Whether a path below a root, its names, is one of this place.
  func matches(_ names: ArraySlice<Substring>) -> Bool {
    Self.matches(pattern.split(separator: "/")[...], names)
  }

  /// Whether something below a folder may match.
  func mayHold(_ names: ArraySlice<Substring>) -> Bool {
    var parts = pattern.split(separator: "/")[...]
    for name in names {
      guard let part = parts.first else { return false }
      if part == "**" { return true }
      guard Self.matches(part, name) else { return false }
      parts.removeFirst()
    }
    return !parts.isEmpty
  }

  private static func matches(
    _ parts: ArraySlice<Substring>, _ names: ArraySlice<Substring>
  ) -> Bool {
    guard let part = parts.first else { return names.isEmpty }
    if part == "**" {
      return (names.startIndex...names.endIndex).contains {
        matches(parts.dropFirst(), names[$0...])
      }
    }
    guard let name = names.first, matches(part, name) else { return false }
    return matches(parts.dropFirst(), names.dropFirst())
  }

  /// Whether a name matches a part with at most one `*`.
  private static func matches(_ part: Substring, _ name: Substring) -> Bool {
    guard let star = part.firstIndex(of: "*") else { return part == name }
    let (before, after) = (part[..<star], part[part.index(after: star)...])
    return name.count >= before.count + after.count && name.hasPrefix(before)
      && name.hasSuffix(after)
  }
}

/// The call of an agent: what decides where its sessions are and which of them is this run's.
package struct AgentCall: Sendable {
  /// What the agent's own process was given.
  package var arguments: [String]
  /// The folder that the command was called in.
  package var directory: String
  /// The top of the working tree.
  package var workingTree: String
  /// The user's home folder; `nil` where none is known.
  package var home: String?
  /// The caller's environment.
  package var environment: [String: String]
  /// When the run began, in milliseconds since 1970.
  package var start: Int64

  package init(
    arguments: [String], directory: String = "", workingTree: String = "", home: String? = nil,
    environment: [String: String] = [:], start: Int64 = 0
  ) {
    self.arguments = arguments
    self.directory = directory
    self.workingTree = workingTree
    self.home = home
    self.environment = environment
    self.start = start
  }

  /// Whether one of some options is given, alone or as `--option=value`.
  func has(_ options: String...) -> Bool {
    arguments.contains { word in
      options.contains { word == $0 || ($0.hasPrefix("--") && word.hasPrefix("\($0)=")) }
    }
  }

  /// The value of the first of some options that is given: the next word, or what follows `=`.
  func value(of options: String...) -> String? {
    for (index, word) in arguments.enumerated() {
      for option in options {
        if word == option { return index + 1 < arguments.count ? arguments[index + 1] : nil }
        if word.hasPrefix("\(option)=") { return String(word.dropFirst(option.count + 1)) }
      }
    }
    return nil
  }

  /// The folders of a place: all that are set, or else the last.
  func folders(of place: SessionPlace) -> [String] {
    for root in place.roots.dropLast() {
      if let folder = folder(root) { return [folder] }
    }
    return place.roots.last.flatMap(folder).map { [$0] } ?? []
  }

  private func folder(_ root: SessionPlace.Root) -> String? {
    func join(_ base: String?, _ rest: String) -> String? {
      guard let base, !base.isEmpty else { return nil }
      if rest.hasPrefix("/") || base == "/" { return rest.hasPrefix("/") ? rest : base + rest }
      return rest.isEmpty ? base : "\(base)/\(rest)"
    }
    return switch root {
    case .variable(let name): environment[name].flatMap { $0.isEmpty ? nil : $0 }
    case .below(let name, let rest): join(environment[name], rest)
    case .home(let rest): join(home, rest)
    case .directory(let rest), .path(let rest): join(directory, rest)
    case .workingTree(let rest): join(workingTree, rest)
    }
  }
}
