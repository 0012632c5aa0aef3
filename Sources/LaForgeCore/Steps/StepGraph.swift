/// The steps of a worktree as a tree, laid out in lines with the newest on top.
///
/// A step has one parent, so nothing ever joins but the branches that rolled-back steps made: the line
/// that leads to the latest active step stays in its column, and each branch stands whole to the right
/// of it, above the step that it left from.
package struct StepGraph: Equatable, Sendable {
  /// What a row of the graph is about.
  package enum Content: Equatable, Sendable {
    /// What the person did since the latest active step.
    case present
    case step(StepID)
    /// What the person did between the parent of a step and this step.
    case before(StepID)
    /// A step that ran within another one.
    case within(StepID)
    /// Where the lines of steps without a listed parent come from.
    case origin
    /// Only the lines of the graph.
    case join
  }

  /// One row: the lines before its text, ending with a space where a text follows, and its content.
  package struct Row: Equatable, Sendable {
    package var lines: String
    package var content: Content

    package init(lines: String, content: Content) {
      self.lines = lines
      self.content = content
    }
  }

  /// The newest first.
  package private(set) var rows: [Row] = []

  private let steps: [StepID: Step]
  private let children: [StepID: [Step]]
  private let enclosed: [StepID: [Step]]
  private let preceded: Set<StepID>
  /// The latest active step and its ancestors.
  private let line: Set<StepID>
  private let present: StepID?

  /// - Parameters:
  ///   - steps: The steps to show; one whose parent is not among them has none.
  ///   - preceded: Steps before which the person did something.
  ///   - present: The latest active step, where the person did something since.
  package init(_ steps: [Step], preceded: Set<StepID>, present: StepID?) {
    let sorted = steps.sorted { $0.id > $1.id }
    let known = Dictionary(sorted.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    self.steps = known
    self.preceded = preceded
    self.present = present
    let outer = sorted.filter { $0.start.enclosing == nil }
    children = Dictionary(
      grouping: outer.filter { $0.parent.flatMap { known[$0] } != nil },
      by: { $0.parent ?? $0.id })
    enclosed = Dictionary(
      grouping: sorted.filter { $0.start.enclosing != nil }, by: { $0.start.enclosing ?? $0.id })
    var line: Set<StepID> = []
    var next = outer.first { $0.isActive }
    while let step = next, line.insert(step.id).inserted {
      next = step.parent.flatMap { known[$0] }
    }
    self.line = line
    addRoots(outer.filter { $0.parent.flatMap { known[$0] } == nil })
    // Those whose enclosing step is not listed.
    for step in sorted where step.start.enclosing.map({ known[$0] == nil }) == true {
      rows.append(Row(lines: "    ", content: .within(step.id)))
    }
  }

  /// Steps without a parent: more than one of them leave from where all began.
  private mutating func addRoots(_ roots: [Step]) {
    guard roots.count > 1 else {
      for root in roots { add(root, prefix: "", hasLineBelow: false) }
      return
    }
    addFamily(of: roots, prefix: "", keepsLine: false, hasLineBelow: true)
    rows.append(Row(lines: "* ", content: .origin))
  }

  /// Adds the children of one step: the one on the line in the same column, the others beside it.
  ///
  /// - Parameters:
  ///   - family: The children.
  ///   - prefix: The lines to the left.
  ///   - keepsLine: Whether something stands above in this column already.
  ///   - hasLineBelow: Whether their parent is shown.
  private mutating func addFamily(
    of family: [Step], prefix: String, keepsLine: Bool, hasLineBelow: Bool
  ) {
    var isOpen = keepsLine
    var others = family
    if let straight = family.firstIndex(where: { line.contains($0.id) }) {
      add(others.remove(at: straight), prefix: prefix, hasLineBelow: hasLineBelow)
      isOpen = true
    }
    for step in others {
      add(step, prefix: prefix + (isOpen ? "| " : "  "), hasLineBelow: hasLineBelow)
      rows.append(Row(lines: prefix + (isOpen ? "|/" : " /"), content: .join))
      isOpen = true
    }
  }

  /// Adds all that descends from a step, and the step.
  ///
  /// Goes down the column in a loop: a line may be long, while branches of branches are few.
  private mutating func add(_ root: Step, prefix: String, hasLineBelow: Bool) {
    var column = [root]
    while let last = column.last, let next = straightChild(of: last) { column.append(next) }
    for step in column.reversed() {
      var others = children[step.id] ?? []
      let straight = straightChild(of: step)
      others.removeAll { $0.id == straight?.id }
      let isPresent = step.id == present
      if isPresent { rows.append(Row(lines: prefix + "* ", content: .present)) }
      addFamily(
        of: others, prefix: prefix, keepsLine: isPresent || straight != nil, hasLineBelow: true)
      rows.append(Row(lines: prefix + "* ", content: .step(step.id)))
      let continues = hasLineBelow || step.id != root.id || preceded.contains(step.id)
      addEnclosed(in: step, prefix: prefix + (continues ? "| " : "  "))
      if preceded.contains(step.id) {
        rows.append(Row(lines: prefix + "* ", content: .before(step.id)))
      }
    }
  }

  /// The child that goes on in the column of a step.
  ///
  /// On the line it is the one that is on it too. A rolled-back branch goes on with the newest; what
  /// is rolled back never stands straight above an active step.
  private func straightChild(of step: Step) -> Step? {
    let family = children[step.id] ?? []
    return family.first { line.contains($0.id) }
      ?? (line.contains(step.id) ? nil : family.first { $0.isActive == step.isActive })
  }

  private mutating func addEnclosed(in step: Step, prefix: String) {
    for inner in enclosed[step.id] ?? [] {
      rows.append(Row(lines: prefix + "  ", content: .within(inner.id)))
      addEnclosed(in: inner, prefix: prefix + "  ")
    }
  }
}
