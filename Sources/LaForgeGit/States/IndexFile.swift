import Foundation
import LaForgeCore
import SystemPackage

/// What LaForge reads of an index file itself: the marks that `git status` does not tell.
///
/// See `man 5 gitformat-index`.
struct IndexFile: Equatable, Sendable {
  /// The entries with a mark, by path.
  private(set) var flags: [GitPath: IndexFlags] = [:]
  /// Whether a path named `.gitattributes` is tracked.
  private(set) var hasAttributes = false
  /// Whether entries lie in another file, or whole folders are one entry: then `flags` is not all.
  private(set) var isPartial = false

  /// Reads an index.
  ///
  /// - Parameters:
  ///   - path: The file; a missing one is an empty index.
  ///   - idLength: The length of an object id in bytes.
  /// - Throws: `GitError` where it cannot be read or has another form.
  init(_ path: FilePath, idLength: Int) throws(GitError) {
    guard FileManager.default.fileExists(atPath: path.string) else { return }
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path.string), options: .mappedIfSafe)
    } catch {
      throw GitError(code: .notStarted, message: error.localizedDescription, function: "open")
    }
    let isWhole = data.withUnsafeBytes { parse($0, idLength: idLength) }
    guard isWhole else {
      throw GitError(
        code: .notStarted, message: "the index '\(path)' has an unknown form", function: "index")
    }
  }

  private mutating func parse(_ bytes: UnsafeRawBufferPointer, idLength: Int) -> Bool {
    guard bytes.count >= 12 + idLength, bytes.prefix(4).elementsEqual("DIRC".utf8) else {
      return false
    }
    let version = bytes.bigEndian32(4)
    let count = Int(bytes.bigEndian32(8))
    guard (2...4).contains(version) else { return false }
    var offset = 12
    var name: [UInt8] = []
    let end = bytes.count - idLength
    for _ in 0..<count {
      guard offset + 42 + idLength < end else { return false }
      let start = offset
      let mode = bytes.bigEndian32(offset + 24)
      let short = bytes.bigEndian16(offset + 40 + idLength)
      offset += 42 + idLength
      var marks: IndexFlags = short & 0x8000 != 0 ? .assumeUnchanged : []
      if short & 0x4000 != 0 {
        let extended = bytes.bigEndian16(offset)
        if extended & 0x4000 != 0 { marks.insert(.skipWorktree) }
        if extended & 0x2000 != 0 { marks.insert(.intentToAdd) }
        offset += 2
      }
      if mode == EntryMode.tree.rawValue { isPartial = true }
      let shortLength = Int(short & 0xFFF)
      if version != 4, marks.isEmpty, shortLength < 0xFFF {
        // Nearly every entry: only the end of its name is looked at.
        let nameEnd = offset + shortLength
        guard nameEnd < end else { return false }
        if bytes[nameEnd - 1] == UInt8(ascii: "s"),
          Array(bytes[offset..<nameEnd]).isNamed(".gitattributes")
        {
          hasAttributes = true
        }
        offset = start + ((nameEnd - start) / 8 + 1) * 8
        continue
      }
      if version == 4 {
        guard let drop = bytes.variableInteger(&offset), drop <= name.count else { return false }
        name.removeLast(drop)
      } else {
        name.removeAll(keepingCapacity: true)
      }
      let nameStart = offset
      while offset < end, bytes[offset] != 0 { offset += 1 }
      name.append(contentsOf: bytes[nameStart..<offset])
      // One to eight NULs up to a multiple of eight; version 4 has one NUL and no padding.
      offset = version == 4 ? offset + 1 : start + ((offset - start) / 8 + 1) * 8
      if !marks.isEmpty { flags[GitPath(name)] = marks }
      if name.last == UInt8(ascii: "s"), name.isNamed(".gitattributes") { hasAttributes = true }
    }
    return parseExtensions(bytes, from: offset, to: end)
  }

  private mutating func parseExtensions(
    _ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int
  ) -> Bool {
    var offset = start
    while offset + 8 <= end {
      let signature = bytes[offset..<(offset + 4)]
      if signature.elementsEqual("link".utf8) || signature.elementsEqual("sdir".utf8) {
        isPartial = true
      }
      offset += 8 + Int(bytes.bigEndian32(offset + 4))
    }
    return offset == end
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func bigEndian32(_ offset: Int) -> UInt32 {
    UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  fileprivate func bigEndian16(_ offset: Int) -> UInt16 {
    UInt16(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  /// The variable width integer of "offset encoding" in `man 5 gitformat-pack`.
  fileprivate func variableInteger(_ offset: inout Int) -> Int? {
    guard offset < count else { return nil }
    var byte = self[offset]
    offset += 1
    var value = Int(byte & 127)
    while byte & 128 != 0 {
      guard offset < count, value < 1 << 32 else { return nil }
      byte = self[offset]
      offset += 1
      value = (value + 1) << 7 | Int(byte & 127)
    }
    return value
  }
}

extension [UInt8] {
  /// Whether the last component of this path has that name.
  fileprivate func isNamed(_ name: String) -> Bool {
    let length = name.utf8.count
    guard count >= length, suffix(length).elementsEqual(name.utf8) else { return false }
    return count == length || self[count - length - 1] == UInt8(ascii: "/")
  }
}
