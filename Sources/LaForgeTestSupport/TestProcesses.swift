import Foundation
import Glibc
import SystemPackage

/// The processes that a test has started and that are still there, as `/proc` shows them.
///
/// They are known by the folder of the test, which their environment, their arguments or their
/// working directory names, and by being descendants of such a process.
struct TestProcesses {
  /// One of them.
  struct Member {
    var pid: pid_t
    /// Its arguments, and the kernel function that it sleeps in where the kernel says so.
    var description: String
  }

  let root: FilePath

  /// Returns those that are there now, the oldest first.
  func members() -> [Member] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    let pids = names.compactMap(pid_t.init).filter { $0 != getpid() }.sorted()
    var found = Set(pids.filter(namesRoot))
    var isComplete = false
    while !isComplete {
      let more = pids.filter { pid in
        !found.contains(pid) && parent(of: pid).map(found.contains) == true
      }
      found.formUnion(more)
      isComplete = more.isEmpty
    }
    return found.sorted().compactMap { pid in
      let words = Self.content(pid, "cmdline").split(separator: "\0").joined(separator: " ")
      // A process that has ended and waits for its parent has no arguments any more.
      guard !words.isEmpty else { return nil }
      let place = Self.content(pid, "wchan")
      let state = place.isEmpty || place == "0" ? "" : " (in \(place))"
      return Member(pid: pid, description: "\(pid)\(state): \(words.prefix(300))")
    }
  }

  /// Kills them, also those that they start meanwhile.
  func kill() {
    for _ in 0..<100 {
      let left = members()
      guard !left.isEmpty else { return }
      for member in left { _ = Glibc.kill(member.pid, SIGKILL) }
      poll(nil, 0, 20)
    }
  }

  private func namesRoot(_ pid: pid_t) -> Bool {
    let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd")
    if let link, FilePath(link).starts(with: root) { return true }
    return ["environ", "cmdline"].contains { Self.content(pid, $0).contains(root.string) }
  }

  private func parent(of pid: pid_t) -> pid_t? {
    // The name before the state is in parentheses and may hold any byte.
    Self.content(pid, "stat").split(separator: ")").last?.split(separator: " ").dropFirst().first
      .flatMap { pid_t($0) }
  }

  private static func content(_ pid: pid_t, _ name: String) -> String {
    // A process may end at any time, and those of other users say nothing.
    guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/\(name)") else {
      return ""
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
