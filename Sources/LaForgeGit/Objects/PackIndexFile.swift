import Foundation
import LaForgeCore
import SystemPackage

/// The object ids of one pack, read from its index file.
///
/// Only version 2 is read, which git and libgit2 write; see "pack-*.idx files" in
/// `man 5 gitformat-pack`.
struct PackIndexFile: Sendable {
  private let data: Data
  private let idLength: Int
  /// How many objects the pack has.
  let count: Int

  /// Maps the index file.
  ///
  /// - Returns: `nil` if there is none, or it is not of version 2 or damaged.
  init?(_ path: FilePath, idLength: Int) {
    guard let data = try? Data(contentsOf: URL(filePath: path.string), options: .mappedIfSafe)
    else { return nil }
    self.init(data, idLength: idLength)
  }

  init?(_ data: Data, idLength: Int) {
    guard data.count >= Self.idsOffset,
      data.starts(with: [0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2])
    else { return nil }
    self.data = data
    self.idLength = idLength
    // The last number of the fan-out table counts all objects.
    count = Self.number(data, at: Self.idsOffset - 4)
    guard data.count >= Self.idsOffset + count * idLength else { return nil }
  }

  /// In ascending order.
  var ids: [ObjectID] { (0..<count).compactMap { ObjectID(bytes: bytes(of: $0)) } }

  /// Whether the pack has an object.
  func contains(_ id: ObjectID) -> Bool {
    let wanted = id.bytes
    guard wanted.count == idLength, let first = wanted.first.map(Int.init) else { return false }
    var low = first == 0 ? 0 : Self.number(data, at: Self.headerSize + (first - 1) * 4)
    var high = min(count, Self.number(data, at: Self.headerSize + first * 4))
    while low < high {
      let middle = (low + high) / 2
      let found = bytes(of: middle)
      if found.elementsEqual(wanted) { return true }
      if found.lexicographicallyPrecedes(wanted) { low = middle + 1 } else { high = middle }
    }
    return false
  }

  private func bytes(of position: Int) -> Data {
    let start = data.startIndex + Self.idsOffset + position * idLength
    return data[start..<(start + idLength)]
  }

  private static func number(_ data: Data, at offset: Int) -> Int {
    data[(data.startIndex + offset)..<(data.startIndex + offset + 4)].reduce(0) {
      $0 << 8 | Int($1)
    }
  }

  private static let headerSize = 8
  private static let idsOffset = headerSize + 256 * 4
}

/// Tells which objects a repository has itself, apart from those it borrows; see
/// "objects/info/alternates" in `man 5 gitrepository-layout`.
struct OwnObjects {
  private let folder: FilePath
  private let packs: [PackIndexFile]

  /// - Returns: `nil` if the repository borrows no objects.
  init?(_ folder: FilePath, idLength: Int) {
    let alternates = folder.appending("info").appending("alternates")
    guard let text = FileManager.default.contents(atPath: alternates.string), !text.isEmpty
    else { return nil }
    self.folder = folder
    let pack = folder.appending("pack")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: pack.string)) ?? []
    packs = names.filter { $0.hasSuffix(".idx") }
      .compactMap { PackIndexFile(pack.appending($0), idLength: idLength) }
  }

  /// Whether the repository has an object itself.
  func contains(_ id: ObjectID) -> Bool {
    let loose = folder.appending(String(id.hex.prefix(2))).appending(String(id.hex.dropFirst(2)))
    return WorkingTreeFile.exists(loose) || packs.contains { $0.contains(id) }
  }
}
