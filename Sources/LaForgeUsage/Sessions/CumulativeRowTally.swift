import LaForgeCore

/// A row with the figures of one session, which grow.
struct CumulativeRowTally: SessionTally {
  private let read: (JSON) throws -> Figures?
  private(set) var claim = SessionClaim()
  private(set) var figures = Figures()

  /// - Parameter read: What a row tells; `nil` where it tells nothing.
  init(_ read: @escaping (JSON) throws -> Figures?) {
    self.read = read
  }

  mutating func take(row: JSON, before: JSON?) throws {
    claim = SessionClaim(
      id: row["id"]?.string, root: row["parent"]?.string, directory: row["directory"]?.string)
    guard let now = try read(row) else { return }
    let earlier = try before.flatMap(read)
    let rest = try now.since(earlier)
    // A row that changed in other columns alone is no session of this run.
    let isSame = rest.counts?.isZero ?? true && rest.cost?.microdollars ?? 0 == 0
    if earlier == nil || !isSame { figures = rest }
  }
}
