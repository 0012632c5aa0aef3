/// A JSON document as its author laid it out: changes leave every other byte as it is.
///
/// Comments are passed over, since some agents allow them in their settings.
struct JSONText {
  private(set) var bytes: [UInt8]
  private(set) var root: Node

  /// Where the text is no JSON.
  struct Malformed: Error {}

  /// A value and where it stands.
  struct Node {
    enum Kind {
      case object, array
      case string(String)
      case other
    }
    var kind: Kind
    var range: Range<Int>
    /// The elements of an array, the members of an object.
    var children: [Child] = []

    struct Child {
      /// The name of a member; `nil` for an element.
      var name: String?
      /// From the name on, for a member.
      var range: Range<Int>
      var value: Node
    }

    func member(_ name: String) -> Node? { children.first { $0.name == name }?.value }

    var text: String? { if case .string(let text) = kind { text } else { nil } }
    var isObject: Bool { if case .object = kind { true } else { false } }
    var isArray: Bool { if case .array = kind { true } else { false } }
  }

  init(_ bytes: [UInt8]) throws(Malformed) {
    self.bytes = bytes
    root = try JSONScanner.parse(bytes)
  }

  /// The value at a path of member names; `nil` where there is none.
  func node(at path: [String]) -> Node? {
    var node: Node? = root
    for name in path { node = node?.member(name) }
    return node
  }

  // MARK: - Insertion

  /// Adds a child behind the last of an object or array.
  ///
  /// It is laid out as the last child is. In an empty one it stands directly behind the bracket, by which
  /// `remove` knows that the brackets were there before.
  mutating func append(_ value: JSONShape, named name: String? = nil, at path: [String])
    throws(Malformed)
  {
    guard let node = node(at: path) else { throw Malformed() }
    var text = name.map { JSONShape.quote($0) + ": " } ?? ""
    var position = node.range.lowerBound + 1
    if let last = node.children.last {
      let layout = layout(before: last)
      text = "," + layout + text + value.text(indent: Self.indent(layout), step: step)
      position = last.range.upperBound
    } else {
      text += value.text(indent: nil, step: "")
    }
    try replace(position..<position, by: text)
  }

  /// The indentation of the first level; two blanks where the text has none.
  private var step: String {
    guard let first = root.children.first else { return "  " }
    let indent = Self.indent(layout(before: first)) ?? ""
    return indent.isEmpty ? "  " : indent
  }

  /// The white space before a child.
  private func layout(before child: Node.Child) -> String {
    let space = bytes[..<child.range.lowerBound].reversed()
      .prefix { JSONScanner.spaces.contains($0) }
    return String(decoding: space.reversed(), as: UTF8.self)
  }

  /// What stands between the last newline and the child; `nil` where all is on one line.
  private static func indent(_ layout: String) -> String? {
    layout.lastIndex { $0.isNewline }.map { String(layout[layout.index(after: $0)...]) }
  }

  // MARK: - Removal

  /// Removes a child, and what is empty without it unless it was empty before `append` or holds a
  /// comment.
  mutating func remove(child index: Int, at path: [String]) throws(Malformed) {
    guard let node = node(at: path), node.children.indices.contains(index) else {
      throw Malformed()
    }
    if node.children.count > 1 { return try remove(child: index, of: node.children) }
    let child = node.children[index].range
    let hasComment =
      !JSONScanner.comments(in: bytes[node.range.lowerBound + 1..<child.lowerBound]).isEmpty
      || !JSONScanner.comments(in: bytes[child.upperBound..<node.range.upperBound - 1]).isEmpty
    let staysEmpty = hasComment || child.lowerBound == node.range.lowerBound + 1
    if !staysEmpty, let name = path.last,
      let place = self.node(at: Array(path.dropLast()))?.children.firstIndex(where: {
        $0.name == name
      })
    {
      return try remove(child: place, at: Array(path.dropLast()))
    }
    try replace(
      staysEmpty ? child : node.range.lowerBound + 1..<node.range.upperBound - 1, by: "")
  }

  /// Removes one of several children with its comma; comments around it stay.
  mutating func remove(child index: Int, of children: [Node.Child]) throws(Malformed) {
    guard children.indices.contains(index), children.count > 1 else { throw Malformed() }
    let child = children[index].range
    if index == 0 {
      let next = children[1].range.lowerBound
      let rest = JSONScanner.comments(in: bytes[child.upperBound..<next])
      return try replace(child.lowerBound..<next, by: rest)
    }
    let previous = children[index - 1].range.upperBound
    let rest = JSONScanner.comments(in: bytes[previous..<child.lowerBound])
    try replace(previous..<child.upperBound, by: rest.isEmpty ? "" : " " + rest)
  }

  private mutating func replace(_ range: Range<Int>, by text: String) throws(Malformed) {
    bytes.replaceSubrange(range, with: Array(text.utf8))
    root = try JSONScanner.parse(bytes)
  }
}

/// A JSON value that is to be written.
indirect enum JSONShape {
  case string(String)
  case array([JSONShape])
  case object([(String, JSONShape)])

  /// The text: on lines of their own behind an indentation, or on one line.
  func text(indent: String?, step: String) -> String {
    let inner = indent.map { $0 + step }
    func enclosed(_ open: String, _ parts: [String], _ close: String) -> String {
      guard let indent, let inner else {
        return "\(open) \(parts.joined(separator: ", ")) \(close)"
      }
      return "\(open)\n\(inner)\(parts.joined(separator: ",\n\(inner)"))\n\(indent)\(close)"
    }
    switch self {
    case .string(let text): return Self.quote(text)
    case .array(let values):
      return enclosed("[", values.map { $0.text(indent: inner, step: step) }, "]")
    case .object(let members):
      let parts = members.map {
        "\(Self.quote($0.0)): \($0.1.text(indent: inner, step: step))"
      }
      return enclosed("{", parts, "}")
    }
  }

  /// A string as JSON writes it; it holds no control characters.
  static func quote(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}
