import Foundation
import LaForgeCore

/// What the session files of a run told.
struct SessionReading {
  /// What one session told, or one of its sub-agents.
  struct Part {
    var path: String
    var tally: any SessionTally
    /// How much of it could not be read.
    var unreadable = 0
  }

  /// This run's session.
  var used: [Part] = []
  /// Files that changed meanwhile and belong to others.
  private(set) var others: [String] = []
  /// Whether more than one session may be this run's.
  private(set) var isAmbiguous = false
  /// Files that changed, of which it cannot be told what this run added.
  private(set) var incomparable: [String] = []

  /// Of a run without sessions.
  init() {}

  /// Reads the files that changed, and keeps those of this run.
  ///
  /// - Parameters:
  ///   - files: What changed while the agent ran.
  ///   - ids: The ids that the agent printed; empty where it printed none.
  ///   - call: The run.
  ///   - makeTally: The agent's way of reading a file.
  init(
    _ files: [SessionFile], printed ids: Set<String>, _ call: AgentCall,
    _ makeTally: (SessionFile) -> any SessionTally
  ) {
    let parts = read(files, makeTally)
    choose(among: parts.filter { !$0.tally.figures.isEmpty }, printed: ids, call)
  }

  /// Reads the files of one session, which is known: what others worked meanwhile is none of it, even
  /// where it has told nothing yet.
  ///
  /// - Parameters:
  ///   - files: What changed.
  ///   - id: The session's id.
  ///   - transcript: Its file, if that is known.
  ///   - makeTally: As in `init(_:printed:_:_:)`.
  init(
    _ files: [SessionFile], of id: String, transcript: String?,
    _ makeTally: (SessionFile) -> any SessionTally
  ) {
    let parts = read(files, makeTally)
    let own = Self.families(parts).filter { family in
      family.contains { $0.path == transcript || $0.tally.claim.isNamed(in: [id]) }
    }
    use(own, of: parts)
  }

  // MARK: - Reading

  private mutating func read(
    _ files: [SessionFile], _ makeTally: (SessionFile) -> any SessionTally
  ) -> [Part] {
    incomparable = files.filter { !$0.isComparable }.map(\.path)
    return files.filter(\.isComparable).flatMap { file in
      Self.parts(of: file) { makeTally(file) }
    }
  }

  private static func parts(
    of file: SessionFile, _ makeTally: () -> any SessionTally
  ) -> [Part] {
    if case .database = file.form { return parts(ofRows: file, makeTally) }
    // Taken out while it works, since its closure changes the tally.
    var (tally, unreadable) = (makeTally(), 0)
    var isRead = true
    switch file.form {
    case .lines:
      isRead = file.eachLine(holding: type(of: tally).markers) { line, isOld in
        do { try tally.take(JSON(parsing: line), isOld: isOld) } catch {
          if !isOld { unreadable += 1 }
        }
      }
    case .text:
      isRead = file.eachLine(holding: nil) { line, isOld in
        tally.take(text: String(decoding: line, as: UTF8.self), isOld: isOld)
      }
    case .document, .database:
      do {
        try tally.take(document: try SessionFile.document(file.path), before: file.before)
      } catch {
        isRead = false
      }
    }
    if !isRead { unreadable += 1 }
    return [Part(path: file.path, tally: tally, unreadable: unreadable)]
  }

  /// One part for each session whose rows are new or others.
  private static func parts(
    ofRows file: SessionFile, _ makeTally: () -> any SessionTally
  ) -> [Part] {
    var parts: [String: Part] = [:]
    for (id, row) in file.rows.sorted(by: { $0.key < $1.key }) where row != file.rowsBefore[id] {
      let row = JSON(row)
      let session = row["session"]?.string ?? id
      var part = parts[session] ?? Part(path: file.path, tally: makeTally())
      do {
        try part.tally.take(row: row, before: file.rowsBefore[id].map { JSON($0) })
      } catch {
        part.unreadable += 1
      }
      parts[session] = part
    }
    return parts.sorted { $0.key < $1.key }.map(\.value)
  }

