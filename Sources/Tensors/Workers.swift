import Dispatch
import Synchronization

/// The worker pool: work cut into slices that depend on the problem alone.
///
/// Whoever calls `run` decides the slices by absolute index, so a result has the same bits
/// whether one worker or many take them.
public enum Workers {
  /// How many slices run at the same time: `Execution.current`'s workers.
  public static var count: Int { Execution.current.workers }

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
    let execution = Execution.current
    let workers = min(execution.workers, slices, most)
    guard workers > 1, !execution.isBusy else {
      for slice in 0..<max(0, slices) { body(slice) }
      return
    }
    let takesAll = workers == execution.workers
    let isDone = withoutActuallyEscaping(body) { body in
      WorkerPool.shared.run(
        WorkerPool.Job(slices: slices) { slice in
          execution.inSlice(isBusy: takesAll) { body(slice) }
        }, workers: workers)
    }
    if isDone { return }
    // The pool serves another caller: Dispatch has threads for this one.
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: workers) { @Sendable _ in
      execution.inSlice(isBusy: takesAll) {
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
