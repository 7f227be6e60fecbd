import CKernels
import Foundation
import Synchronization

/// Threads that wait for the next job by spinning a moment before they sleep.
///
/// Waking a sleeping thread takes tens of microseconds here, a product of a small layer as long: a
/// training step made of sleeping and waking gains nothing from a second core. One job at a time;
/// who comes while it runs is told so.
///
/// A helper's mailbox holds nothing, a job, or `taken`. The caller posts, does slices itself, and
/// takes back what no helper has taken yet: it never waits for a thread to wake up.
final class WorkerPool: Sendable {
  static let shared = WorkerPool()

  /// Slices of one call, handed out in increasing order.
  final class Job: Sendable {
    private let slices: Int
    private let next = Atomic<Int>(0)
    private let body: @Sendable (Int) -> Void

    init(slices: Int, body: @escaping @Sendable (Int) -> Void) {
      self.slices = slices
      self.body = body
    }

    func work() {
      while true {
        let slice = next.wrappingAdd(1, ordering: .relaxed).oldValue
        if slice >= slices { return }
        body(slice)
      }
    }
  }

  private final class Helper: Sendable {
    let mailbox = Atomic<UInt>(0)
    let isAsleep = Atomic<Bool>(false)
    let bell = DispatchSemaphore(value: 0)
  }

  private static let taken: UInt = 1
  /// Looks at an empty mailbox before sleep: about a tenth of a millisecond.
  private static let patience = 2_000

  private let isInUse = Atomic<Bool>(false)
  private let helpers = Mutex<[Helper]>([])

  /// Does a job with up to `workers` threads, this one included.
  ///
  /// - Returns: false when the pool is in use.
  func run(_ job: Job, workers: Int) -> Bool {
    guard !isInUse.exchange(true, ordering: .acquiring) else { return false }
    defer { isInUse.store(false, ordering: .releasing) }
    let crew = crew(of: workers - 1)
    let letter = UInt(bitPattern: Unmanaged.passUnretained(job).toOpaque())
    withExtendedLifetime(job) {
      for helper in crew {
        helper.mailbox.store(letter, ordering: .sequentiallyConsistent)
        if helper.isAsleep.exchange(false, ordering: .sequentiallyConsistent) {
          helper.bell.signal()
        }
      }
      job.work()
      for helper in crew { WorkerPool.settle(helper, letter) }
    }
    return true
  }

  /// Takes the job back from a helper that has not begun, or waits for one that has.
  private static func settle(_ helper: Helper, _ letter: UInt) {
    let isBack = helper.mailbox.compareExchange(
      expected: letter, desired: 0, ordering: .acquiringAndReleasing
    ).exchanged
    guard !isBack else { return }
    var looks = 0
    while helper.mailbox.load(ordering: .acquiring) == taken {
      looks += 1
      // Where cores are short, the helper needs this one.
      if looks < patience { ascribe_spin_pause() } else { sched_yield() }
    }
  }

  private func crew(of count: Int) -> ArraySlice<Helper> {
    helpers.withLock { helpers in
      while helpers.count < count {
        let helper = Helper()
        helpers.append(helper)
        Thread.detachNewThread { WorkerPool.serve(helper) }
      }
      return helpers.prefix(count)
    }
  }

  private static func serve(_ helper: Helper) {
    var looks = 0
    while true {
      let letter = helper.mailbox.load(ordering: .sequentiallyConsistent)
      if letter > taken,
        helper.mailbox.compareExchange(
          expected: letter, desired: taken, ordering: .acquiringAndReleasing
        ).exchanged
      {
        if let pointer = UnsafeRawPointer(bitPattern: letter) {
          // Alive, and not to be retained: its caller waits while the mailbox says `taken`, and
          // must be the only owner after that.
          Unmanaged<Job>.fromOpaque(pointer)._withUnsafeGuaranteedRef { $0.work() }
        }
        helper.mailbox.store(0, ordering: .releasing)
        looks = 0
        continue
      }
      looks += 1
      if looks < patience {
        ascribe_spin_pause()
        continue
      }
      helper.isAsleep.store(true, ordering: .sequentiallyConsistent)
      if helper.mailbox.load(ordering: .sequentiallyConsistent) > taken {
        // A ring that comes all the same is answered by one more look around.
        helper.isAsleep.store(false, ordering: .sequentiallyConsistent)
        continue
      }
      helper.bell.wait()
      looks = 0
    }
  }
}
