import LaForgeCore

/// What `laforge log --graph` shows: the steps by their parents, and the person's work between them.
struct LogGraph {
  let graph: StepGraph
  /// The text of the rows that are no steps.
  private let texts: [StepID: String]
  private let presentText: String?
  private let hasOlder: Bool

  /// Looks up what the person did; a state that was not recorded tells nothing.
  ///
  /// - Parameters:
  ///   - steps: Those to show.
  ///   - hasOlder: Whether there are older ones.
  ///   - session: Where the states are.
  /// - Throws: `CommandFailure`.
  init(_ steps: [Step], hasOlder: Bool, _ session: ReadingSession) async throws {
    let repository = session.repository
    let known = Dictionary(steps.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    var texts: [StepID: String] = [:]
    var presentText: String?
    let latest = steps.first { $0.isActive && $0.start.enclosing == nil }
    do throws(GitError) {
      for step in steps where step.start.enclosing == nil {
        guard let parent = step.parent.flatMap({ known[$0] }), let before = step.stateBefore,
          let after = parent.stateAfter,
          let work = try await OwnWork(from: after, to: before, in: repository)
        else { continue }
        texts[step.id] = work.text(abbreviate: repository.abbreviation)
      }
      if let after = latest?.stateAfter, !steps.contains(where: { $0.status == .running }) {
        let now = try await repository.captureState().state
        presentText = try await OwnWork(from: after, to: now, in: repository)?
          .text(abbreviate: repository.abbreviation)
      }
    } catch {
      throw CommandFailure(
        UserMessage(
          code: "state_not_read", summary: "What you did between the steps cannot be read.",
          causes: [error.description], hint: "`laforge log` lists the steps without it."))
    }
    self.texts = texts
    self.presentText = presentText
    self.hasOlder = hasOlder
    graph = StepGraph(
      steps, preceded: Set(texts.keys), present: presentText == nil ? nil : latest?.id)
  }

  /// The text of a row that is no step; `nil` for one that has none.
  func text(of content: StepGraph.Content) -> String? {
    switch content {
    case .present: presentText
    case .before(let id): texts[id]
    case .origin: hasOlder ? "older ones" : "before the first step"
    case .step, .within, .join: nil
    }
  }
}
