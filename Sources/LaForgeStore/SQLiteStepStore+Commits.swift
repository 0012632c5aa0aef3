import Foundation
import GRDB
import Glibc
package import LaForgeCore
import SystemPackage

/// What git hooks tell of commits: which step made one, and what it became.
extension SQLiteStepStore {
  /// Adds a commit to a running step as it is made; leaves a note for the next changing command where
  /// the database is busy.
  ///
  /// - Throws: `StoreError` where neither can be written.
  package func addCommit(_ commit: ObjectID, to id: StepID) throws(StoreError) {
    do throws(StoreError) {
      try write { database, changes in
        try self.insertCommit(commit, of: id, database)
        changes.note(id)
      }
    } catch  where error.code == .busy {
      try leaveNote(.committed, named: commit.hex, "\(commit) \(id.rawValue)\n")
    }
  }

  /// Leaves a note of what commits became, for the next changing command.
  ///
  /// - Parameter lines: `OLD NEW` each, as git's `post-rewrite` gives them; see `man 5 githooks`.
  /// - Throws: `StoreError`.
  package func noteRewrites(_ lines: String) throws(StoreError) {
    guard !lines.isEmpty else { return }
    try leaveNote(.rewritten, named: "\(getpid())-\(UUID().uuidString.prefix(8))", lines)
  }

  package func takeIn(_ notes: [HookNote]) throws(StoreError) {
    try write { database, changes in
      var rewrites: [RecordChange.Row] = []
      for note in notes {
        for commit in note.commits {
          try self.insertCommit(commit.id, of: commit.step, database)
          changes.note(commit.step)
        }
        // What became of a commit that no step made is not kept.
        for rewrite in note.rewrites {
          try database.execute(
            sql: """
              INSERT OR IGNORE INTO rewrites (old_commit, new_commit)
              SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM step_commits WHERE commit_sha = ?1)
                OR EXISTS (SELECT 1 FROM dropped_commits WHERE commit_sha = ?1)
                OR EXISTS (SELECT 1 FROM rewrites WHERE new_commit = ?1)
              """,
            arguments: [rewrite.old.hex, rewrite.new.hex])
          guard database.changesCount > 0 else { continue }
          rewrites.append([
            ("old_commit", rewrite.old.hex.databaseValue),
            ("new_commit", rewrite.new.hex.databaseValue),
          ])
        }
      }
      if !rewrites.isEmpty { changes.note(.put("rewrites", rows: rewrites)) }
    }
    // Another command may have taken in the same note.
    for note in notes { unlink(note.path) }
  }

  package func commitRecord() throws(StoreError) -> CommitRecord {
    try read { database in
      var record = CommitRecord()
      // Reading does not migrate: an older LaForge's database has no such tables yet.
      let dropped =
        schema < 6 ? "" : "UNION ALL SELECT step_id, commit_sha, -1 FROM dropped_commits"
      let steps = try Row.fetchCursor(
        database,
        sql: """
          SELECT commit_sha, step_id, active FROM (
            SELECT step_id, commit_sha, position FROM step_commits \(dropped))
          JOIN steps ON id = step_id ORDER BY step_id, position
          """)
      while let row = try steps.next() {
        guard let commit = ObjectID(hex: row[0]) else { continue }
        record.add(commit, of: StepID(rawValue: row[1]), isActive: row[2])
      }
      if schema < 6 { return record }
      let rewrites = try Row.fetchCursor(
        database,
        sql: "SELECT old_commit, new_commit FROM rewrites \(schema < 7 ? "" : "ORDER BY rowid")")
      while let row = try rewrites.next() {
        if let old = ObjectID(hex: row[0]), let new = ObjectID(hex: row[1]) {
          record.add(CommitRewrite(old: old, new: new))
        }
      }
      return record
    }
  }

  /// Makes the commits of a step those that were found when it ended; what a hook saw besides counts as
  /// dropped.
  func replaceCommits(
    of id: StepID, by commits: [ObjectID], _ database: Database
  ) throws {
    try database.execute(
      sql: """
        INSERT OR IGNORE INTO dropped_commits (step_id, commit_sha)
        SELECT step_id, commit_sha FROM step_commits WHERE step_id = ?
        """,
      arguments: [id.rawValue])
    try database.execute(
      sql: "DELETE FROM step_commits WHERE step_id = ?", arguments: [id.rawValue])
    for (position, commit) in commits.enumerated() {
      try database.execute(
        literal: """
          INSERT INTO step_commits (step_id, position, commit_sha)
          VALUES (\(id.rawValue), \(position), \(commit.hex))
          """)
    }
    try database.execute(
      sql: """
        DELETE FROM dropped_commits WHERE step_id = ?1
          AND commit_sha IN (SELECT commit_sha FROM step_commits WHERE step_id = ?1)
        """,
      arguments: [id.rawValue])
  }

  /// A step that has ended had its commits found already, so one that comes late is one it dropped.
  private func insertCommit(_ commit: ObjectID, of id: StepID, _ database: Database) throws {
    let isRunning = try Bool.fetchOne(
      database, sql: "SELECT status = 'running' FROM steps WHERE id = ?", arguments: [id.rawValue])
    guard let isRunning else { return }
    let known = "EXISTS (SELECT 1 FROM step_commits WHERE step_id = ?1 AND commit_sha = ?2)"
    try database.execute(
      sql: isRunning
        ? """
        INSERT INTO step_commits (step_id, position, commit_sha)
        SELECT ?1, (SELECT coalesce(max(position) + 1, 0) FROM step_commits WHERE step_id = ?1), ?2
        WHERE NOT \(known)
        """
        : "INSERT OR IGNORE INTO dropped_commits (step_id, commit_sha) SELECT ?1, ?2 WHERE NOT \(known)",
      arguments: [id.rawValue, commit.hex])
  }

  // MARK: - Notes

  /// What a note tells; its file's name begins so.
  private enum NoteKind: String {
    case committed, rewritten
  }

  private func leaveNote(
    _ kind: NoteKind, named name: String, _ text: String
  ) throws(StoreError) {
    try StoreFolder.makePrivate(folder.spool)
    try PrivateFile.writeAtomically(
      Array(text.utf8), to: folder.spool.appending("\(kind.rawValue)-\(name)"))
  }

  package func hookNotes() -> [HookNote] {
    // A folder that does not exist holds no note.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.spool.string)) ?? []
    let found = names.compactMap { name -> (note: HookNote, seconds: Int, nanoseconds: Int)? in
      guard let kind = NoteKind(rawValue: String(name.prefix { $0 != "-" })),
        !name.hasSuffix(".tmp")
      else { return nil }
      let path = folder.spool.appending(name)
      var status = stat()
      guard lstat(path.string, &status) == 0,
        let text = try? String(contentsOfFile: path.string, encoding: .utf8)
      else { return nil }
      var note = HookNote(path: path.string)
      for line in text.split(separator: "\n") {
        let words = line.split(separator: " ")
        guard words.count >= 2, let first = ObjectID(hex: String(words[0])) else { continue }
        switch kind {
        case .committed:
          if let step = Int64(words[1]) { note.commits.append((first, StepID(rawValue: step))) }
        case .rewritten:
          if let new = ObjectID(hex: String(words[1])) {
            note.rewrites.append(CommitRewrite(old: first, new: new))
          }
        }
      }
      return (note, status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
    }
    return found.sorted { ($0.seconds, $0.nanoseconds) < ($1.seconds, $1.nanoseconds) }.map(\.note)
  }
}
