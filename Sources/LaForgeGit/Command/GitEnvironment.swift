/// What every git that works on states is given, so that no setting of the user, of a hook or of
/// the caller makes it do something else.
///
/// What decides how content is stored (autocrlf, filters, excludes, file modes) stays the user's.
enum GitEnvironment {
  /// Configuration on the command line, which wins over every file.
  static let options: [String] = [
    "core.hooksPath=/dev/null", "gc.auto=0", "maintenance.auto=false", "core.fsmonitor=false",
    "core.safecrlf=false", "core.splitIndex=false", "core.ignoreStat=false",
    "core.checkStat=default", "core.trustctime=true", "submodule.recurse=false",
    "status.showStash=false", "status.showUntrackedFiles=all", "checkout.workers=1",
    // Git 2.36 and newer waits for the disk as the first two say, older ones as the third.
    "core.fsync=all", "core.fsyncMethod=batch", "core.fsyncObjectFiles=true",
    "advice.addEmbeddedRepo=false", "advice.updateSparsePath=false",
  ].flatMap { ["-c", $0] }

  /// Variables that are set, or removed where the value is `nil`; see "ENVIRONMENT VARIABLES" in
  /// `man 1 git`.
  static let overrides: [String: String?] = {
    var variables: [String: String?] = [
      "GIT_OPTIONAL_LOCKS": "0", "GIT_LITERAL_PATHSPECS": "1", "GIT_TERMINAL_PROMPT": "0",
      "GIT_NO_REPLACE_OBJECTS": "1", "GIT_NO_LAZY_FETCH": "1",
      "GIT_AUTHOR_NAME": "LaForge", "GIT_AUTHOR_EMAIL": "laforge@localhost",
      "GIT_COMMITTER_NAME": "LaForge", "GIT_COMMITTER_EMAIL": "laforge@localhost",
    ]
    let removed = [
      "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY",
      "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_QUARANTINE_PATH",
      "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_INDEX_VERSION",
      "GIT_REPLACE_REF_BASE", "GIT_EXTERNAL_DIFF", "GIT_SHALLOW_FILE", "GIT_TRACE",
      "GIT_TRACE_SETUP", "GIT_TRACE_PERFORMANCE", "GIT_TRACE2", "GIT_TRACE2_EVENT",
      "GIT_TRACE2_PERF", "GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE",
    ]
    for name in removed { variables[name] = .some(nil) }
    return variables
  }()
}