  // MARK: - Whose they are

  /// By what the call names or the id that the agent printed; else by the folder it worked in, and by what it was asked
  /// where several sessions went on.
  private mutating func choose(among all: [Part], printed ids: Set<String>, _ call: AgentCall) {
    let families = Self.families(all)
    let named = families.filter { $0.contains { $0.tally.claim.isNamed(in: ids) } }
    guard named.isEmpty else { return use(named, of: all) }
    var candidates = families
    for isLikely in [call.isPlace(of:), call.asked(for:)] where candidates.count > 1 {
      let likely = candidates.filter { $0.contains { isLikely($0.tally.claim) } }
      if !likely.isEmpty { candidates = likely }
    }
    guard candidates.count <= 1 else {
      isAmbiguous = true
      others = all.uniquePaths
      return
    }
    // What an agent does in another place on its own is no part of this run.
    use(candidates.filter { $0.contains { call.mayBePlace(of: $0.tally.claim) } }, of: all)
  }

  private mutating func use(_ families: [[Part]], of all: [Part]) {
    used = families.flatMap { $0 }
    let paths = used.uniquePaths
    others = all.uniquePaths.filter { !paths.contains($0) }
  }

  /// Each session with its sub-agents, and theirs.
  private static func families(_ parts: [Part]) -> [[Part]] {
    var roots: [String: String] = [:]
    for claim in parts.map(\.tally.claim) {
      if let id = claim.id, let root = claim.root, root != id { roots[id] = root }
    }
    func family(_ claim: SessionClaim) -> String? {
      var name = claim.root ?? claim.id
      // There may be a circle in what a file says.
      for _ in roots { name = name.flatMap { roots[$0] } ?? name }
      return name
    }
    return Dictionary(grouping: parts) { family($0.tally.claim) }.values
      .sorted { ($0.first?.path ?? "") < ($1.first?.path ?? "") }
  }

  // MARK: - What they tell

  /// All parts together.
  var figures: Figures { used.reduce(into: Figures()) { $0.add($1.tally.figures) } }

  /// Whether every session that counts shows the end of its turn; false where none was found.
  var showsEndOfTurn: Bool { !used.isEmpty && used.allSatisfy(\.tally.showsEndOfTurn) }

  /// The files that count.
  var paths: [String] { used.uniquePaths }

  /// Why the figures are not whole; `nil` where they are.
  var incompleteReason: String? {
    let unreadable = used.reduce(0) { $0 + $1.unreadable }
    if unreadable > 0 { return "\(unreadable) of the session's records could not be read" }
    return used.compactMap(\.tally.incompleteReason).first
  }
}

extension [SessionReading.Part] {
  fileprivate var uniquePaths: [String] {
    var seen: Set<String> = []
    return map(\.path).filter { seen.insert($0).inserted }
  }
}

extension SessionClaim {
  fileprivate func isNamed(in ids: Set<String>) -> Bool {
    isNamedByCall || [id, root].contains { $0.map(ids.contains) ?? false }
  }
}

extension AgentCall {
  /// Whether a session is known to have worked where the agent was called.
  fileprivate func isPlace(of claim: SessionClaim) -> Bool {
    claim.directory == directory || claim.directory == workingTree
  }

  /// Whether a session worked in the working tree, or may have, or does what this call asks for.
  fileprivate func mayBePlace(of claim: SessionClaim) -> Bool {
    guard let place = claim.directory, !isPlace(of: claim) else { return true }
    return place.hasPrefix("\(workingTree)/") || asked(for: claim)
  }

  /// Whether a session was asked what this call asks.
  fileprivate func asked(for claim: SessionClaim) -> Bool {
    let words = Set(arguments.map(\.trimmed))
    return claim.prompts.contains { !$0.trimmed.isEmpty && words.contains($0.trimmed) }
  }
}

extension String {
  fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
