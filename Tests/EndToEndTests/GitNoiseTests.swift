import LaForgeTestSupport
import Testing

/// A repository in which LaForge has recorded for long is, to git, the repository without it.
@Suite struct GitNoiseTests {
  /// How many steps are recorded; `make soak` asks for as many as a year may bring.
  private static let steps = Seeds.isSoak ? 2000 : 48

  /// What an agent does in its n-th step: commits, amends, stashes, branches, and work that stays
  /// uncommitted.
  private static let agent = """
    agent() {
      case $(($1 % 6)) in
        0) echo $1 >> f; git add f; git commit -q -m $1;;
        1) echo $1 >> dirty$(($1 % 5)); echo $1 >> README.md;;
        2) git add -A; git commit -q --amend -m "$1 amended";;
        3) echo $1 > untracked; rm -f dirty$(($1 % 5)); echo $1 > g; git add g;;
        4) echo $1 >> g; git stash -q -u; git stash pop -q;;
        5) git add -A; git commit -q -m $1; git checkout -q -b topic
           git commit -q --allow-empty -m topic; git checkout -q main; git branch -q -D topic;;
      esac
    }
    """

  /// Steps like any others, looked at and taken out again: prints the number of each system call
  /// that costs something, of all of them, and the size of the list of what is kept.
  ///
  /// They are as many as it takes until LaForge joins packs.
  private static let probe = """
    probe() {
      for n in 1 2 3 4 5 6 7 8 9; do
        strace -f -c -U name,calls -o ../calls.$n laforge run -q sh -c "echo $1 $n > probe"
      done
      for call in execve openat write fsync rename; do
        echo "$call $(cat ../calls.* | awk "\\$1 == \\"$call\\" {n += \\$2} END {print n}")"
      done
      echo "keep $(git cat-file -s 'refs/laforge/keep^{tree}')"; laforge undo @-8 > /dev/null
    }
    """

  /// Records, with undo, redo and rollback in between; the twin beside it does the same without
  /// LaForge, but for the steps that are undone for good.
  private static let history = """
    git config gc.auto 0; cp -a . ../twin; export -f agent
    for i in $(seq \(steps)); do
      laforge run -q bash -c "agent $i" &> ../out; [ $? != 125 ] || cat ../out
      case $((i % 7)) in
        1) laforge undo > /dev/null && laforge redo > /dev/null || echo "$i: undo, redo";;
        3) laforge rollback @-1 > /dev/null && laforge redo > /dev/null || echo "$i: rollback, redo";;
        5) laforge undo @ > /dev/null || echo "$i: undo";;
      esac
      [ $((i % 7)) = 5 ] || (cd ../twin; agent $i) &> /dev/null
      # A day goes by: what LaForge has replaced is old enough to be removed.
      [ $((i % 60)) != 0 ] || sqlite3 .git/laforge/steps.db \\
        "UPDATE superseded SET since = strftime('%Y-%m-%dT%H:%M:%fZ', since, '-1 day')"
      [ $i != 12 ] || probe 12 > ../early
    done; probe last > ../late
    """

  @Test(.needsTracing)
  func aLongHistoryLeavesNoTraceAndCostsNoMoreAtItsEnd() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      exec 2>&1; \(Self.agent)
      \(Self.probe)
      \(Self.history)
      same() {
        (cd ../twin; eval "$1") > ../without; eval "$1" > ../with
        diff ../without ../with > ../difference && echo "same: $1" || cat ../difference
      }
      objects() { git -C ../copy cat-file --batch-check --batch-all-objects; }
      same 'git log --all --format="%H %s"'; same 'git for-each-ref | grep -v "refs/laforge/keep$"'
      same 'git status --porcelain'; git for-each-ref | grep -c laforge; git fsck --strict --no-dangling
      same 'git clone -q --no-local . ../copy; git -C ../copy for-each-ref; objects; rm -r -f ../copy'
      same 'git init -q ../copy; git -C ../copy fetch -q --tags "$PWD" "+refs/heads/*:refs/heads/x/*"
        git -C ../copy for-each-ref; objects; rm -r -f ../copy'
      """)
    let expected = ["log", "for-each-ref", "status", "clone", "init"]
    let lines = output.standardOutput.split(separator: "\n").map(String.init)
    #expect(
      lines.filter { $0.hasPrefix("same: git ") }.map { String($0.split(separator: " ")[2]) }
        == expected, "\(output)")
    #expect(lines.contains("1") && lines.count == 7, "\(output)")
    try await checkCosts(environment)
    try await checkCollection(environment)
  }

  /// A step at the end costs what one at the beginning did.
  private func checkCosts(_ environment: TestEnvironment) async throws {
    let output = try await environment.shell("paste -d' ' ../early ../late")
    for line in output.standardOutput.split(separator: "\n") {
      let words = line.split(separator: " ")
      let (early, late) = (Int(words[1]) ?? 0, Int(words[3]) ?? .max)
      switch words[0] {
      // At most 256 names in the open block, and one for each closed block.
      case "keep": #expect(late < 256 * 80 + Self.steps / 50 * 40, "\(output)")
      default: #expect(late <= early + early / 4 + 4 && early > 0, "\(output)")
      }
    }
  }

  /// Git collects nothing that it would not collect without LaForge.
  private func checkCollection(_ environment: TestEnvironment) async throws {
    let output = try await environment.shell(
      """
      exec 2>&1; for i in 1 2; do for folder in ../twin .; do
        git -C $folder -c gc.auto=6700 -c gc.autoDetach=false gc --auto > ../gc 2>&1; wc -l < ../gc
      done; done; git fsck --strict --no-dangling; laforge redo > /dev/null; cat probe
      """)
    #expect(output.standardOutput == "0\n0\n0\n0\nlast 9\n", "\(output)")
  }

  @Test func runsThatLeaveNothingUncommittedMakeFewPacks() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      for i in $(seq 30); do laforge run -q git commit -q --allow-empty -m $i; done
      ls .git/objects/pack/*.pack | wc -l; git fsck --no-dangling
      """)
    #expect(Int(output.standardOutput.dropLast()) ?? .max <= 9, "\(output)")
  }

  /// Many loose objects, and many packs, make `git gc --auto` start.
  @Test func whatIsKeptLiesInFewPacks() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      for i in $(seq 16); do
        laforge run -q bash -c "for j in 1 2 3 4 5 6 7 8 9; do git commit -q --allow-empty -m $i.\\$j; done"
        laforge run -q git reset -q --hard HEAD~9
      done
      block=$(git ls-tree 'refs/laforge/keep^{tree}' | awk '$2 == "tree" && $4 !~ /tree$/ {print $3}')
      git ls-tree $block | awk '$2 == "blob" {print $3}' > ../kept; wc -l < ../kept
      while read id; do ls .git/objects/${id:0:2}/${id:2}; done < ../kept 2> /dev/null
      [ $(ls .git/objects/pack/*.pack | wc -l) -le 9 ] || ls .git/objects/pack
      git fsck --strict --no-dangling; git reflog expire --expire=now --all; git gc -q --prune=now
      laforge rollback 1 > /dev/null; git log -1 --format=%s
      """)
    #expect(output.standardOutput == "128\n1.9\n", "\(output)")
  }
}
