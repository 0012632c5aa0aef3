import CLaForgeSupport
import Glibc
import LaForgeCore

/// The pipes between a command and LaForge, and what of the caller's descriptors it gets itself.
final class Plumbing {
  /// One stream of the command that LaForge relays.
  struct Relay {
    let stream: AgentStream
    /// Our end of the command's pipe.
    let source: Int32
    /// The caller's descriptor that its bytes go to.
    let sink: Int32
  }

  private(set) var relays: [Relay] = []
  /// What becomes descriptor 0, 1 and 2 of the command; -1 for closed.
  private(set) var childDescriptors: (Int32, Int32, Int32)
  private var childEnds: [Int32] = []

  /// - Parameter closedDescriptors: Those of 0, 1 and 2 that the caller had closed; the command
  ///   finds them closed too.
  /// - Throws: `AgentLaunchError` where no pipe can be made.
  init(closedDescriptors: Set<Int32>) throws(AgentLaunchError) {
    func inherited(_ descriptor: Int32) -> Int32 {
      closedDescriptors.contains(descriptor) ? -1 : descriptor
    }
    childDescriptors = (inherited(0), inherited(1), inherited(2))
    do throws(AgentLaunchError) {
      if Self.isRelayed(childDescriptors.1) {
        childDescriptors.1 = try makePipe(.standardOutput, sink: 1)
      }
      if childDescriptors.2 >= 0, childDescriptors.1 != 1, Self.areOnePipe(1, 2) {
        // `2>&1`: one pipe keeps the order in which the command writes to the two.
        childDescriptors.2 = childDescriptors.1
      } else if Self.isRelayed(childDescriptors.2) {
        childDescriptors.2 = try makePipe(.standardError, sink: 2)
      }
    } catch {
      closeAll()
      throw error
    }
  }

  func closeChildEnds() {
    for descriptor in childEnds { close(descriptor) }
    childEnds = []
  }

  func closeAll() {
    closeChildEnds()
    for relay in relays { close(relay.source) }
    relays = []
  }

  private func makePipe(
    _ stream: AgentStream, sink: Int32
  ) throws(AgentLaunchError) -> Int32 {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw AgentLaunchError(function: "pipe", errorNumber: errno)
    }
    for end in ends { _ = laforge_set_close_on_exec(end) }
    relays.append(Relay(stream: stream, source: ends[0], sink: sink))
    childEnds.append(ends[1])
    return ends[1]
  }

  /// A terminal is handed over untouched, and so is a descriptor that the caller had closed.
  private static func isRelayed(_ descriptor: Int32) -> Bool {
    descriptor >= 0 && isatty(descriptor) == 0
  }

  /// Whether two descriptors are the same pipe, socket or file, as after `2>&1`.
  ///
  /// A device such as `/dev/null` does not count: nobody sees an order there.
  private static func areOnePipe(_ left: Int32, _ right: Int32) -> Bool {
    var first = stat()
    var second = stat()
    guard fstat(left, &first) == 0, fstat(right, &second) == 0 else { return false }
    let kind = first.st_mode & S_IFMT
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino
      && kind != S_IFCHR && kind != S_IFBLK
  }
}
