/// Help texts that belong to no command.
enum HelpTopics {
  /// What a state does not cover: `laforge help limits`.
  static let limits = """
    What LaForge does not cover

    A recorded state holds HEAD, the index, and every file that git tracks or would
    track. It does not hold:
      ignored files         unless `git config --add laforge.include PATTERN` names them
      large files           one untracked file, or one under a filter, above
                            laforge.maxFileSize (50m); all untracked files together
                            above laforge.maxUntracked (1g) or 100,000 files
      submodules            what is inside of them; the commit they stand at is held
      nested repositories   anything in a folder with a .git of its own
      empty folders, FIFOs, sockets and devices, names that git refuses
      `.git` itself         configuration, hooks, reflogs, refs/bisect
      times, owners, ACLs   permissions but for the executable bit (git's own limit), and
                            what has left the machine
    What is not covered is never touched by undo, rollback, redo or restore; one that
    would have to overwrite it refuses. `laforge run` warns before the command starts
    when the list has grown, `laforge status` shows it, JSON has it as `left_out`.

    A file that git calls unmodified comes back as git checks it out; files under a
    line-end conversion or filter come back byte for byte where git called them modified.
    A program that keeps a file open writes on into what is no longer there.
    `git push --mirror` takes refs/laforge/keep along, and with it uncommitted work.

    """
}
