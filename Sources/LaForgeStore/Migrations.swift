import GRDB

/// The schema of the step database and its numbered, append-only migrations.
enum Migrations {
  /// The number of the newest migration, kept in `PRAGMA user_version`.
  static let current = 8

  static func makeMigrator() -> DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 steps") { database in
      try database.execute(sql: steps)
      try database.execute(sql: "PRAGMA user_version = 1")
    }
    migrator.registerMigration("2 states") { database in
      try database.execute(sql: states)
      try database.execute(sql: "PRAGMA user_version = 2")
    }
    migrator.registerMigration("3 tips") { database in
      try database.execute(sql: tips)
      try database.execute(sql: "PRAGMA user_version = 3")
    }
    migrator.registerMigration("4 output") { database in
      try database.execute(sql: output)
      try database.execute(sql: "PRAGMA user_version = 4")
    }
    migrator.registerMigration("5 usage") { database in
      try database.execute(sql: usage)
      try database.execute(sql: "PRAGMA user_version = 5")
    }
    migrator.registerMigration("6 hooks") { database in
      try database.execute(sql: hooks)
      try database.execute(sql: "PRAGMA user_version = 6")
    }
    migrator.registerMigration("7 begun") { database in
      try admitEndReasons(database)
      try database.execute(sql: begun)
      try database.execute(sql: "PRAGMA user_version = 7")
    }
    migrator.registerMigration("8 record") { database in
      try database.execute(sql: record)
      try database.execute(sql: "PRAGMA user_version = 8")
    }
    return migrator
  }

  /// Whether the recorded states of a step differ, or one is not known; as its index has it.
  static let hasOtherState = """
    state_after IS NULL OR state_after = 'unknown' OR state_before = 'unknown'
    OR commit_sha_before IS NOT commit_sha_after OR branch_before IS NOT branch_after
    OR snapshot_before IS NOT snapshot_after
    """

  /// Migration 1.
  ///
  /// The columns down to `created_at` keep the names and meanings that the Go program of the same
  /// name gave them. A migration is never edited once it has shipped.
  private static let steps = """
    CREATE TABLE store (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      store_id TEXT NOT NULL CHECK (length(store_id) = 8)
    );
    INSERT INTO store (id, store_id) VALUES (1, lower(hex(randomblob(4))));

    CREATE TABLE steps (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      active BOOLEAN NOT NULL DEFAULT TRUE CHECK (active IN (0, 1)),
      parent_step_id INTEGER REFERENCES steps(id),
      commit_sha_before TEXT NOT NULL,
      commit_sha_after TEXT,
      agent_config_json TEXT NOT NULL CHECK (json_valid(agent_config_json)),
      start_time TIMESTAMP NOT NULL,
      end_time TIMESTAMP CHECK (end_time >= start_time),
      duration_ms INTEGER CHECK (duration_ms >= 0),
      token_usage_json TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(token_usage_json)),
      exit_code INTEGER,
      project_id TEXT NOT NULL CHECK (project_id <> ''),
      created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,

      status TEXT NOT NULL CHECK (status IN ('running', 'completed', 'failed', 'interrupted')),
      ended_by TEXT CHECK (ended_by IN
        ('exit', 'signal', 'timeout', 'idle_timeout', 'max_cost', 'user', 'cut_off')),
      signal INTEGER,
      agent_error BOOLEAN CHECK (agent_error IN (0, 1)),
      worktree TEXT NOT NULL CHECK (worktree <> ''),
      worktree_path TEXT NOT NULL,
      directory TEXT NOT NULL,
      within_step_id INTEGER REFERENCES steps(id),
      label TEXT,
      command_json TEXT NOT NULL CHECK (json_valid(command_json)),
      branch_before TEXT,
      branch_after TEXT,
      state_before TEXT NOT NULL CHECK (state_before IN ('clean', 'snapshot', 'late', 'unknown')),
      state_after TEXT CHECK (state_after IN ('clean', 'snapshot', 'late', 'unknown')),
      commit_count INTEGER CHECK (commit_count >= 0),
      files_changed INTEGER CHECK (files_changed >= 0),
      insertions INTEGER CHECK (insertions >= 0),
      deletions INTEGER CHECK (deletions >= 0),
      agent_pid INTEGER,
      agent_start_ticks INTEGER,
      agent_machine TEXT,

      CHECK (parent_step_id < id AND within_step_id < id),
      CHECK ((status = 'running') = (ended_by IS NULL)),
      CHECK ((status IN ('completed', 'failed')) = (end_time IS NOT NULL)),
      CHECK (exit_code IS NULL OR signal IS NULL)
    );
    CREATE INDEX steps_by_line ON steps (worktree, active, within_step_id, id);
    CREATE INDEX steps_by_project ON steps (project_id, active, id);
    CREATE INDEX steps_by_parent ON steps (parent_step_id);
    CREATE INDEX steps_by_creation ON steps (created_at);
    CREATE INDEX steps_within ON steps (within_step_id) WHERE within_step_id IS NOT NULL;
    CREATE INDEX steps_running ON steps (id) WHERE status = 'running';

    -- The commits of a step, oldest first.
    CREATE TABLE step_commits (
      step_id INTEGER NOT NULL REFERENCES steps(id),
      position INTEGER NOT NULL CHECK (position >= 0),
      commit_sha TEXT NOT NULL,
      PRIMARY KEY (step_id, position)
    ) WITHOUT ROWID;
    CREATE INDEX step_commits_by_commit ON step_commits (commit_sha);

    -- Steps of one worktree that ran at the same time, each pair in both directions.
    CREATE TABLE step_overlaps (
      step_id INTEGER NOT NULL REFERENCES steps(id),
      other_step_id INTEGER NOT NULL REFERENCES steps(id),
      PRIMARY KEY (step_id, other_step_id)
    ) WITHOUT ROWID;
    """

  /// Migration 2: snapshots, what keeps them alive, and the operations that go between them.
  private static let states = """
    ALTER TABLE steps ADD COLUMN snapshot_before TEXT;
    ALTER TABLE steps ADD COLUMN snapshot_after TEXT;
    ALTER TABLE steps ADD COLUMN left_out_json TEXT CHECK (left_out_json IS NULL OR json_valid(left_out_json));
    ALTER TABLE steps ADD COLUMN lost_json TEXT CHECK (lost_json IS NULL OR json_valid(lost_json));

    -- The references that a step moved; NULL for not there.
    CREATE TABLE step_references (
      step_id INTEGER NOT NULL REFERENCES steps(id),
      name TEXT NOT NULL,
      old_target TEXT,
      new_target TEXT,
      PRIMARY KEY (step_id, name)
    ) WITHOUT ROWID;

    -- The stash entries that were gone after a step, the newest first.
    CREATE TABLE step_stashes (
      step_id INTEGER NOT NULL REFERENCES steps(id),
      position INTEGER NOT NULL CHECK (position >= 0),
      commit_sha TEXT NOT NULL,
      PRIMARY KEY (step_id, position)
    ) WITHOUT ROWID;

    -- Every object that refs/laforge/keep keeps alive: snapshots by their tree, commits, tags.
    CREATE TABLE kept (
      object_id TEXT PRIMARY KEY
    ) WITHOUT ROWID;

    -- The value of refs/laforge/keep, which comes back where the reference is gone.
    CREATE TABLE keep_value (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      tag_id TEXT NOT NULL,
      tree_id TEXT NOT NULL
    );

    -- Objects of LaForge's own that nothing names any more; they are removed a day later.
    CREATE TABLE superseded (
      object_id TEXT PRIMARY KEY,
      since TIMESTAMP NOT NULL
    ) WITHOUT ROWID;

    -- The references when LaForge last looked, and the commit that protects them during a run.
    CREATE TABLE protected_tips (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      tips_json TEXT NOT NULL CHECK (json_valid(tips_json))
    );

    -- Undo, rollback, redo and restore, with what they need to be finished or reversed.
    CREATE TABLE operations (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      kind TEXT NOT NULL CHECK (kind IN ('undo', 'rollback', 'redo', 'restore')),
      worktree TEXT NOT NULL CHECK (worktree <> ''),
      status TEXT NOT NULL CHECK (status IN ('open', 'done', 'abandoned')),
      title TEXT NOT NULL,
      started_at TIMESTAMP NOT NULL,
      ended_at TIMESTAMP,
      -- The state just before, kept; NULL until it was taken.
      state_before_json TEXT CHECK (state_before_json IS NULL OR json_valid(state_before_json)),
      -- The state that was reached; NULL until the operation was done.
      state_after_json TEXT CHECK (state_after_json IS NULL OR json_valid(state_after_json)),
      plan_json TEXT CHECK (plan_json IS NULL OR json_valid(plan_json)),
      -- The operation that this one reversed.
      reverses INTEGER REFERENCES operations(id),
      -- Whether `redo` may still reverse it: the stack of its worktree.
      is_redoable BOOLEAN NOT NULL DEFAULT FALSE CHECK (is_redoable IN (0, 1)),
      CHECK ((status = 'open') = (ended_at IS NULL))
    );
    CREATE INDEX operations_by_worktree ON operations (worktree, id);
    CREATE INDEX operations_open ON operations (worktree) WHERE status = 'open';
    """

  /// Migration 3: the references as lines instead of JSON, which every run had to decode.
  private static let tips = """
    CREATE TABLE tips (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      commit_id TEXT NOT NULL,
      -- A line `<object id> <name>` each, sorted by name.
      targets TEXT NOT NULL
    );
    INSERT INTO tips (id, commit_id, targets)
      SELECT id, tips_json ->> '$.commit', (
        SELECT coalesce(group_concat(value || ' ' || key || char(10), ''), '')
        FROM json_each(tips_json, '$.targets'))
      FROM protected_tips;
    DROP TABLE protected_tips;
    ALTER TABLE tips RENAME TO protected_tips;
    """

  /// Migration 4: what a command took of the machine, and its output.
  private static let output = """
    ALTER TABLE steps ADD COLUMN active_ms INTEGER CHECK (active_ms >= 0);
    ALTER TABLE steps ADD COLUMN user_ms INTEGER CHECK (user_ms >= 0);
    ALTER TABLE steps ADD COLUMN system_ms INTEGER CHECK (system_ms >= 0);
    ALTER TABLE steps ADD COLUMN max_rss_bytes INTEGER CHECK (max_rss_bytes >= 0);
    ALTER TABLE steps ADD COLUMN capture TEXT CHECK (capture IN ('direct', 'pipe', 'pty'));
    ALTER TABLE steps ADD COLUMN output_bytes INTEGER CHECK (output_bytes >= 0);
    ALTER TABLE steps ADD COLUMN output_kept_bytes INTEGER CHECK (output_kept_bytes >= 0);
    -- NULL once it was removed to make room.
    ALTER TABLE steps ADD COLUMN output_disk_bytes INTEGER CHECK (output_disk_bytes >= 0);
    CREATE INDEX steps_with_output ON steps (id, output_disk_bytes) WHERE output_disk_bytes > 0;
    CREATE INDEX steps_with_uncounted_output ON steps (id)
      WHERE status = 'interrupted' AND output_disk_bytes IS NULL;
    """

  /// Migration 5: which places told a step's usage.
  private static let usage = """
    ALTER TABLE steps ADD COLUMN usage_explanation_json TEXT
      CHECK (usage_explanation_json IS NULL OR json_valid(usage_explanation_json));
    """

  /// Migration 6: what git hooks tell of commits.
  private static let hooks = """
    -- Commits that a hook saw a step make, and that the step itself dropped again.
    CREATE TABLE dropped_commits (
      step_id INTEGER NOT NULL REFERENCES steps(id),
      commit_sha TEXT NOT NULL,
      PRIMARY KEY (commit_sha, step_id)
    ) WITHOUT ROWID;

    -- What commits of steps became by an amend or a rebase.
    CREATE TABLE rewrites (
      old_commit TEXT NOT NULL,
      new_commit TEXT NOT NULL,
      PRIMARY KEY (old_commit, new_commit)
    ) WITHOUT ROWID;
    CREATE INDEX rewrites_by_new_commit ON rewrites (new_commit);
    """

  /// Migration 7: steps whose beginning and end an agent tells, and the order of what commits became.
  private static let begun = """
    ALTER TABLE steps ADD COLUMN agent_leads_group BOOLEAN NOT NULL DEFAULT TRUE
      CHECK (agent_leads_group IN (0, 1));

    -- What the end of a begun step needs to know; a row goes when its step ends.
    CREATE TABLE begun_steps (
      step_id INTEGER PRIMARY KEY REFERENCES steps(id),
      session TEXT,
      monotonic_ms INTEGER NOT NULL,
      references_json TEXT NOT NULL CHECK (json_valid(references_json))
    );

    -- The parts of a split commit have an order, which a table without rowids does not keep.
    ALTER TABLE rewrites RENAME TO unordered_rewrites;
    CREATE TABLE rewrites (
      old_commit TEXT NOT NULL,
      new_commit TEXT NOT NULL,
      UNIQUE (old_commit, new_commit)
    );
    INSERT INTO rewrites SELECT old_commit, new_commit FROM unordered_rewrites;
    DROP TABLE unordered_rewrites;
    CREATE INDEX rewrites_by_new_commit ON rewrites (new_commit);
    """

  /// Migration 8: long histories, and the record file beside the database.
  private static let record = """
    -- The line of a worktree with its descent: an operation reads all of it.
    DROP INDEX steps_by_line;
    CREATE INDEX steps_by_line ON steps (worktree, active, within_step_id, id, parent_step_id);
    CREATE INDEX steps_with_effect ON steps (worktree, active, id) WHERE within_step_id IS NULL AND (
      state_after IS NULL OR state_after = 'unknown' OR state_before = 'unknown'
      OR commit_sha_before IS NOT commit_sha_after OR branch_before IS NOT branch_after
      OR snapshot_before IS NOT snapshot_after);
    CREATE INDEX dropped_commits_by_step ON dropped_commits (step_id);

    -- How far the record file goes and what its end is, and how many of its lines are in the keep tree.
    CREATE TABLE record (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      lines INTEGER NOT NULL CHECK (lines >= 0),
      bytes INTEGER NOT NULL CHECK (bytes >= 0),
      -- The last line, or the end of a long one.
      tail TEXT NOT NULL,
      -- Whether the file must be written as a whole.
      is_stale BOOLEAN NOT NULL CHECK (is_stale IN (0, 1)),
      kept_lines INTEGER NOT NULL CHECK (kept_lines >= 0)
    );
    INSERT INTO record VALUES (1, 0, 0, '', TRUE, 0);
    """

  /// Lets a step be ended by `laforge step` too.
  ///
  /// A constraint that only becomes wider can be changed where it is written, without a new table;
  /// see "Making Other Kinds Of Table Schema Changes" in
  /// <https://www.sqlite.org/lang_altertable.html>.
  private static func admitEndReasons(_ database: Database) throws {
    let version = try Int.fetchOne(database, sql: "PRAGMA schema_version") ?? 0
    try database.execute(sql: "PRAGMA writable_schema = ON")
    try database.execute(
      sql: """
        UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'steps'
        """,
      arguments: [
        "'user', 'cut_off')", "'user', 'cut_off', 'step_end', 'next_step', 'session_end')",
      ])
    try database.execute(sql: "PRAGMA schema_version = \(version + 1)")
    try database.execute(sql: "PRAGMA writable_schema = OFF")
  }
}
