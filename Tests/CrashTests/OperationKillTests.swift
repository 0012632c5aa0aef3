import Foundation
import LaForgeTestSupport
import SystemPackage
import Testing

/// An undo or redo is killed, or the disk fails it, at every system call that changes a file.
@Suite(.needsTracing)
struct OperationKillTests {
  /// A repository with uncommitted work, and a step that does something to all of it.
  ///
  /// `state` prints everything that an operation must bring back: HEAD, branches, index, files.
  private static let setUp = """
    state() {
      git symbolic-ref -q HEAD; git rev-parse HEAD; git ls-files -s
      # What a step has made stays, so only what was there before counts.
      git for-each-ref --format='%(refname) %(objectname)' refs/heads/main
      git status --porcelain -uall
      find . -path ./.git -prune -o -type f -print | LC_ALL=C sort | while read -r file; do
        stat -c '%a %n' "$file"; sha256sum < "$file"; done
      find . -path ./.git -prune -o -type l -printf '%p %l\\n' | LC_ALL=C sort
    }
    mkdir deep; for i in 1 2 3 4 5 6; do echo "$i" > "file$i"; done; echo x > deep/x
    printf '*.log\\n' > .gitignore; git add .; git commit -q -m base
    echo staged >> file1; git add file1; echo more >> file1; echo dirty >> file2
    echo mine > untracked; ln -s file3 link; chmod +x file3; echo keep > kept.log
    git stash -q; git stash apply -q --index; cd ..; mv web saved; mkdir web
    """

  private static let agent = """
    echo agent >> file2; git add -A; git commit -q -m one; rm -r deep file4; echo now > deep
    git commit -q -am two; git checkout -q -b other; rm untracked link; mkdir link; echo y > link/y
    echo z > file5; git stash drop -q; git tag made
    """

  /// Runs `command` in a fresh copy of the repository for each number, stopped at that call, and
  /// lets the next command find what is left.
  private func script(
    _ command: String, _ call: String, _ injection: String, _ numbers: String
  ) -> String {
    """
    set -u
    \(Self.setUp)
    cd saved; state > ../before
    laforge run -q sh -c "\(Self.agent)"; state > ../after
    if [ "\(command)" = redo ]; then laforge undo > /dev/null; fi
    state > ../start; cd ..; reached=no; bad=0
    for n in \(numbers); do
      rm -rf web; cp -a saved web; cd web
      strace -f -o /dev/null -e trace=\(call) -e inject=\(call):\(injection):when=$n \
        laforge \(command) > ../out 2>&1; status=$?
      if grep -q 'Nothing was changed' ../out; then
        state > ../then
        cmp -s ../then ../start || { echo "$n: something was changed"; diff ../start ../then; bad=1; }
      fi
      # The next command finds whatever is left, and finishes or leaves it.
      laforge run -q true 2> ../next || { echo "$n: the next run failed"; cat ../next; bad=1; }
      state > ../now
      if ! cmp -s ../now ../before && ! cmp -s ../now ../after; then
        echo "$n: a mixture ($status)"; cat ../out ../next; diff ../before ../now
        echo "and from after:"; diff ../after ../now; bad=1
      fi
      git fsck --strict --no-dangling 2>&1 | grep -v '^notice'
      find .git -name '*.lock' -not -path '*/laforge/*'; ls .git | grep '^laforge-'
      [ -e kept.log ] || echo "$n: the ignored file is gone"
      sqlite3 .git/laforge/steps.db "SELECT 'open' FROM operations WHERE status = 'open'"
      cd ..; if [ $status = 0 ]; then reached=yes; break; fi
      [ $bad = 0 ] || break
    done
    echo "end reached: $reached"
    """
  }

  /// A few of the calls unless many seeds are asked for.
  private static func numbers(_ last: Int, every stride: Int) -> String {
    let step = Seeds.isSoak ? 1 : stride
    return "$(seq 1 \(step) \(last)) 60000"
  }

  @Test(arguments: [
    ("undo", "rename", 40, 3), ("undo", "unlink", 60, 5), ("undo", "fdatasync", 30, 4),
    ("undo", "write", 200, 23), ("undo", "openat", 700, 67), ("undo", "clone,clone3", 12, 2),
    ("undo", "rmdir", 8, 1), ("undo", "mkdir", 8, 2), ("redo", "rename", 40, 5),
    ("redo", "unlink", 60, 9), ("redo", "openat", 700, 97),
  ])
  func whereverAnOperationIsKilledNothingIsLostAndNothingIsHalf(
    _ command: String, _ call: String, _ last: Int, _ stride: Int
  ) async throws {
    let environment = try await TestEnvironment()
    let numbers = Self.numbers(last, every: stride)
    let output = try await environment.shell(script(command, call, "signal=KILL", numbers))
    #expect(output.standardOutput == "end reached: yes\n", "\(command) \(call): \(output)")
  }

  @Test(arguments: [
    ("write", "error=ENOSPC", 200, 29), ("rename", "error=EIO", 40, 5),
    ("openat", "error=EIO", 700, 113), ("mkdir", "error=ENOSPC", 8, 2),
    ("unlink", "error=EIO", 60, 11),
  ])
  func aDiskThatFailsAnOperationLeavesItDoneOrUndone(
    _ call: String, _ injection: String, _ last: Int, _ stride: Int
  ) async throws {
    let environment = try await TestEnvironment()
    let numbers = Self.numbers(last, every: stride)
    let output = try await environment.shell(script("undo", call, injection, numbers))
    #expect(output.standardOutput.hasSuffix("end reached: yes\n"), "\(call): \(output)")
    #expect(!output.standardOutput.contains("mixture"), "\(call): \(output)")
    #expect(!output.standardOutput.contains("something was changed"), "\(call): \(output)")
  }
}
