import Foundation
import LaForgeTestSupport
import Testing

/// A lost step database is noticed and named, and comes back row by row.
@Suite struct DatabaseLossTests {
  /// A history of runs, operations, hook notes and a begun step, and what compares it: `rows` prints
  /// every row, `lose NAME` takes something away.
  private static let history = """
    rows() {
      for table in $(sqlite3 .git/laforge/steps.db "SELECT name FROM sqlite_schema WHERE type = 'table'
        AND name NOT IN ('record', 'grdb_migrations', 'sqlite_sequence') ORDER BY name"); do
        echo "$table"; sqlite3 .git/laforge/steps.db "SELECT * FROM $table"; done
    }
    lose() {
      (cd .git/laforge && case $1 in
        gone) rm -f steps.db steps.db-wal steps.db-shm;;
        empty) rm -f steps.db-wal steps.db-shm; : > steps.db;;
        garbage) rm -f steps.db-wal steps.db-shm; yes x | head -c 50000 > steps.db;;
        copyless) rm -f steps.db*;;
        wal) rm -f steps.db-wal steps.db-shm;;
        keeponly) rm -f steps.db* record.jsonl;;
      esac)
    }
    echo 1 > a; git add a; git commit -q -m a; laforge hooks install > /dev/null
    laforge run -q sh -c 'echo 2 > a; echo b > b; git add .; git commit -q -m b; git commit -q --amend -m c'
    laforge run -q sh -c 'echo 3 > a; echo c > c'; laforge run -q true
    laforge undo 2 > /dev/null; laforge redo > /dev/null; laforge rollback 1 > /dev/null
    laforge restore 2 a > /dev/null; laforge redo 2 > /dev/null
    git commit -q --amend -m d --allow-empty; laforge run -q sh -c 'echo 4 > a; exit 3'
    """

  @Test(arguments: ["gone", "empty", "garbage", "copyless", "wal"])
  func everyRowComesBackAndTheNextStepHasANewNumber(_ loss: String) async throws {
    let output = try await RecordedScript.outcome(
      of: """
        \(Self.history)
        # The last connection that is closed folds the WAL in, so the rows are read from a copy.
        cp -a .git/laforge ../files; rows > ../before; rm -r .git/laforge; mv ../files .git/laforge
        laforge log --all --json > ../log; lose \(loss)
        laforge log --all --json 2> ../said | diff ../log - && echo shown; grep -c 'step database' ../said
        laforge undo --dry-run > /dev/null 2>&1; laforge redo 99 > /dev/null 2> ../said
        grep -c 'step database' ../said; rows | diff ../before - && echo equal
        laforge run -v true 2>&1 | grep -o '^S[0-9]*'; laforge log -n 1 2>&1 | grep -c database
        """)
    #expect(output == "shown\n1\n1\nequal\nS5\n0\n", "\(output)")
  }

  @Test func theKeepTreeAloneBringsBackWhatItHolds() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        \(Self.history)
        lose keeponly; laforge run -v sh -c 'echo 5 > a' 2>&1 | grep -oE '^S[0-9]*|was gone'
        laforge log --all --jsonl | sed -E 's/.*"id":([0-9]+).*/\\1/' | one
        git fsck > /dev/null 2>&1 && echo sound
        """)
    // The end of S4 came after the keep reference had moved.
    #expect(output == "was gone\nS5\n5 4 3 2 1\nsound\n", "\(output)")
  }

  @Test func aStepThatRunsWhileItsDatabaseIsDeletedKeepsItsNumber() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        echo 1 > a; git add a; git commit -q -m a; laforge run -q sh -c 'echo 2 > a'
        laforge run -q sh -c 'rm -f .git/laforge/steps.db*; echo 3 > a' > /dev/null 2>&1; echo $?
        laforge run -v true 2>&1 | grep -oE '^S[0-9]+ ok|was gone'
        laforge log --jsonl | sed -E 's/.*"exit_code":([a-z0-9]+).*"id":([0-9]+).*/\\2 \\1/'
        """)
    #expect(output == "0\nwas gone\nS3 ok\n3 0\n2 0\n1 0\n", "\(output)")
  }

  @Test(arguments: ["mkfifo .git/laforge/steps.db", "mkdir .git/laforge/steps.db"])
  func whatIsNoFileIsToldInOneSentence(_ make: String) async throws {
    let output = try await RecordedScript.outcome(
      of: """
        laforge run -q true; rm .git/laforge/steps.db*; \(make)
        laforge run touch ran 2>&1 | grep -c '^Error: '; laforge run touch ran 2> /dev/null; echo $?
        laforge log 2> /dev/null; echo $?; laforge undo 2> /dev/null; echo $?; ls ran 2> /dev/null
        laforge run --best-effort -- echo done 2> /dev/null
        """)
    #expect(output == "1\n125\n1\n1\ndone\n", "\(output)")
  }

  @Test func aDatabaseThatAnotherProgramLocksIsWaitedForOnce() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        laforge run -q true; mkfifo ../go ../held
        (exec 3<> ../go; sqlite3 .git/laforge/steps.db 'BEGIN IMMEDIATE' ".shell echo > ../held" \
          ".shell read line < ../go" 'COMMIT') &
        read line < ../held
        laforge run touch ran 2> ../said; echo $?; grep -c '^Error: Other processes' ../said
        echo > ../go; wait; laforge run -v true 2>&1 | grep -o '^S[0-9]*'; ls ran 2> /dev/null
        """)
    #expect(output == "125\n1\nS2\n", "\(output)")
  }

  @Test func aRecordThatIsGoneOrTornIsWrittenAgain() async throws {
    let output = try await RecordedScript.outcome(
      of: """
        \(Self.history)
        for damage in 'rm .git/laforge/record.jsonl' 'truncate -s -30 .git/laforge/record.jsonl' \
          'printf torn >> .git/laforge/record.jsonl'; do
          eval "$damage"; laforge run -q true; rows > ../before; lose copyless
          laforge redo 99 > /dev/null 2>&1; rows | diff ../before - && echo equal
        done
        """)
    #expect(output == "equal\nequal\nequal\n", "\(output)")
  }
}
