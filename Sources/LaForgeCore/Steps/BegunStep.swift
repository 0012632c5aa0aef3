/// A step that an agent begins with one call and ends with another; nothing of LaForge runs in
/// between.
package struct BegunStep: Equatable, Sendable {
  package var step: Step
  package var baseline: Baseline

  package init(step: Step, baseline: Baseline) {
    self.step = step
    self.baseline = baseline
  }

  /// What the end needs to know of the beginning, beside the step itself.
  package struct Baseline: Equatable, Sendable {
    /// What the agent calls its session; `nil` where it said nothing of it.
    package var session: String?
    /// The monotonic clock at the beginning, in milliseconds; it counts in one boot only.
    package var monotonicMilliseconds: Int64
    package var references: References

    package init(session: String?, monotonicMilliseconds: Int64, references: References) {
      self.session = session
      self.monotonicMilliseconds = monotonicMilliseconds
      self.references = references
    }
  }

  /// What named commits when the step began.
  package struct References: Equatable, Codable, Sendable {
    package var tips: ReferenceTips
    /// Commits that operations in progress named.
    package var progress: [ObjectID]

    package init(tips: ReferenceTips, progress: [ObjectID]) {
      self.tips = tips
      self.progress = progress
    }
  }
}
