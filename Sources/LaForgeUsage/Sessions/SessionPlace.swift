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
