import Networks
import Storage
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Runs
@testable import Training

/// How jobs end, where their files lie, and how much they take on.
@Suite("Ends of trainings") struct EndsTests {
  @Test(
    "a run's stores are beside the folder of runs, by the name of its own folder",
    arguments: [
      ("Checkpoints/r", "Projections/r"), ("/a/Checkpoints/r", "/a/Projections/r"),
      ("/a/r", "/Projections/r"), ("/r", "/Projections/r"), ("r", "../Projections/r"),
      ("./r", "../Projections/r"), ("../r", "../../Projections/r"),
      ("../x/copy", "../Projections/copy"), ("Checkpoints//r", "Projections/r"),
      ("/a/b/r/.", "/a/Projections/r"), ("/a/b/r/c/..", "/a/Projections/r"),
    ])
  func projections(path: String, expected: String) {
    #expect(RunFolder(path: path).projections == expected)
  }

  @Test("a cancelled training promises to go on only where something is kept")
  func cancelled() throws {
    let bench = try RunBench()
    var job = try bench.job()
    job.hooks.isCancelled = { true }
    #expect(throws: TrainingError.cancelled(run: "tiny", resumable: false)) { _ = try job.run() }
    let epochs = Atomic<Int>(0)
    job.hooks.afterEpoch = { _ in epochs.add(1, ordering: .relaxed) }
    job.hooks.isCancelled = { epochs.load(ordering: .relaxed) > 3 }
    #expect(throws: TrainingError.cancelled(run: "tiny", resumable: true)) { _ = try job.run() }
  }

  @Test("models train side by side as long as they take a half of the memory")
  func sideBySide() throws {
    let bench = try RunBench()
    let run = try bench.job().configuration
    let network = try run.network(for: try run.data.load().train)
    let footprint = try TrainingFootprint(network, run.training, examples: 100)
    // Parameters, their gradient, the next ones and the velocity.
    #expect(footprint.state == Double(4 * 4 * network.parameterCount))
    // Of a batch of 8.
    #expect(footprint.block == Double(8 * network.footprint.bytes()))
    let few = try TrainingFootprint(network, run.training, examples: 3)
    #expect(few.block == Double(3 * network.footprint.bytes()))
    let bytes = Int(footprint.bytes)
    #expect(footprint.modelsAtATime(memory: 2 * bytes * 3) == 3)
    #expect(footprint.modelsAtATime(memory: 2 * bytes * 3 - 1) == 2)
    #expect(footprint.modelsAtATime(memory: 1) == 1)
  }

  @Test("no more slices than asked for run at a time, and all of them run", arguments: [1, 2, 3])
  func atMost(most: Int) {
    let running = Atomic<Int>(0)
    let seen = Mutex((most: 0, all: Set<Int>()))
    Workers.run(slices: 24, atMost: most) { slice in
      let now = running.add(1, ordering: .sequentiallyConsistent).newValue
      seen.withLock {
        $0.most = max($0.most, now)
        $0.all.insert(slice)
      }
      running.subtract(1, ordering: .sequentiallyConsistent)
    }
    #expect(seen.withLock { $0.most } <= most)
    #expect(seen.withLock { $0.all } == Set(0..<24))
  }
}
