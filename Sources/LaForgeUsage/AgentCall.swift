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
  /// The model that the user says it is; `nil` where nothing is said.
  package var model: String?

  package init(
    arguments: [String], directory: String = "", workingTree: String = "", home: String? = nil,
    environment: [String: String] = [:], start: Int64 = 0, model: String? = nil
  ) {
    self.arguments = arguments
    self.directory = directory
    self.workingTree = workingTree
    self.home = home
    self.environment = environment
    self.start = start
    self.model = model
  }

  /// Whether one of some options is given, alone or as `--option=value`.
  func has(_ options: String...) -> Bool {
    arguments.contains { word in
      options.contains { word == $0 || ($0.hasPrefix("--") && word.hasPrefix("\($0)=")) }
    }
  }

  /// The value of the first of some options that is given: the next word, or what follows `=`.
  func value(of options: String...) -> String? { value(of: options) }

  /// As above.
  func value(of options: [String]) -> String? {
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

  /// How a session file is read by its path; `nil` where it lies in none of some places.
  func form(of path: String, in places: [SessionPlace]) -> SessionPlace.Form? {
    places.first { place in
      folders(of: place).contains { folder in
        path.hasPrefix("\(folder)/")
          && place.matches(path.dropFirst(folder.count + 1).split(separator: "/")[...])
      }
    }?.form
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
