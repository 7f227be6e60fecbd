import Foundation
import Synchronization
import Tensors
import Testing

@Suite("Execution: settings of a task") struct ExecutionTests {
  @Test("settings hold below the call that makes them, each on its own, and nowhere else")
  func nesting() throws {
    let standard = Execution.current
    #expect(standard == Execution.standard)
    Execution.with(workers: 3) {
      #expect(Workers.count == 3 && Memory.blockBytes == standard.blockBytes)
      Execution.with(memory: 1_000) {
        #expect(Workers.count == 3 && Memory.blockBytes == 1_000)
        Execution.with(workers: 1) { #expect(Workers.count == 1 && Memory.blockBytes == 1_000) }
        #expect(Workers.count == 3)
      }
      #expect(Memory.blockBytes == standard.blockBytes)
    }
    struct Stop: Error {}
    #expect(throws: Stop.self) { try Execution.with(workers: 2) { throw Stop() } }
    #expect(Execution.current == standard)
  }

  @Test("every slice sees the settings of the code that handed it out", arguments: [1, 2, 5])
  func slices(workers: Int) {
    let seen = Mutex<[(Int, Int)]>([])
    Execution.with(workers: workers, memory: 77) {
      Workers.run(slices: 12) { _ in
        seen.withLock { $0.append((Workers.count, Memory.blockBytes)) }
        Workers.run(slices: 3) { _ in
          seen.withLock { $0.append((Workers.count, Memory.blockBytes)) }
        }
      }
    }
    #expect(seen.withLock { $0.count } == 12 * 4)
    #expect(seen.withLock { $0.allSatisfy { $0 == (workers, 77) } })
  }

  @Test("tasks side by side keep their own settings, and as many workers as they ask for")
  func sideBySide() async {
    await withTaskGroup(of: Bool.self) { group in
      for workers in 1...6 {
        group.addTask {
          (0..<50).allSatisfy { round in
            Execution.with(workers: workers, memory: workers * 1_000) {
              let running = Atomic<Int>(0)
              let most = Atomic<Int>(0)
              let right = Atomic<Bool>(true)
              Workers.run(slices: 8) { slice in
                let now = running.wrappingAdd(1, ordering: .relaxed).newValue
                most.max(now, ordering: .relaxed)
                if Memory.blockBytes != workers * 1_000 { right.store(false, ordering: .relaxed) }
                if (slice + round) % 3 == 0 { usleep(50) }
                running.wrappingSubtract(1, ordering: .relaxed)
              }
              return right.load(ordering: .relaxed)
                && most.load(ordering: .relaxed) <= workers
            }
          }
        }
      }
      for await isRight in group { #expect(isRight) }
    }
  }

  @Test("without a setting there is a worker for each core, or as many as ASCRIBE_THREADS says")
  func standard() {
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let asked = ProcessInfo.processInfo.environment["ASCRIBE_THREADS"].flatMap { Int($0) }
    #expect(Execution.standard.workers == asked ?? cores)
    #expect(Execution.standard.blockBytes == Memory.standardBlockBytes)
  }
}
