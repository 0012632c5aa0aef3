import Foundation
import LaForgeCore

/// Codex: `turn.completed` events of `exec --json`, and the rollout files in `sessions/`.
///
/// The events are cumulative over the thread, earlier runs included, and without sub-agents. In text
/// mode it prints one number that cannot be taken apart. The rollout files hold everything: of the
/// thread, and one of its own for each sub-agent.
struct CodexReader: AgentReader {
  static let markers: LineMarkers = [
    "\"turn.", "\"thread.started\"", "\"collab_tool_call\"",
  ]
  static let textMarkers: LineMarkers = ["session id:"]

  private let call: AgentCall
  private var latest: TokenCounts?
  private var failed: Bool?
  private var hasSubagents = false
  private var isInTurn = false
  private(set) var sessionIDs: Set<String> = []

  init(_ call: AgentCall) {
    self.call = call
  }

  static let datesRecords = true

  static func places(_ call: AgentCall) -> [SessionPlace] {
    let roots: [SessionPlace.Root] = [.variable("CODEX_HOME"), .home(".codex")]
    return ["sessions", "archived_sessions"].map { SessionPlace(roots, "\($0)/**/rollout-*.jsonl") }
  }

  mutating func take(_ event: JSON, from stream: AgentStream) throws {
    guard stream == .standardOutput else { return }
    switch event["type"]?.string {
    case "thread.started": if let id = event["thread_id"]?.string { sessionIDs.insert(id) }
    case "turn.started": isInTurn = true
    case "turn.completed":
      (failed, isInTurn) = (false, false)
      latest = try event.counts(in: "usage", as: \.codexCounts) ?? latest
    case "turn.failed": (failed, isInTurn) = (true, false)
    default: if event["item", "type"]?.string == "collab_tool_call" { hasSubagents = true }
    }
  }

  mutating func take(_ line: String, from stream: AgentStream) {
    guard let range = line.range(of: "session id: ") else { return }
    sessionIDs.insert(String(line[range.upperBound...].prefix { $0 != " " }))
  }

  var reportedError: Bool? { failed }

  func makeTally(_ file: SessionFile) -> any SessionTally { CodexTally(start: call.start) }

  private var resumes: Bool {
    let words = call.arguments.drop { $0 != "exec" && $0 != "e" }
    return words.contains { $0 == "resume" || $0 == "fork" }
  }

  func findings(_ sessions: SessionReading, _ ending: RunEnding) -> [UsageFinding] {
    let interrupted = isInTurn ? "the turn that was interrupted is not in it whole" : nil
    let session = finding(sessions, ending, incomplete: interrupted)
    guard let latest else { return [session].compactMap { $0 } }
    var figures = Figures()
    figures.add(latest, model: call.value(of: "-m", "--model"))
    var event = UsageFinding(.stdout, "turn.completed", figures)
    if resumes {
      event.objection = "it counts the thread that was resumed"
    } else if hasSubagents {
      event.incompleteReason = "sub-agents are not in it"
    } else if failed == true || isInTurn {
      event.incompleteReason = "the last turn reported none"
    }
    return [session, event].compactMap { $0 }
  }
}

/// One rollout file: a thread, or one of its sub-agents.
///
/// `token_usage_record` (0.163) has the figures of each request. `token_count` is cumulative and
/// written again unchanged now and then; a fork and a sub-agent begin where their parent was, older
/// versions with the parent's events written again at once.
struct CodexTally: SessionTally {
  static let markers: LineMarkers = [
    "\"session_meta\"", "\"turn_context\"", "\"token_count\"", "\"token_usage_record\"",
    "\"user_message\"", "\"turn_aborted\"", "\"task_complete\"", "\"function_call\"",
    "\"custom_tool_call\"", "\"local_shell_call\"",
  ]

  let start: Int64
  private(set) var claim = SessionClaim()
  private var model: String?
  private var recorded = CallLedger()
  private var baseline: TokenCounts?
  private var latest: TokenCounts?
  /// Whether what the parent had written comes first, all at once; and since when the file goes on.
  private var repeatsParent = false
  private var firstTime: Int64?
  private var isAborted = false
  /// Whether the answer that is being written calls a tool, so that another request follows it.
  private var callsTool = false
  private(set) var showsEndOfTurn = false

