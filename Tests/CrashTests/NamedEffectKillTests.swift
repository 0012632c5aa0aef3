import LaForgeTestSupport
import Testing

/// LaForge is killed right before and right after every effect that a run, an undo and a redo name.
///
/// Effects of LaForge's own are found by the file that they touch, those of a git that it starts by
/// its subcommand. Only LaForge is killed: a git that it has started goes on.
@Suite struct NamedEffectKillTests {
  /// Something that must be done, not done, or done again after a kill.
  enum Effect: Sendable, CustomTestStringConvertible {
    /// The system calls of that name that LaForge itself makes.
    case call(String)
    /// The calls of git with that subcommand.
    case git(String)

    var testDescription: String {
      switch self {
      case .call(let call): call
      case .git(let subcommand): "git \(subcommand)"
      }
    }

    /// Before a call is after the one before it; a git that moves something does many things.
    var moments: [String] {
      switch self {
      case .call, .git("status"), .git("update-index"): ["before"]
      case .git: ["before", "after"]
      }
    }

    /// Most of what is removed lies in LaForge's own folders.
    var stride: Int {
      if case .call("unlink") = self, !Seeds.isSoak { 9 } else { 1 }
    }

    /// The command line in front of `laforge` for the n-th of them.
    func killing(_ moment: String) -> String {
      switch self {
      case .call(let call):
        "strace -f -b execve -qq -o /dev/null -e trace=\(call) -e inject=\(call):signal=KILL:when=$n"
      case .git(let subcommand):
        "env KILL_AT='\(moment) \(subcommand)' KILL_WHEN=$n"
      }
    }
  }

  /// A `git` that kills the LaForge that has started it.
  private static let killingGit = """
    [ -n "$KILL_AT" ] || exec /usr/bin/git "$@"
    read -r moment subcommand <<< "$KILL_AT"; words=("$@")
    while [ "$1" = -c ]; do shift 2; done
    [ "$1" = "$subcommand" ] && [ "$(cat /proc/$PPID/comm)" = laforge ] || exec /usr/bin/git "${words[@]}"
    echo >> "$TMPDIR/calls"; unset KILL_AT
    [ "$(wc -l < "$TMPDIR/calls")" = "$KILL_WHEN" ] || exec /usr/bin/git "${words[@]}"
    [ $moment = after ] && { /usr/bin/git "${words[@]}"; }
    kill -KILL $PPID
    """

  /// A repository with a merge in progress and uncommitted work of all kinds, and a step that ends
  /// the merge and does something to all of it.
  private static let setUp = """
    # What the person does later is in every state.
    state() { everything | grep -v later; }
    everything() {
      git symbolic-ref -q HEAD; git rev-parse -q --verify HEAD; git ls-files -s
      # What a step has made stays, and a dropped stash entry is not dropped again.
      git for-each-ref --format='%(refname) %(objectname)' refs/heads/main refs/heads/moved refs/tags/light
      git status --porcelain -uall; ls .git | grep -E '^(MERGE|CHERRY_PICK|REVERT)_|^rebase'
      find . -path ./.git -prune -o -type f -printf '%m ' -exec sha256sum {} \\; | LC_ALL=C sort -k 3
    }
    # Both entries are there, each once.
    stashes() {
      [ "$(git stash list | sort | uniq -c | grep -c '1 .*: On main: ')" = 2 ] ||
        { echo "$n: not two stash entries, as $side"; git stash list; cat .git/logs/refs/stash ../out; }
    }
    git config core.autocrlf true; git config core.safecrlf false; mkdir deep; printf 'x\\r\\n' > deep/x
    for i in 1 2 3 4; do printf "$i\\r\\n" > file$i; done; git add .; git commit -q -m base
    git checkout -q -b topic; echo t > file4; git commit -q -am t; git checkout -q main; echo m > file4
    git commit -q -am m; for i in one two; do echo $i > file3; git stash -q -m $i; done
    git merge topic > /dev/null; echo staged > file1; git add file1; printf 'more\\nlines\\r\\n' > file1
    echo mine > untracked; git tag light; git branch moved; printf '*.log\\n' > .git/info/exclude; echo x > kept.log
    cat > ../agent << 'END'
    [ "$1" != first ] || { git branch other; git symbolic-ref HEAD refs/heads/other; }
    git add -A; git commit -q -m merged; [ "$1" = first ] || git checkout -q -b other; rm -r deep file2
    printf 'now\\r\\n' > deep; git add -A; git commit -q -m two; echo y > file3; rm untracked; git stash drop -q; git branch -f moved
    git tag -f light > /dev/null; git commit -q --allow-empty -m gone; git reset -q --soft HEAD~1
    END
    """

