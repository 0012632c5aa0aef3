import Foundation
import Glibc
import LaForgeCore

/// The session files of an agent as they stand at one moment: taken before the agent starts, so that
/// what it writes can be told from what was there.
struct SessionCensus {
  /// A file, or the rows of a database.
  struct Entry {
    var place: SessionPlace
    var size: Int64
    /// The time of the last change, in nanoseconds since 1970.
    var changed: Int64
    /// What a document held, or the rows of a database by their ids; `nil` where it was too large or
    /// not among the latest.
    var before: JSON?
    var rows: [String: JSONValue] = [:]
  }

  private(set) var entries: [String: Entry] = [:]
  /// Whether there are more files than are looked at: one that is not listed may well be old.
  private(set) var isPartial = false

  /// How many files are looked at, and how many documents and how much of them is read, before a run.
  private static let fileLimit = 50_000
  private static let documentLimit = 64
  private static let sizeLimit: Int64 = 4 << 20

  /// - Parameters:
  ///   - places: The agent's.
  ///   - call: The run.
  ///   - databases: Reads SQLite files.
  ///   - keepsContents: Whether what documents hold now is wanted later.
  init(
    _ places: [SessionPlace], _ call: AgentCall, _ databases: any SessionDatabase,
    keepsContents: Bool
  ) {
    for place in places {
      for folder in call.folders(of: place) { list(place, folder) }
    }
    guard keepsContents else { return }
    let documents = entries.filter { $0.value.place.form == .document }
      .sorted { $0.value.changed > $1.value.changed }.prefix(Self.documentLimit)
    for (path, entry) in documents where entry.size <= Self.sizeLimit {
      entries[path]?.before = try? SessionFile.document(path)
    }
    for (path, entry) in entries {
      guard case .database(let queries) = entry.place.form else { continue }
      entries[path]?.rows = Self.rows(path, queries, databases)
    }
  }

  private mutating func list(_ place: SessionPlace, _ root: String) {
    var waiting: [[Substring]] = [[]]
    while let names = waiting.popLast() {
      guard entries.count < Self.fileLimit else {
        isPartial = true
        return
      }
      let folder = ([root] + names.map(String.init)).joined(separator: "/")
      guard let directory = opendir(folder) else { continue }
      defer { closedir(directory) }
      while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
          pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name == "." || name == ".." { continue }
        add("\(folder)/\(name)", names + [name[...]], place, &waiting)
      }
    }
  }

  private mutating func add(
    _ path: String, _ names: [Substring], _ place: SessionPlace, _ waiting: inout [[Substring]]
  ) {
    let (isFile, isFolder) = (place.matches(names[...]), place.mayHold(names[...]))
    guard isFile || isFolder else { return }
    var status = stat()
    guard stat(path, &status) == 0 else { return }
    switch status.st_mode & S_IFMT {
    case S_IFDIR:
      // Links may lead round in circles; agents make none.
      if isFolder, names.count < 12 { waiting.append(names) }
    case S_IFREG where isFile:
      entries[path] = Entry(
        place: place, size: Int64(status.st_size), changed: Self.time(status, of: path, place))
    default: break
    }
  }

  /// What is new in a database may lie in its write-ahead log alone.
  private static func time(_ status: stat, of path: String, _ place: SessionPlace) -> Int64 {
    func nanoseconds(_ time: timespec) -> Int64 {
      Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
    let own = nanoseconds(status.st_mtim)
    var log = stat()
    guard case .database = place.form, stat("\(path)-wal", &log) == 0 else { return own }
    return max(own, nanoseconds(log.st_mtim))
  }

  /// The files that were written at or after a time, in milliseconds since 1970, in the order of their
  /// paths; what they held before is not known.
  func files(writtenSince start: Int64) -> [SessionFile] {
    entries.sorted { $0.key < $1.key }
      .filter { $0.value.changed / 1_000_000 >= start }
      .map { SessionFile(path: $0, form: $1.place.form, sizeAfter: $1.size) }
  }

  /// The files that are new, or others than in a census before, in the order of their paths.
  func changes(since earlier: SessionCensus, _ databases: any SessionDatabase) -> [SessionFile] {
    entries.sorted { $0.key < $1.key }.compactMap { path, entry in
      var file = SessionFile(path: path, form: entry.place.form, sizeAfter: entry.size)
      if case .database(let queries) = entry.place.form {
        file.rows = Self.rows(path, queries, databases)
      }
      guard let old = earlier.entries[path] else {
        file.isComparable = !earlier.isPartial
        return file
      }
      guard old.size != entry.size || old.changed != entry.changed else { return nil }
      file.sizeBefore = old.size
      file.before = old.before
      file.rowsBefore = old.rows
      file.isComparable =
        switch entry.place.form {
        // What became smaller was written anew.
        case .lines, .text: entry.size >= old.size
        case .document: old.before != nil
        case .database: true
        }
      return file
    }
  }

  /// The rows of the first query that the database can answer, by their ids; empty where there is
  /// none.
  private static func rows(
    _ path: String, _ queries: [String], _ databases: any SessionDatabase
  ) -> [String: JSONValue] {
    for query in queries {
      guard let rows = try? databases.rows(of: path, query: query) else { continue }
      var found: [String: JSONValue] = [:]
      for row in rows { if case .string(let id)? = row["id"] { found[id] = .object(row) } }
      return found
    }
    return [:]
  }
}
