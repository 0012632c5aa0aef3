/// A step whose end has not been recorded yet.
///
/// It must be finished or left, once.
package struct RunningStep: ~Copyable {
  package let step: Step
  private let store: any StepStore
  private var isOpen = true

  /// Inserts the step as running.
  package init(_ step: NewStep, in store: any StepStore) throws(StoreError) {
    self.init(begun: try store.createStep(step), in: store)
  }

  /// Takes up a step that another process has begun.
  package init(begun step: Step, in store: any StepStore) {
    self.step = step
    self.store = store
  }

  /// Records the end of the step.
  package consuming func finish(with completion: StepCompletion) throws(StoreError) {
    isOpen = false
    try store.finishStep(step.id, with: completion)
  }

  deinit {
    assert(!isOpen, "the end of a running step was never recorded")
  }
}