  /// Kills one command at one effect after the other, each in a fresh copy, and lets `checks` look.
  private func outcome(
    of command: String, prepared: String, killedAt effect: Effect, _ moment: String,
    meanwhile: String, checks: String
  ) async throws -> String {
    let environment = try await TestEnvironment()
    try environment.makeProgram("git", Self.killingGit)
    return try await environment.shell(
      """
      \(Self.setUp)
      state > ../before; \(prepared)
      cd ..; mv web saved; reached=no; kills=0
      for n in $(seq 1 \(effect.stride) 300); do
        rm -rf web "$TMPDIR/calls"; cp -a saved web; cd web
        \(effect.killing(moment)) laforge \(command) &> ../out; status=$?
        state > ../left; \(meanwhile)
        laforge run -q true 2> ../next || echo "$n: the next run failed"
        \(checks)
        git fsck --strict --no-dangling 2>&1 | grep -v '^notice'; cat kept.log | grep -v x
        find .git -name '*.lock' -not -path '*/laforge/*'; ls .git/laforge/run
        sqlite3 .git/laforge/steps.db 'PRAGMA integrity_check' \
          "SELECT 'open' FROM operations WHERE status = 'open'" \
          "SELECT 'running' FROM steps WHERE status = 'running'" | grep -v '^ok$'
        cd ..; if [ $status != 137 ]; then reached=yes; break; fi; kills=$((kills + 1))
      done
      echo "reached: $reached, kills: $kills"
      """
    ).standardOutput
  }

  /// The state is that before or that after, the database says the same, and the way to the other
  /// is still there.
  private static let movement = """
    git for-each-ref refs/laforge --format='%(refname)' | grep -v '^refs/laforge/keep$'
    ls .git | grep '^laforge-'; state > ../now; active=$(laforge show 1 --json | grep -c '"active" : true'); found=
    for side in before after; do
      cmp -s ../now ../$side || continue; found=$side
      git reflog expire --expire=now HEAD main other moved 2> /dev/null; git prune --expire=now
      if [ $side = before ]; then
        [ $active = 0 ] || echo "$n: as before, but active"
        stashes; laforge redo 1 &> ../out || cat ../out
        state | diff ../after - || echo "$n: no way to after"
      else
        [ $active = 1 ] || echo "$n: as after, but not active"
        laforge undo 1 &> ../out || cat ../out; state | diff ../before - || echo "$n: no way to before"
        stashes
      fi
    done
    [ "$found" ] || { echo "$n: a mixture ($status)"; diff ../before ../now; echo; diff ../after ../now; }
    """

  /// Some effects always, and others where many seeds are asked for.
  private static func effects(_ always: [Effect], soak: [Effect]) -> [Effect] {
    Seeds.isSoak ? always + soak : always
  }

  @Test(
    .needsTracing,
    arguments: effects(
      [
        .call("rename"), .call("fdatasync"), .git("status"), .git("read-tree"), .git("update-ref"),
        .git("symbolic-ref"), .git("stash"), .git("update-index"),
      ], soak: [.call("unlink"), .call("link"), .call("pwrite64"), .call("fsync")]))
  func anUndoIsDoneOrNotWhateverItWasKilledAt(_ effect: Effect) async throws {
    try await kill(
      "undo", prepared: "laforge run -q bash ../agent; state > ../after; echo x > later",
      at: effect, checks: Self.movement)
  }

  @Test(
    .needsTracing,
    arguments: effects(
      [.call("rename"), .git("read-tree"), .git("update-ref"), .git("symbolic-ref")],
      soak: [.call("fdatasync"), .git("update-index"), .call("unlink")]))
  func aRedoIsDoneOrNotWhateverItWasKilledAt(_ effect: Effect) async throws {
    try await kill(
      "redo",
      prepared: """
        laforge run -q bash ../agent first; state > ../after; laforge undo > /dev/null; echo x > later
        """, at: effect, checks: Self.movement)
  }

  @Test(
    .needsTracing,
    arguments: effects(
      [.git("update-ref")], soak: [.call("rename"), .call("fdatasync"), .git("read-tree")]))
  func theFirstCommitOfAllIsUndoneOrNotWhereverItIsKilled(_ effect: Effect) async throws {
    try await kill(
      "undo",
      prepared: """
        git reset -q --hard; git clean -qfd; git checkout -q --orphan fresh; git rm -q -r --cached .
        state > ../before; laforge run -q sh -c 'git add .; git commit -q -m first'; state > ../after
        """, at: effect, checks: Self.movement)
  }

  /// The lock of the keep reference is for those to judge who kill at that.
  private static let meanwhile = "rm -f .git/refs/laforge/keep.lock"

