/// A path as git knows it: bytes relative to the top of the working tree, parted by `/`.
public struct GitPath: Hashable, Sendable {
  /// The bytes, which need not be UTF-8.
  public let bytes: [UInt8]

  /// Creates a path of these bytes.
  public init(_ bytes: some Sequence<UInt8>) {
    self.bytes = Array(bytes)
  }

  /// Creates a path of a text.
  public init(_ text: String) {
    bytes = Array(text.utf8)
  }

  /// The path for people; bytes that are no UTF-8 are replaced.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The names between the slashes.
  package var components: [ArraySlice<UInt8>] {
    bytes.split(separator: UInt8(ascii: "/"))
  }

  /// The last name.
  package var name: ArraySlice<UInt8> {
    bytes.lastIndex(of: UInt8(ascii: "/")).map { bytes[($0 + 1)...] } ?? bytes[...]
  }

  /// The folders that the path lies in, the outermost first.
  package var parents: [GitPath] {
    bytes.indices.filter { bytes[$0] == UInt8(ascii: "/") }.map { GitPath(bytes[..<$0]) }
  }

  /// Whether the path lies below a folder, which may end with a slash.
  package func isInside(_ folder: GitPath) -> Bool {
    // The top of the working tree has no name.
    if folder.bytes.isEmpty { return true }
    let slash = UInt8(ascii: "/")
    let prefix = folder.bytes.last == slash ? folder.bytes : folder.bytes + [slash]
    return bytes.count > prefix.count && bytes.starts(with: prefix)
  }
}

extension GitPath: Comparable {
  /// The order of git's index: byte by byte.
  public static func < (left: GitPath, right: GitPath) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}

extension GitPath: ExpressibleByStringLiteral {
  /// Creates a path of a literal.
  public init(stringLiteral value: String) {
    self.init(value)
  }
}

extension GitPath: CustomStringConvertible {
  /// The form for people.
  public var description: String { text }
}

extension GitPath: Codable {
  /// Decodes a string, or the bytes of a path that is no UTF-8.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let text = try? container.decode(String.self) {
      self.init(text)
    } else {
      self.init(try container.decode([UInt8].self))
    }
  }

  /// Encodes a string where that loses nothing, else the bytes as numbers.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if Array(text.utf8) == bytes {
      try container.encode(text)
    } else {
      try container.encode(bytes)
    }
  }
}

/// Paths that are found by their own names and by those of the folders above them.
package struct PathIndex: Sendable {
  private var known: Set<GitPath> = []

  package init(_ paths: some Sequence<GitPath>) {
    for path in paths {
      known.insert(path)
      for parent in path.parents.reversed() where !known.insert(parent).inserted { break }
    }
  }

  /// Whether a path is among these, or is a folder above one; it may end with a slash.
  package func holds(_ path: GitPath) -> Bool {
    // The top of the working tree has no name.
    if path.bytes.isEmpty { return !known.isEmpty }
    let isMarked = path.bytes.last == UInt8(ascii: "/")
    return known.contains(isMarked ? GitPath(path.bytes.dropLast()) : path)
  }
}
