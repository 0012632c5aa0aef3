import CLaForgeSupport
import Glibc
package import LaForgeCore

/// The machine's processes, as Linux shows them under `/proc`; see `man 5 proc`.
package struct ProcessTable: Sendable {
  package init() {}

  /// Describes a process of this machine so that it can be told from a later one with its number.
  func identify(_ pid: pid_t) -> AgentProcess {
    AgentProcess(pid: pid, startTicks: status(of: pid)?.startTicks ?? 0, machine: Self.machine)
  }

  /// Describes a process that LaForge did not start, and the words that it was started with; `nil` where
  /// there is none.
  package func find(_ pid: Int32) -> (process: AgentProcess, words: [String])? {
    guard let status = status(of: pid), !status.isZombie else { return nil }
    return Self.foreign(pid, status)
  }

  private static func foreign(
    _ pid: pid_t, _ status: Status
  ) -> (process: AgentProcess, words: [String]) {
    let words = contents(of: "/proc/\(pid)/cmdline")?.split(
      separator: "\0", omittingEmptySubsequences: false)
    // The last word is ended by a NUL as well; more follow where a process has changed its title.
    let count = (words?.lastIndex { !$0.isEmpty } ?? -1) + 1
    return (
      AgentProcess(pid: pid, startTicks: status.startTicks, machine: machine, leadsGroup: false),
      (words ?? []).prefix(count).map(String.init)
    )
  }

  /// Returns whether any process of the agent's group still runs, or the process alone where it leads
  /// none.
  ///
  /// Zombies do not count, nor does a group of another boot or process-id namespace, or one that
  /// got its number later.
  package func isAlive(_ process: AgentProcess) -> Bool {
    guard process.machine == Self.machine else { return false }
    guard process.leadsGroup else {
      return status(of: process.pid).map {
        !$0.isZombie && $0.startTicks == process.startTicks
      } ?? false
    }
    guard kill(-process.pid, 0) == 0 || errno == EPERM else { return false }
    if let leader = status(of: process.pid), leader.startTicks != process.startTicks {
      return false
    }
    return hasRunningProcess(process.pid)
  }

  /// Returns whether any process of a group that this process has started still runs; zombies do not
  /// count.
  func isGroupAlive(_ group: pid_t) -> Bool {
    guard kill(-group, 0) == 0 || errno == EPERM else { return false }
    return hasRunningProcess(group)
  }

  /// Whether an existing group has a process that is not a zombie.
  private func hasRunningProcess(_ group: pid_t) -> Bool {
    let running = runningProcesses()
    // Without `/proc` the group is known to exist, and nothing more.
    return running.isEmpty || running.contains { $0.group == group && !$0.isZombie }
  }

  /// The processes that this one descends from, its parent first, as far as they can be seen.
  package func ancestors() -> [(process: AgentProcess, words: [String])] {
    var found: [(process: AgentProcess, words: [String])] = []
    var pid = getppid()
    while pid > 1, let status = status(of: pid) {
      found.append(Self.foreign(pid, status))
      pid = status.parent
    }
    return found
  }

  /// The process groups of a session.
  func groups(inSession session: pid_t) -> Set<pid_t> {
    Set(runningProcesses().filter { $0.session == session && !$0.isZombie }.map(\.group))
  }

  private struct Status {
    var parent: pid_t
    var group: pid_t
    var session: pid_t
    var isZombie: Bool
    var startTicks: UInt64
  }

  /// The boot and the process-id namespace that numbers are valid in.
  private static let machine: String = {
    let boot = contents(of: "/proc/sys/kernel/random/boot_id").map { $0.prefix { $0 != "\n" } }
    return "\(boot ?? "unknown") \(linkTarget(of: "/proc/self/ns/pid") ?? "unknown")"
  }()

  private func runningProcesses() -> [Status] {
    guard let directory = opendir("/proc") else { return [] }
    defer { closedir(directory) }
    var found: [Status] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if let pid = pid_t(name), let status = status(of: pid) { found.append(status) }
    }
    return found
  }

  /// `nil` where there is no such process.
  private func status(of pid: pid_t) -> Status? {
    // "PID (COMMAND) STATE PPID PGRP …": the command may hold spaces and parentheses.
    guard let text = Self.contents(of: "/proc/\(pid)/stat"),
      let end = text.lastIndex(of: ")")
    else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    // Field 3 of the manual page is the first here: 4 is the parent, 5 the group, 6 the session, 22 the
    // start time.
    guard fields.count > 19, let parent = pid_t(fields[1]), let group = pid_t(fields[2]),
      let session = pid_t(fields[3]),
      let start = UInt64(fields[19])
    else { return nil }
    return Status(
      parent: parent, group: group, session: session, isZombie: "ZX".contains(fields[0]),
      startTicks: start)
  }

  private static func contents(of path: String) -> String? {
    let descriptor = laforge_open(path, O_RDONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var text: [UInt8] = []
    var bytes = [UInt8](repeating: 0, count: 4096)
    // A command line takes what its owner gave it.
    while case let count = read(descriptor, &bytes, bytes.count), count > 0 {
      text += bytes[..<count]
    }
    return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
  }

  private static func linkTarget(of path: String) -> String? {
    var target = [CChar](repeating: 0, count: 256)
    let count = readlink(path, &target, target.count)
    guard count > 0 else { return nil }
    return String(decoding: target[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
