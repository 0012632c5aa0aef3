import LaForgeTestSupport

/// A shell script in a repository of its own, with what the tests of operations ask again and again.
enum RecordedScript {
  /// Functions that the scripts may call.
  ///
  /// `everything` prints what git and the file system know of a state: HEAD, references but
  /// LaForge's own, stash, index with its flags, status, operations in progress, every file.
  /// `is NAME` says whether that is as in the file `../NAME`. `flags` prints the steps in their
  /// order, those that are rolled back in parentheses.
  private static let functions = """
    everything() {
      git symbolic-ref -q HEAD; git rev-parse -q --verify HEAD
      git for-each-ref --format='%(refname) %(objectname)' | grep -v '^refs/laforge/keep '
      git stash list --format='%H %gs'; git ls-files -s --debug |
        sed -nE '/^[0-9]{6} /p; s/.*(flags)/\\1/p'
      git status --porcelain=v2 -uall
      ls "$(git rev-parse --git-dir)" | grep -E '^(MERGE|CHERRY_PICK|REVERT)_|^rebase'
      find . -name .git -prune -o -type f -printf '%m ' -exec sha256sum {} \\; | LC_ALL=C sort -k 3
      find . -name .git -prune -o -type l -printf '%p -> %l\\n' | LC_ALL=C sort
    }
    is() { everything | diff ../"$1" - > ../difference && echo "as $1" || cat ../difference; }
    flags() {
      laforge log --all --jsonl | tac | sed -E 's/.*"active":([a-z]+).*"id":([0-9]+).*/\\1 \\2/' |
        sed -E 's/true (.*)/\\1/; s/false (.*)/(\\1)/' | paste -sd' '
    }
    one() { paste -sd' '; }
    """

  /// Runs a script and returns what it printed, standard error included.
  static func outcome(of script: String) async throws -> String {
    let environment = try await TestEnvironment()
    return try await environment.shell("exec 2>&1; \(functions)\n\(script)").standardOutput
  }
}
