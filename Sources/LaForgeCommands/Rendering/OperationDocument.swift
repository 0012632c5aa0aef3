import LaForgeCore

/// An operation in JSON.
struct OperationDocument: Encodable {
  var id: Int64
  var kind: String
  var status: String
  var title: String
  var startTime: Timestamp
  var endTime: Timestamp?
  var filesChanged: Int?
  var redoable: Bool
  var reverses: Int64?

  init(_ operation: Operation) {
    id = operation.id.rawValue
    kind = operation.kind.rawValue
    status = operation.status.rawValue
    title = operation.title
    startTime = operation.startedAt
    endTime = operation.endedAt
    filesChanged = operation.plan?.files.count
    redoable = operation.isOnStack && operation.kind != .redo
    reverses = operation.reverses?.rawValue
  }

  private enum CodingKeys: String, CodingKey {
    case id, kind, status, title, redoable, reverses
    case startTime = "start_time"
    case endTime = "end_time"
    case filesChanged = "files_changed"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encode(kind, forKey: .kind)
    try container.encode(status, forKey: .status)
    try container.encode(title, forKey: .title)
    try container.encode(startTime, forKey: .startTime)
    try container.encode(endTime, forKey: .endTime)
    try container.encode(filesChanged, forKey: .filesChanged)
    try container.encode(redoable, forKey: .redoable)
    try container.encode(reverses, forKey: .reverses)
  }
}
