import Dispatch
import Foundation
import Synchronization

/// The worker pool: work cut into slices that depend on the problem alone.
///
/// Whoever calls `run` decides the slices by absolute index, so a result has the same bits
/// whether one worker or many take them.
public enum Workers {
  private static let configured = Atomic<Int>(Workers.initialCount())

  /// How many slices run at the same time: `ASCRIBE_THREADS`, else all cores, until set.
  public static var count: Int {
    get { configured.load(ordering: .relaxed) }
    set {
      precondition(newValue >= 1, "\(newValue) workers")
      configured.store(newValue, ordering: .relaxed)
    }
  }

  private static func initialCount() -> Int {
    let cores = max(1, ProcessInfo.processInfo.activeProcessorCount)
    guard let text = ProcessInfo.processInfo.environment["ASCRIBE_THREADS"],
      let count = Int(text), count >= 1, count <= 1024
    else { return cores }
    return count
  }

  /// Whether the calling code is a slice of work that keeps all workers busy already.
  @TaskLocal private static var isBusy = false

  /// Calls `body` once for each slice, at most `count` of them at a time, and waits for all.
  ///
  /// Inside a slice of work that has all workers busy, slices run one after another: whole models
  /// side by side need no workers for each of their products.
  ///
  /// Slices are handed out in increasing order, so that one may wait for those before it.
  public static func run(slices: Int, _ body: @Sendable (Int) -> Void) {
    run(slices: slices, atMost: .max, body)
  }

  /// As `run(slices:)`, so many slices at a time at the most: where each takes much memory.
  public static func run(slices: Int, atMost most: Int, _ body: @Sendable (Int) -> Void) {
    let workers = min(count, slices, most)
    guard workers > 1, !isBusy else {
      for slice in 0..<max(0, slices) { body(slice) }
      return
    }
    let takesAll = workers == count
    let isDone = withoutActuallyEscaping(body) { body in
      WorkerPool.shared.run(
        WorkerPool.Job(slices: slices) { slice in
          $isBusy.withValue(takesAll) { body(slice) }
        }, workers: workers)
    }
    if isDone { return }
    // The pool serves another caller: Dispatch has threads for this one.
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: workers) { @Sendable _ in
      $isBusy.withValue(takesAll) {
        while true {
          let slice = next.wrappingAdd(1, ordering: .relaxed).oldValue
          if slice >= slices { return }
          body(slice)
        }
      }
    }
  }

  /// As `run(slices:)`, over `0..<count` cut into ranges of `grain` indices.
  public static func run(over total: Int, grain: Int, _ body: @Sendable (Range<Int>) -> Void) {
    precondition(grain > 0, "grain \(grain)")
    run(slices: (total + grain - 1) / grain) { slice in
      body(slice * grain..<min(total, (slice + 1) * grain))
    }
  }
}
