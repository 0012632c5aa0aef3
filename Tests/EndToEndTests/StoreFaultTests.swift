import LaForgeTestSupport
import Testing

/// Each write of the step database and of the record file fails: once, and from there on.
@Suite struct StoreFaultTests {
  /// Runs a command once for each write of the store, which fails with an error, until none is left.
  ///
  /// After each the database is whole, the next command works, no step is left running, and a command
  /// that failed said so in one sentence.
  private func script(_ command: String, _ error: String, _ repeats: String) -> String {
    """
    echo 1 > a; git add a; git commit -q -m a
    laforge run -q sh -c 'echo 2 > a'; laforge run -q sh -c 'echo 3 > a'; laforge undo > /dev/null
    cd ..; mv web saved; reached=no; failed=0
    for n in $(seq 60); do
      rm -rf web; cp -a saved web; cd web; store=$PWD/.git/laforge
      timeout 60 strace -f -o ../trace -P $store/steps.db -P $store/steps.db-wal \\
        -P $store/record.jsonl -e trace=pwrite64 \\
        -e inject=pwrite64:error=\(error):when=$n\(repeats) laforge \(command) > ../out 2> ../said
      status=$?
      grep -q INJECTED ../trace || { reached=yes; cd ..; break; }
      failed=$((failed + 1))
      case $status in 0|1|125) ;; *) echo "$n: status $status"; cat ../said;; esac
      [ $status = 0 ] || [ "$(grep -c '^Error: ' ../said)" = 1 ] || { echo "$n:"; cat ../said; }
      laforge run -q true 2> ../next || { echo "$n: the next run failed"; cat ../next; }
      [ "$(sqlite3 $store/steps.db 'PRAGMA integrity_check')" = ok ] || echo "$n: damaged"
      sqlite3 $store/steps.db "SELECT 'running S' || id FROM steps WHERE status = 'running'"
      sqlite3 $store/steps.db "SELECT 'open O' || id FROM operations WHERE status = 'open'"
      # The record file holds everything again.
      laforge log --all --jsonl > ../log; rm $store/steps.db*; laforge log --all --jsonl 2> /dev/null |
        cmp -s - ../log || echo "$n: the record differs"
      cd ..
    done
    echo "$reached"; [ $failed -gt 3 ] && echo enough
    """
  }

  @Test(
    .needsTracing, arguments: ["run -q sh -c 'echo 4 > a'", "undo", "redo"],
    [("ENOSPC", ""), ("EIO", "+")])
  func aFailedWriteIsToldAndLeavesNothingRunning(
    _ command: String, _ fault: (error: String, repeats: String)
  ) async throws {
    let output = try await RecordedScript.outcome(
      of: script(command, fault.error, fault.repeats))
    #expect(output == "yes\nenough\n", "\(output)")
  }
}
