import Foundation
import Synchronization
import Testing

@testable import Tensors

@Suite("Workers", .serialized) struct WorkersTests {
  private func withWorkers<R>(_ count: Int, _ body: () throws -> R) rethrows -> R {
    try Execution.with(workers: count, body)
  }

  @Test("every slice runs once", arguments: [1, 2, 3, 8], [0, 1, 2, 7, 1_000])
  func everySliceRunsOnce(workers: Int, slices: Int) {
    withWorkers(workers) {
      let counts = Mutex([Int](repeating: 0, count: slices))
      Workers.run(slices: slices) { slice in counts.withLock { $0[slice] += 1 } }
      #expect(counts.withLock { $0.allSatisfy { $0 == 1 } })
    }
  }

  private struct Odd: Error, Equatable { let slice: Int }

  @Test("results come in the order of the slices", arguments: [1, 2, 5], [0, 1, 9])
  func results(workers: Int, slices: Int) {
    withWorkers(workers) {
      let squares = Workers.map(slices: slices) { slice in
        // Later slices end first.
        usleep(UInt32(9 - slice) * 100)
        return slice * slice
      }
      #expect(squares == (0..<slices).map { $0 * $0 })
    }
  }

  @Test("the error is that of the lowest slice, and every slice runs", arguments: [1, 2, 5])
  func errors(workers: Int) {
    withWorkers(workers) {
      let count = Atomic<Int>(0)
      #expect(throws: Odd(slice: 3)) {
        try Workers.map(slices: 9) { slice throws(Odd) in
          count.wrappingAdd(1, ordering: .relaxed)
          usleep(UInt32(9 - slice) * 100)
          if slice >= 3 { throw Odd(slice: slice) }
        }
      }
      #expect(count.load(ordering: .relaxed) == 9)
    }
  }

  @Test("thousands of short jobs, with pauses in which helpers fall asleep")
  func manyShortJobs() {
    withWorkers(3) {
      let total = Atomic<Int>(0)
      for job in 0..<3_000 {
        Workers.run(slices: 4) { slice in total.wrappingAdd(slice, ordering: .relaxed) }
        if job % 500 == 0 { usleep(2_000) }
      }
      #expect(total.load(ordering: .relaxed) == 3_000 * 6)
    }
  }

  @Test("callers from several threads at once, and from inside slices")
  func concurrentAndNestedCallers() {
    withWorkers(2) {
      let total = Atomic<Int>(0)
      DispatchQueue.concurrentPerform(iterations: 6) { @Sendable _ in
        for _ in 0..<200 {
          Workers.run(slices: 3) { _ in
            Workers.run(slices: 2) { _ in total.wrappingAdd(1, ordering: .relaxed) }
          }
        }
      }
      #expect(total.load(ordering: .relaxed) == 6 * 200 * 6)
    }
  }

  @Test("slices are handed out in increasing order, so that one may wait for those before it")
  func increasingOrder() {
    withWorkers(4) {
      for _ in 0..<200 {
        let finished = Atomic<Int>(0)
        Workers.run(slices: 16) { slice in
          // Waits for all before it: hangs if a later slice could keep an earlier one waiting.
          while finished.load(ordering: .acquiring) < slice { sched_yield() }
          finished.wrappingAdd(1, ordering: .releasing)
        }
        #expect(finished.load(ordering: .relaxed) == 16)
      }
    }
  }
}
