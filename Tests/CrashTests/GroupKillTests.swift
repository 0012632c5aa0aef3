import Foundation
import LaForgeTestSupport
import Testing

/// LaForge and its gits are killed at once, as when a container is stopped or memory runs out.
@Suite struct GroupKillTests {
  /// How often an undo is killed, and how many files it writes.
  private static let kills = Seeds.isSoak ? 200 : 12
  private static let files = Seeds.isSoak ? 1500 : 300

  /// Functions: `undo_until` starts an undo and kills its whole process group as soon as a condition
  /// holds, or lets it end; `left` lists the locks outside of LaForge's own folder.
  private static let functions = """
    undo_until() {
      setsid laforge undo > ../said 2>&1 & local pid=$!
      until eval "$1" || is_gone $pid; do :; done
      kill -KILL -- -$pid 2> /dev/null; wait $pid 2> /dev/null
    }
    left() { find .git -name '*.lock' -not -path '*/laforge/*'; }
    """

  private static let prepared = """
    for i in $(seq \(files)); do echo $i > f$i; done; git add -A; git commit -q -m many
    echo mine > mine
    laforge run -q sh -c 'for f in f*; do echo agent > $f; done; git commit -q -a -m agent; rm mine'
    """

  @Test(
    arguments: [
      "[ -e .git/index.lock ]", "[ -e .git/HEAD.lock ]", "[ -e .git/refs/heads/main.lock ]",
      "ls .git/laforge-move-* > /dev/null 2>&1", "[ \"$(cat f1)\" != agent ]", "[ -e mine ]",
      "[ \"$(git rev-parse -q main)\" != $agent ]",
    ])
  func theNextCommandBringsEverythingToOneSide(_ condition: String) async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      \(Self.functions)
      \(Self.prepared)
      agent=$(git rev-parse main)
      undo_until '\(condition)'
      laforge run -q true; echo "run $?"; left
      files=$(cat f* | sort -u | wc -l)
      case "$(git rev-parse main)" in
        $agent) echo "$files file, $(ls mine 2> /dev/null)";;
        *) echo "$files files, $(cat mine)";;
      esac
      git commit -q --allow-empty -m works; git fsck --no-dangling; laforge ops | grep -c 'rest of the rest'
      """)
    let lines = output.standardOutput.split(separator: "\n").map(String.init)
    #expect(lines.first == "run 0", "\(output)")
    #expect(lines.count == 3 && lines.last == "0", "\(output)")
    if lines.count == 3 {
      #expect(["1 file, ", "\(Self.files) files, mine"].contains(lines[1]), "\(output)")
    }
  }

  @Test func killsAtAnyTimeLeaveNothingHalf() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      \(Self.functions)
      \(Self.prepared)
      agent=$(git rev-parse main); cp -a . ../saved
      for n in $(seq \(Self.kills)); do
        undo_until "[ \\$((++turns)) -gt $((n * 40)) ]"; turns=0
        laforge run -q true || echo "$n: run failed: $(cat ../said)"
        [ -z "$(left)" ] || echo "$n: $(left)"
        case "$(git rev-parse main) $(cat f* | sort -u | wc -l) $(cat mine 2> /dev/null)" in
          "$agent 1 ") ;; "$agent"*) echo "$n: half";; *" \(Self.files) mine") ;; *) echo "$n: half";;
        esac
        cd ..; rm -r -f web; cp -a saved web; cd web
      done
      """)
    #expect(output.standardOutput.isEmpty, "\(output)")
  }

  @Test func whatCanNeverBeFinishedBlocksNothing() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      exec 2>&1; \(Self.functions)
      \(Self.prepared)
      undo_until '[ "$(cat f1)" != agent ]'
      mkdir ../packs; mv .git/objects/pack/* ../packs
      for pack in ../packs/*.pack; do git unpack-objects -q < $pack; done
      id=$(echo mine | git hash-object --stdin); rm -f mine .git/objects/${id:0:2}/${id:2}
      echo =====; laforge run -q true; echo "run $?"; left; laforge | grep -c 'cut off'
      laforge run -q sh -c 'echo later > later'; laforge undo > /dev/null; echo "undo $?"
      """)
    let text = output.standardOutput.components(separatedBy: "=====").last ?? ""
    #expect(text.contains("can never be finished"), "\(output)")
    #expect(text.hasSuffix("run 0\n0\nundo 0\n"), "\(output)")
  }

  @Test func anUndoThatIsRepeatedFinishesTheFirstAndStops() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.shell(
      """
      exec 2>&1; \(Self.functions)
      \(Self.prepared)
      undo_until '[ "$(cat f1)" != agent ]'
      laforge | grep '^  cut off' | cut -c1-40; laforge status --json | grep '"cut_off"'
      laforge undo --dry-run | head -1 | cut -c1-40
      laforge undo; cat mine; laforge | grep -c 'cut off'; laforge redo > /dev/null; cat f1
      """)
    let text = output.standardOutput
    #expect(text.contains("  cut off   the undo S1 (O1), "), "\(output)")
    #expect(text.contains("  \"cut_off\" : 1,\n"), "\(output)")
    #expect(text.contains("Warning: The undo S1 (O1) was cut off"), "\(output)")
    #expect(!text.contains("you edited"), "\(output)")
    #expect(text.contains("Note: Finished the undo S1 (O1), which had been cut off"), "\(output)")
    #expect(text.hasSuffix("mine\n0\nagent\n"), "\(output)")
  }
}
