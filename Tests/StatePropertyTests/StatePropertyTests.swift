import LaForgeTestSupport
import Testing

/// Random histories of agents, of the person and of LaForge's operations, against a model of the
/// contract and with git as the oracle.
@Suite struct StatePropertyTests {
  /// Lets only as many sequences run at once as keep two processors busy.
  private static let lanes = Lanes(count: 3)

  @Test(arguments: Seeds.all)
  func everyOperationLeavesTheStateThatTheContractSays(_ seed: UInt64) async throws {
    await Self.lanes.enter()
    do {
      var sequence = try await CommandSequence(seed: seed)
      try await sequence.run(commands: 14)
    } catch {
      Issue.record("\(error)")
    }
    await Self.lanes.leave()
  }
}

/// A number of places for work at the same time.
private actor Lanes {
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(count: Int) {
    free = count
  }

  func enter() async {
    if free > 0 {
      free -= 1
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  func leave() {
    if waiting.isEmpty {
      free += 1
    } else {
      waiting.removeFirst().resume()
    }
  }
}
