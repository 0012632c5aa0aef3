import LaForgeCore

/// The lines of a file with what is to be said of each.
struct BlameReport {
  /// One line.
  struct Row {
    var line: BlamedLine
    var owner: WorkOwner
    /// Whether it was there before the first step.
    var isBeforeAll: Bool
    /// When the step began, or when the state with the person's work was taken; `nil` for what was
    /// there before the first step, and for what is in no state yet.
    var time: Timestamp?
  }

  let rows: [Row]
  /// The step that the lines of nobody known were before.
  let first: StepID?
  private let steps: [StepID: Step]

  init(lines: [BlamedLine], timeline: StepTimeline, steps: [Step]) {
    let known = Dictionary(steps.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    self.steps = known
    first = timeline.first
    rows = lines.map { line in
      let moment = line.moment.map { timeline.moments[$0] }
      let owner = moment?.owner ?? timeline.ownerSince
      let isBeforeAll = line.moment == 0 && timeline.first != nil
      let began = owner.steps.last.flatMap { known[$0]?.start.startTime }
      return Row(
        line: line, owner: owner, isBeforeAll: isBeforeAll,
        time: isBeforeAll ? nil : began ?? moment?.time)
    }
  }

  /// The author of a line: `S7 claude`, `you`, `before S1`, `S4 or S5`; `S7` where it is to be short.
  func who(_ row: Row, isShort: Bool) -> String {
    if row.isBeforeAll, let first { return "before \(first)" }
    if let id = row.owner.step {
      guard !isShort, let step = steps[id] else { return "\(id)" }
      return "\(id) \(step.agentText)"
    }
    let names = row.owner.steps.map(\.description) + (row.owner.mayBePersons ? ["you"] : [])
    return names.joined(separator: " or ")
  }

  /// The lines for programs.
  var documents: [BlameLineDocument] { rows.map(BlameLineDocument.init) }
}

/// One line of `laforge blame --json`.
struct BlameLineDocument: Encodable {
  private let row: BlameReport.Row

  init(_ row: BlameReport.Row) {
    self.row = row
  }

  private enum CodingKeys: String, CodingKey {
    case line, text, time, you
    case step = "step_id"
    case steps = "possible_step_ids"
    case isBeforeAll = "before_all_steps"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(row.line.number, forKey: .line)
    try container.encode(String(decoding: row.line.text, as: UTF8.self), forKey: .text)
    try container.encode(row.owner.step, forKey: .step)
    try container.encode(row.owner.steps, forKey: .steps)
    try container.encode(row.owner.mayBePersons && !row.isBeforeAll, forKey: .you)
    try container.encode(row.isBeforeAll, forKey: .isBeforeAll)
    try container.encode(row.time, forKey: .time)
  }
}