  /// The agent has not been started, or everything of both sides is there.
  private static let recording = """
    state > ../now; cmp ../now ../left
    if ! cmp -s ../now ../before; then
      git reflog expire --expire=now HEAD main other moved 2> /dev/null; git prune --expire=now
      laforge rollback --before 1 &> ../out || cat ../out
      # Of a step that was cut off it is not known what it did to other references.
      state | diff ../before - | grep '^[<>]' | grep -v '^. refs/'
      laforge redo &> ../out || cat ../out; state | diff ../now - || echo "$n: no way forward"
    fi
    """

  @Test(
    .needsTracing,
    arguments: effects(
      [.call("rename"), .call("fdatasync"), .call("unlink"), .git("status"), .git("update-index")],
      soak: [.call("link"), .call("pwrite64"), .call("fsync")]))
  func aRunLosesNothingWhateverItWasKilledAt(_ effect: Effect) async throws {
    try await kill(
      "run -q bash ../agent", prepared: "", at: effect, checks: Self.recording)
  }

  private func kill(
    _ command: String, prepared: String, at effect: Effect, checks: String
  ) async throws {
    for moment in effect.moments {
      let output = try await outcome(
        of: command, prepared: prepared, killedAt: effect, moment, meanwhile: Self.meanwhile,
        checks: checks)
      #expect(
        output.wholeMatch(of: /reached: yes, kills: [1-9][0-9]*\n/) != nil,
        "\(effect.testDescription) \(moment): \(output)")
    }
  }

  @Test(.needsTracing)
  func aLockOnTheKeepReferenceThatAKillLeftBlocksNothing() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      # Index and pack become visible by a link each, then the reference.
      echo mine > mine; strace -f -b execve -qq -o /dev/null -e trace=link \\
        -e inject=link:signal=KILL:when=3 laforge run -q sh -c 'echo x > made; rm mine' 2> /dev/null
      ls .git/refs/laforge/keep.lock; laforge run -q true 2> /dev/null; echo $?
      rm -f .git/refs/laforge/keep.lock; laforge run -q true
      laforge undo 1 > /dev/null; echo $?; cat mine; find .git/refs/laforge -type f
      """)
    #expect(
      output.standardOutput == ".git/refs/laforge/keep.lock\n0\n0\nmine\n.git/refs/laforge/keep\n",
      "\(output)")
  }

  @Test(arguments: [Effect.git("update-ref"), .git("symbolic-ref")])
  func aRedoThatAlsoMovesTheBranchThatHeadLeavesIsFinished(_ effect: Effect) async throws {
    try await kill(
      "redo",
      prepared: """
        laforge run -q bash ../agent; state > ../after; laforge undo > /dev/null; echo x > later
        """, at: effect, checks: Self.movement)
  }

  @Test func undoOfARunThatWasCutOffPutsReferencesAndStashBack() async throws {
    let environment = try await TestEnvironment()
    try environment.makeProgram("git", Self.killingGit)
    let output = try await environment.shell(
      """
      echo st > README.md; git stash -q; git branch moved; git branch gone; git tag light
      refs() { git for-each-ref --format='%(refname) %(objectname)' | grep -v laforge; git stash list; }
      refs > ../before; KILL_AT='before status' KILL_WHEN=2 laforge run -q bash -c 'git stash drop -q
        git commit -q --allow-empty -m x; git branch -f moved; git branch -q -D gone; git tag -f light' &> /dev/null
      laforge undo > /dev/null; echo $?; refs | diff ../before -
      """)
    #expect(output.standardOutput == "0\n", "\(output)")
  }

  @Test func nothingOfARunThatWasKilledStaysInTheGitFolder() async throws {
    let environment = try await TestEnvironment()
    try environment.makeProgram("git", Self.killingGit)
    let output = try await environment.shell(
      """
      git config core.autocrlf true; ls -A .git > ../before; echo mine > mine; git add mine; echo more > mine
      KILL_AT='after update-index' KILL_WHEN=1 laforge run -q true; laforge run -q true
      laforge undo 1 > /dev/null; ls -A .git | diff ../before -
      """)
    #expect(
      output.standardOutput.split(separator: "\n").filter { $0.hasPrefix("> laforge-") }.isEmpty,
      "\(output)")
  }

  @Test(.needsTracing)
  func theReferenceOfAStepGoesThoughLaForgeWasKilledRemovingIt() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      strace -f -qq -o /dev/null -P "$PWD/.git/refs/laforge/running/1" -e trace=unlink \\
        -e inject=unlink:signal=KILL:when=1 laforge run -q sh -c 'echo x > made' 2> /dev/null
      laforge run -q true; laforge undo 1 > /dev/null; laforge run -q true
      git for-each-ref refs/laforge --format='%(refname)'; git log --all --oneline | wc -l
      """)
    #expect(output.standardOutput == "refs/laforge/keep\n1\n", "\(output)")
  }
}
