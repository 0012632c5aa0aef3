import LaForgeCore

/// Mistral Vibe: nothing is printed.
///
/// Version 3 keeps a journal for each session, version 2 totals in `meta.json`.
/// Of a journal only the `action_result` records count: the same figures stand in other records too,
/// and cumulative ones.
struct VibeReader: AgentReader {
  private let call: AgentCall

  init(_ call: AgentCall) {
    self.call = call
  }

  static func places(_ call: AgentCall) -> [SessionPlace] {
    let roots: [SessionPlace.Root] = [.variable("VIBE_HOME"), .home(".vibe")]
    var places = [
      SessionPlace(roots, "logs/session/unified/*/journal/*.jsonl"),
      SessionPlace(roots, "logs/session/session_*/meta.json", .document),
    ]
    if let folder = call.value(of: "--output-dir") {
      places.append(SessionPlace([.path(folder)], "export.json", .document))
    }
    return places
  }

  func makeTally(_ file: SessionFile) -> any SessionTally {
    file.form == .lines
      ? VibeJournalTally(file)
      : VibeDocumentTally(id: file.folder)
  }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    var journals = sessions
    journals.used = sessions.used.filter { $0.tally is VibeJournalTally }
    guard var found = finding(journals, ending) else {
      return [finding(sessions, ending)].compactMap { $0 }
    }
    // Only what is exported tells the price.
    let exported = sessions.used.compactMap { $0.tally as? VibeDocumentTally }.first
    found.figures.cost = exported?.figures.cost
    return [found]
  }
}

struct VibeJournalTally: SessionTally {
  static let markers: LineMarkers = ["\"action_result\""]
  private(set) var claim = SessionClaim()
  private(set) var figures = Figures()
  private let model: String?

  /// The session's name is that of its folder; what else is known of it lies in `meta.json` there.
  init(_ file: SessionFile) {
    claim.id = file.names.dropFirst(2).first.map(String.init)
    let folder = file.path.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
    let meta = try? SessionFile.document("\(folder.joined(separator: "/"))/meta.json")
    claim.directory = meta?["environment", "working_directory"]?.string
    claim.root = meta?["parent_session_id"]?.string
    model = meta?["config", "model_name"]?.string
  }

  mutating func take(_ record: JSON, isOld: Bool) throws {
    guard !isOld, record["type"]?.string == "action_result",
      let result = record["payload", "result", "result"],
      let counts = try result.counts(in: "usage", as: \.codexCounts)
    else { return }
    figures.add(counts, model: model)
  }
}

/// `meta.json` of version 2, cumulative over the session, and `export.json` of version 3.
struct VibeDocumentTally: SessionTally {
  private(set) var claim = SessionClaim()
  private(set) var figures = Figures()
  private var hasSplit = true

  init(id: String?) {
    claim.id = id
  }

  mutating func take(document: JSON, before: JSON?) throws {
    if let id = document["session_id"]?.string { claim.id = id }
    claim.directory = document["environment", "working_directory"]?.string
    if let counts = try document.counts(in: "usage", as: \.codexCounts) {
      figures.add(counts, model: nil, cost: document["cost_usd"]?.dollars)
      return
    }
    hasSplit = false
    figures = try Figures(meta: document).since(before.map { try Figures(meta: $0) })
  }

  var incompleteReason: String? {
    hasSplit ? nil : "Vibe 2 does not tell what came from a cache"
  }
}

extension Figures {
  /// The totals of version 2, which do not tell cached input.
  fileprivate init(meta: JSON) throws {
    self.init()
    let counts = try meta.counts(in: "stats") { stats in
      TokenCounts(
        uncached: stats["session_prompt_tokens"]?.count,
        output: stats["session_completion_tokens"]?.count)
    }
    if let counts { add(counts, model: nil, cost: meta["stats", "session_cost"]?.dollars) }
  }
}
