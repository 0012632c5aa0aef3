import Dispatch
import Synchronization

/// Runs tasks on the thread that the process began with.
///
/// Swift's own main executor gives that thread up and goes on in threads that block all signals.
/// LaForge passes signals on, stops with its agent, and hands its signal mask down to it, and for
/// all of that it must be the thread that the kernel delivers signals to.
final class MainThreadExecutor: TaskExecutor {
  private let jobs = Mutex<[UnownedJob]>([])
  /// Counts the jobs.
  private let waiting = DispatchSemaphore(value: 0)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    jobs.withLock { $0.append(job) }
    waiting.signal()
  }

  /// Runs a function that ends the process, and whatever it waits for.
  static func run(_ body: @escaping @Sendable () async -> Never) -> Never {
    let executor = MainThreadExecutor()
    Task(executorPreference: executor) { await body() }
    while true { executor.next().runSynchronously(on: executor.asUnownedTaskExecutor()) }
  }

  private func next() -> UnownedJob {
    waiting.wait()
    return jobs.withLock { $0.removeFirst() }
  }
}
