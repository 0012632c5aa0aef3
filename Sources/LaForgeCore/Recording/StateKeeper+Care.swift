/// A recorded state that cannot be read any more.
package struct LostSnapshot: Equatable, Sendable {
  package var place: RecordedSnapshot.Place
  /// Whether a part of it is left.
  package var isPartial: Bool

  package init(place: RecordedSnapshot.Place, isPartial: Bool) {
    self.place = place
    self.isPartial = isPartial
  }
}

/// Looks after what is kept: what is lost of it, and the packs that it lies in.
extension StateKeeper {
  /// So long another process may still read an object that was superseded.
  private static let supersededMilliseconds: Int64 = 3_600_000

  /// Looks whether everything that is kept still exists, builds the keep reference again if not, and
  /// keeps LaForge's packs few.
  ///
  /// - Returns: The recorded states that are gone, at the first look that does not find them.
  /// - Throws: `StateError`.
  package func tidy() async throws(StateError) -> [LostSnapshot] {
    let lock = try store { () throws(StoreError) in try ledger.lockKeepReference() }
    let recorded = try store { () throws(StoreError) in try ledger.keepValue() }
    let isWhole = try await git { () async throws(GitError) in
      try await repository.isKeptWhole(recorded: recorded)
    }
    let lost = isWhole ? [] : try await rebuild()
    try await tidyPacks()
    withExtendedLifetime(lock) {}
    return lost
  }

  func rebuild() async throws(StateError) -> [LostSnapshot] {
    let (ids, recorded, earlier) = try store { () throws(StoreError) in
      (
        try ledger.recordedObjects(), try ledger.keepValue(), try ledger.earlierKeepValues()
      )
    }
    let generation = try await git { () async throws(GitError) in
      try await repository.rebuildKept(ids, recorded: recorded, earlier: earlier)
    }
    return try store { () throws(StoreError) in
      // What is not kept any more was reported when it was found to be gone.
      let gone = generation.lost.subtracting(try ledger.notKept(generation.lost))
      let known = try ledger.recordedStates(of: gone.union(generation.partial))
      try ledger.recordKeep(generation, [], at: clock.now())
      return known.map {
        LostSnapshot(place: $0.place, isPartial: generation.partial.contains($0.snapshot))
      }
    }
  }

  private func tidyPacks() async throws(StateError) {
    let needed = try store { () throws(StoreError) in try ledger.lastProtection() }
    let now = clock.now()
    let areMany = try git { () throws(GitError) in
      try repository.releasePacks(at: now, needed: needed)
    }
    guard areMany else { return }
    let time = now.millisecondsSince1970 - Self.supersededMilliseconds
    let superseded = try store { () throws(StoreError) in
      try ledger.takeSuperseded(before: Timestamp(millisecondsSince1970: time))
    }
    // The reference of a step that has ended may still be there, and must lead somewhere.
    var unwanted = Set(superseded)
    for step in repository.protectedSteps() {
      let commit = try await git { () async throws(GitError) in
        try await repository.protectingCommit(of: step)
      }
      if let commit { unwanted.remove(commit) }
    }
    let dropped = unwanted
    try await git { () async throws(GitError) in
      try await repository.joinPacks(without: dropped)
    }
  }
}
