/// The number of an operation: an undo, rollback, redo or restore.
public struct OperationID: RawRepresentable, Hashable, Codable, Sendable, Comparable {
  /// The number, from 1.
  public let rawValue: Int64

  /// Creates an id of that number.
  public init(rawValue: Int64) {
    self.rawValue = rawValue
  }

  /// Compares the numbers.
  public static func < (left: OperationID, right: OperationID) -> Bool {
    left.rawValue < right.rawValue
  }
}

extension OperationID: CustomStringConvertible {
  /// The form for people: `O15`.
  public var description: String { "O\(rawValue)" }
}

/// What an operation does.
package enum OperationKind: String, Codable, Sendable {
  case undo, rollback, redo, restore
}

/// How far an operation has come.
package enum OperationStatus: String, Codable, Sendable {
  /// Begun; the next changing command finishes or leaves it.
  case open
  case done
  /// Nothing was changed, or everything was put back.
  case abandoned
}

/// A recorded undo, rollback, redo or restore.
package struct Operation: Equatable, Sendable {
  package var id: OperationID
  package var kind: OperationKind
  package var worktree: String
  package var status: OperationStatus
  /// What it is about, such as `S7 (claude: fix the parser)`.
  package var title: String
  package var startedAt: Timestamp
  /// `nil` while it is open.
  package var endedAt: Timestamp?
  /// The state just before; `nil` until it was taken.
  package var before: RepositoryState?
  /// The state it led to; `nil` until it was done.
  package var after: RepositoryState?
  /// What it does; `nil` until it was decided.
  package var plan: StatePlan?
  /// The operation that this one reverses.
  package var reverses: OperationID?
  /// Whether it is still on the stack of its worktree, from which `redo`, and for a redo `undo`,
  /// takes the latest.
  package var isOnStack: Bool

  package init(
    id: OperationID, kind: OperationKind, worktree: String, status: OperationStatus,
    title: String, startedAt: Timestamp, endedAt: Timestamp? = nil,
    before: RepositoryState? = nil, after: RepositoryState? = nil, plan: StatePlan? = nil,
    reverses: OperationID? = nil, isOnStack: Bool = false
  ) {
    self.id = id
    self.kind = kind
    self.worktree = worktree
    self.status = status
    self.title = title
    self.startedAt = startedAt
    self.endedAt = endedAt
    self.before = before
    self.after = after
    self.plan = plan
    self.reverses = reverses
    self.isOnStack = isOnStack
  }
}
