import Foundation
import LaForgeTestSupport
import Testing

/// What LaForge recorded stays readable, whatever git collects and whatever else is lost.
@Suite struct KeptStatesTests {
  /// Functions of the scripts: `explode` makes loose objects of all packs, `lose` removes one,
  /// `unreadable` counts the recorded snapshots that are not whole.
  private static let functions = """
    explode() {
      mkdir ../packs; mv .git/objects/pack/* ../packs; rm -f ../packs/*.keep
      for pack in ../packs/*.pack; do git unpack-objects -q < $pack; done; rm -r -f ../packs
    }
    lose() { rm -f .git/objects/${1:0:2}/${1:2}; }
    snapshots() {
      sqlite3 .git/laforge/steps.db 'SELECT snapshot_before FROM steps WHERE snapshot_before <> ""
        UNION SELECT snapshot_after FROM steps WHERE snapshot_after <> ""'
    }
    unreadable() {
      for id in $(snapshots); do git rev-list --objects $id > /dev/null 2>&1 || echo $id; done | wc -l
    }
    healthy() { git gc -q --prune=now && git fsck --no-dangling && echo healthy; }
    """

  /// How often the runs of one round are made, and how many they are.
  private static let rounds = Seeds.isSoak ? 20 : 1
  private static let runs = Seeds.isSoak ? 60 : 16

  @Test func runsBesideACollectionLoseNothing() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      exec 2>&1; \(Self.functions)
      for i in $(seq 200); do echo $i > f$i; done; git add -A; git commit -q -m many
      git worktree add -q ../side
      for round in $(seq \(Self.rounds)); do
        (while [ ! -e ../stop ]; do git gc -q --prune=now 2> ../gc || echo "gc failed"; done) & gc=$!
        i=0; while [ $i -lt \(Self.runs) ]; do
          runs=; for place in . ../side . ../side; do
            i=$((i+1))
            (cd $place; laforge run -q sh -c "echo $i > o$i; echo $i >> f1; mkdir -p d$i; echo $i > d$i/x" 2> ../said.$i) &
            runs="$runs $!"
          done; wait $runs
        done
        touch ../stop; wait $gc; rm ../stop
        echo "unreadable $(unreadable)"; healthy; echo "unreadable $(unreadable)"
      done
      """)
    let round = ["unreadable 0", "healthy", "unreadable 0"]
    let lines = output.standardOutput.split(separator: "\n").map(String.init)
    #expect(lines == (0..<Self.rounds).flatMap { _ in round }, "\(output)")
  }

  /// What is lost, and the command that finds it; what is said, and how many snapshots are not whole
  /// then.
  struct Loss: Sendable, CustomTestStringConvertible {
    var what: String
    var said: String
    var unreadable = 0

    var testDescription: String { what }
  }

  @Test(arguments: [
    Loss(what: "git update-ref -d refs/laforge/keep", said: ""),
    Loss(what: "explode; lose $(git rev-parse refs/laforge/keep)", said: ""),
    Loss(what: "explode; lose $(git rev-parse 'refs/laforge/keep^{tree}')", said: ""),
    Loss(
      what: "explode; lose $(snapshots | head -1)",
      said: "Warning: Recorded states are gone from the repository: ", unreadable: 1),
    Loss(
      what: "explode; lose $(echo two | git hash-object --stdin); rm w2",
      said: "Warning: Of recorded states, some files are gone: after S2, before S3", unreadable: 1),
  ])
  func whatIsNotLostIsKept(_ loss: Loss) async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      exec 2>&1; \(Self.functions)
      for n in one two three four; do laforge run -q sh -c "echo $n > w$n; echo $n >> README.md"; done
      laforge run -q sh -c 'rm wone'; laforge undo > /dev/null
      \(loss.what.replacing("w2", with: "wtwo")); echo "===== $(unreadable)"
      laforge run -q true; echo '====='; healthy; unreadable; laforge run -q true
      laforge restore 1 --to ../first > /dev/null; laforge restore 4 --to ../fourth > /dev/null
      ls ../first ../fourth | tr '\\n' ' '
      """)
    let parts = output.standardOutput.components(separatedBy: "=====")
    try #require(parts.count == 3, "\(output)")
    if loss.said.isEmpty {
      #expect(parts[1].split(separator: "\n").count == 1, "\(output)")
    } else {
      #expect(parts[1].contains(loss.said), "\(output)")
    }
    // What is left of a snapshot is kept under another id.
    #expect(parts[2].contains("healthy\n"), "\(output)")
    let lines = parts[2].split(separator: "\n")
    #expect(
      (lines.dropFirst().first.flatMap { Int($0) } ?? .max) <= 4 * loss.unreadable, "\(output)")
    if !loss.said.contains("are gone from") {
      #expect(parts[2].contains("../first:") && parts[2].contains("wone"), "\(output)")
      #expect(parts[2].contains("../fourth:") && parts[2].contains("wfour"), "\(output)")
    }
  }

  @Test func aStateOfWhichAFileIsGoneIsGoneBackToWithoutIt() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      exec 2>&1; \(Self.functions)
      laforge run -q sh -c 'echo a > a; echo b > b'; laforge run -q sh -c 'rm a b; echo c > c'
      explode; lose $(echo b | git hash-object --stdin)
      laforge rollback 1; echo "status $?"; ls; healthy
      """)
    #expect(output.standardOutput.contains("status 0\nREADME.md\na\nhealthy\n"), "\(output)")
  }

  @Test func whatLiesInALendersRepositoryAloneIsCopied() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      exec 2>&1; \(Self.functions)
      git switch -q -c topic; mkdir s; echo t > s/t; git add s; git commit -q -m t
      git switch -q main; git clone -q --shared . ../borrower; cd ../borrower
      git checkout -q --detach origin/topic; git branch -q -r -d origin/topic
      echo d >> README.md; git commit -q -a -m mine
      laforge run -q sh -c 'git switch -q -f main; echo z > z'
      git reflog expire --expire=now --all; cd ../web
      git branch -q -D topic; git reflog expire --expire=now --all; git gc -q --prune=now
      cd ../borrower; healthy; laforge undo > /dev/null; cat s/t
      """)
    #expect(output.standardOutput == "healthy\nt\n", "\(output)")
  }

  @Test(arguments: ["cherry-pick", "merge"])
  func anOperationInProgressWhoseCommitsWereCollectedIsUndone(_ command: String) async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      git switch -q -c p; echo g > g; git add g; git commit -q -m g; echo p > README.md
      git commit -q -a -m p; git switch -q main; echo o > README.md; git commit -q -a -m o
      laforge run -q sh -c 'git \(command) p > /dev/null 2>&1; git branch -q -D p'
      git reflog expire --expire=now --all; git gc -q --prune=now
      laforge run -q true; echo $?; laforge undo 1 > /dev/null; echo $?; git log -1 --format=%s p
      git status --porcelain; git fsck --no-dangling
      """)
    #expect(output.standardOutput == "0\n0\np\n", "\(output)")
  }
}
