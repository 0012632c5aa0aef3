/// What a git hook left for LaForge's next command.
package struct HookNote: Sendable {
  /// The file that holds it.
  package var path: String
  /// Commits that were made while a step ran.
  package var commits: [(id: ObjectID, step: StepID)] = []
  /// What commits became, as git's `post-rewrite` gives it; see `man 5 githooks`.
  package var rewrites: [CommitRewrite] = []

  package init(path: String) {
    self.path = path
  }
}

extension [HookNote] {
  /// Adds what git does not tell of what commits of steps became: of one that a rebase split, it tells
  /// the last part alone.
  ///
  /// - Parameters:
  ///   - record: What is known of commits without the notes.
  ///   - repository: Holds the commits.
  /// - Returns: The notes with all parts.
  package func completed(
    from record: CommitRecord, in repository: some StateRepository
  ) async -> [HookNote] {
    var (notes, record) = (self, record)
    for index in notes.indices {
      var note = HookNote(path: notes[index].path)
      note.commits = notes[index].commits
      record.add(note)
      for rewrite in notes[index].rewrites {
        let isOfStep = !record.makers(of: rewrite.old).isEmpty
        let parts = isOfStep ? await repository.otherParts(of: rewrite) : []
        let all = parts.map { CommitRewrite(old: rewrite.old, new: $0) } + [rewrite]
        note.rewrites += all
        // A part may have been split again by what was noted next.
        for rewrite in all { record.add(rewrite) }
      }
      notes[index] = note
    }
    return notes
  }
}

extension StepReading {
  /// Reads what is known of the commits of steps, by what hooks noted as well.
  ///
  /// - Parameter repository: Holds the commits.
  /// - Returns: What is known.
  /// - Throws: `StoreError`.
  package func commitRecord(
    withNotesIn repository: some StateRepository
  ) async throws(StoreError) -> CommitRecord {
    // Before the database: a note goes only once it is in there.
    let notes = hookNotes()
    var record = try commitRecord()
    for note in await notes.completed(from: record, in: repository) { record.add(note) }
    return record
  }
}