  /// How long an older version takes to write its parent's events again, in milliseconds.
  private static let repetition: Int64 = 1000

  init(start: Int64) {
    self.start = start
  }

  mutating func take(_ record: JSON, isOld: Bool) throws {
    let time = record["timestamp"]?.time
    let isOld = isOld || time.map { $0 < start } ?? false
    let payload = record["payload"]
    switch record["type"]?.string {
    case "session_meta": takeMeta(payload)
    case "turn_context": model = payload?["model"]?.string ?? model
    case "token_usage_record":
      guard !isOld, let payload, let counts = try payload.counts(in: "usage", as: \.codexCounts)
      else { return }
      recorded.add(payload["response_id"]?.string ?? "\(time ?? 0)", counts, model: model)
      noteAnswer()
    case "response_item":
      if !isOld, payload?["type"]?.string?.hasSuffix("_call") == true { callsTool = true }
    case "event_msg":
      firstTime = firstTime ?? time
      try takeEvent(payload, isOld: isOld, time)
    default: break
    }
  }

  private mutating func takeMeta(_ payload: JSON?) {
    guard claim.id == nil, let payload else { return }
    claim.id = payload["id"]?.string
    claim.root = payload["session_id"]?.string
    claim.directory = payload["cwd"]?.string
    let parent = payload["source", "subagent", "thread_spawn", "parent_thread_id"]?.string
    if claim.root == nil || claim.root == claim.id { claim.root = parent }
    let isCopy = payload["forked_from_id"] != nil || parent != nil
    repeatsParent = isCopy && payload["history_mode"]?.string != "paginated"
  }

  private mutating func takeEvent(_ payload: JSON?, isOld: Bool, _ time: Int64?) throws {
    guard let payload else { return }
    switch payload["type"]?.string {
    case "token_count":
      guard let total = try payload["info"]?.counts(in: "total_token_usage", as: \.codexCounts)
      else { return }
      let isRepeated =
        repeatsParent && (time ?? 0) < (firstTime ?? 0) + Self.repetition && !isOld
      if isOld || isRepeated {
        baseline = total
      } else if baseline == nil {
        // A fork begins where its parent was.
        let last = payload["info", "last_token_usage"]?.codexCounts ?? total
        baseline = total.minus(last)
      }
      // It is also written again unchanged, and after the record of the same request.
      if !isOld, recorded.isEmpty, latest.map({ !$0.isSame(as: total) }) ?? true { noteAnswer() }
      latest = total
    case "user_message":
      (callsTool, showsEndOfTurn) = (false, false)
      if !isOld, let text = payload["message"]?.string { claim.prompts.append(text) }
    case "turn_aborted": if !isOld { (isAborted, showsEndOfTurn) = (true, true) }
    case "task_complete": if !isOld { (isAborted, showsEndOfTurn) = (false, true) }
    default: break
    }
  }

  /// The figures of a request are there.
  private mutating func noteAnswer() {
    showsEndOfTurn = !callsTool
    callsTool = false
  }

  var figures: Figures {
    if !recorded.isEmpty { return recorded.figures }
    var figures = Figures()
    if let latest, let baseline {
      let rest = latest.minus(baseline)
      if !rest.isZero { figures.add(rest, model: model) }
    }
    return figures
  }

  var incompleteReason: String? {
    isAborted ? "the turn that was interrupted is not in it whole" : nil
  }
}

extension JSON {
  /// OpenAI's figures: the input includes what is cached, the output what was reasoned.
  var codexCounts: TokenCounts? {
    TokenCounts(
      prompt: self["input_tokens"]?.count, cacheRead: part("cached_input_tokens"),
      cacheCreation: part("cache_write_input_tokens"), output: self["output_tokens"]?.count,
      reasoning: self["reasoning_output_tokens"]?.count)
  }
}
