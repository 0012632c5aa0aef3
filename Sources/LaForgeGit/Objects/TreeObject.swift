import LaForgeCore

/// The entries of a tree object.
struct TreeObject: Sendable {
  private(set) var entries: [GitPath: TrackedEntry]

  init(_ entries: [GitPath: TrackedEntry] = [:]) {
    self.entries = entries
  }

  /// Takes the content of a tree object apart: mode in octal digits, space, name, NUL, id in bytes.
  init(parsing content: [UInt8], idLength: Int) throws(GitError) {
    var entries: [GitPath: TrackedEntry] = [:]
    var rest = content[...]
    while !rest.isEmpty {
      guard let space = rest.firstIndex(of: UInt8(ascii: " ")),
        let nul = rest[space...].firstIndex(of: 0), nul + idLength < rest.endIndex,
        // Git writes no such name; a commit that was made on purpose may have one.
        space + 1 < nul, !rest[(space + 1)..<nul].contains(UInt8(ascii: "/")),
        let mode = EntryMode(octal: String(decoding: rest[..<space], as: UTF8.self)),
        let id = ObjectID(bytes: rest[(nul + 1)...(nul + idLength)])
      else {
        throw GitError(
          code: .missingObject, message: "a tree object is damaged", function: "tree")
      }
      entries[GitPath(rest[(space + 1)..<nul])] = TrackedEntry(mode: mode, id: id)
      rest = rest[(nul + idLength + 1)...]
    }
    self.entries = entries
  }

  subscript(name: GitPath) -> TrackedEntry? {
    get { entries[name] }
    set { entries[name] = newValue }
  }

  var isEmpty: Bool { entries.isEmpty }

  /// The id of the tree without entries, which git knows without any object; see `empty_tree` in
  /// `object-file.c` of git.
  ///
  /// - Parameter idLength: The length of an id in bytes: 20 for SHA-1, 32 for SHA-256.
  /// - Returns: The id.
  static func emptyID(idLength: Int) -> ObjectID {
    let hex =
      idLength == 32
      ? "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
      : "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    guard let id = ObjectID(hex: hex) else { preconditionFailure("the hex digits are not an id") }
    return id
  }

  /// The content of the tree object: git sorts as if the name of a tree ended with a slash.
  var object: GitObject {
    let sorted = entries.map { name, entry in
      (key: entry.mode == .tree ? name.bytes + [UInt8(ascii: "/")] : name.bytes, name, entry)
    }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    var content: [UInt8] = []
    for (_, name, entry) in sorted {
      content += Array(String(entry.mode.rawValue, radix: 8).utf8)
      content.append(UInt8(ascii: " "))
      content += name.bytes
      content.append(0)
      content += entry.id.bytes
    }
    return GitObject(.tree, content)
  }
}

extension ObjectID {
  /// `nil` unless there are 20 or 32 bytes.
  init?(bytes: some Sequence<UInt8>) {
    let digits = Array("0123456789abcdef".utf8)
    var hex: [UInt8] = []
    hex.reserveCapacity(64)
    for byte in bytes {
      hex.append(digits[Int(byte >> 4)])
      hex.append(digits[Int(byte & 15)])
    }
    self.init(hex: String(decoding: hex, as: UTF8.self))
  }

  /// The 20 or 32 bytes of the id.
  var bytes: [UInt8] {
    func value(_ digit: UInt8) -> UInt8 {
      digit < UInt8(ascii: "a") ? digit - UInt8(ascii: "0") : digit - UInt8(ascii: "a") + 10
    }
    let digits = Array(hex.utf8)
    return stride(from: 0, to: digits.count, by: 2).map {
      value(digits[$0]) << 4 | value(digits[$0 + 1])
    }
  }

  /// The length of the id in bytes: 20 for SHA-1, 32 for SHA-256.
  var byteCount: Int { hex.utf8.count / 2 }
}
