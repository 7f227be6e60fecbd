import Checkpoints
import Configuration
import Datasets
import Foundation
import LinearAlgebra
import Networks
import Storage
import Tensors
import TestSupport
import Testing

@testable import Runs
@testable import Training

@Suite("Replay", .serialized)
struct ReplayTests {
  @Test(
    "a replay has the recorded checkpoints' bytes, and backwards the states of forwards",
    arguments: ReplayCase.all)
  func families(_ work: ReplayCase) throws {
    let bench = try RunBench()
    let run = try work.train(in: bench)
    let seed = try #require(run.seeds.last)
    let replay = try Replay(run, seed: seed)
    var forwards: [StateBits] = []
    try replay.forwards { state, batch in
      #expect(batch.step == state.step && batch.epoch == state.epoch + 1)
      forwards.append(StateBits(state))
    }
    #expect(forwards.map(\.step) == Array(0..<replay.steps))
    for memory in [Memory.physical, 0] {
      let walked = try Replay(run, seed: seed, memoryBytes: memory)
      #expect(memory > 0 || walked.plan.statesInMemory == 4)
      var backwards: [StateBits] = []
      try walked.backwards { state, batch in
        #expect(batch == walked.trainer.batch(at: state.step))
        backwards.append(StateBits(state))
      }
      #expect(backwards.reversed() == forwards, "\(memory) bytes")
    }
    for checkpoint in run.checkpoints where checkpoint.seed == seed {
      let recorded = try run.load(checkpoint)
      let state = try replay.state(at: recorded.provenance.step)
      #expect(state.epoch == checkpoint.epoch)
      try Checkpoint.write(
        state.parameters, layout: replay.trainer.network.parameters,
        provenance: recorded.provenance, to: bench.folder / "again.safetensors")
      for (again, path) in [
        ("again.safetensors", checkpoint.path),
        ("again.json", Checkpoint.provenancePath(of: checkpoint.path)),
      ] {
        #expect(
          try bench.folder.bytes(again) == Array(Data(contentsOf: URL(fileURLWithPath: path))))
      }
    }
    #expect(try run.files().filter { $0.kind == .state }.count == replay.plan.keptStates)
  }

  @Test("of the cases some go through the network in parts, and some in micro-batches")
  func cuts() throws {
    let work = try #require(ReplayCase.all.first { $0.name.contains("parts") })
    let bench = try RunBench()
    let parts = try Replay(work.train(in: bench)).trainer.batch(at: 0).parts
    #expect(parts.count > 1 && parts[0].count > 1)
  }

  private func run(_ bench: RunBench, seeds: Int = 1) throws -> Run {
    try bench.job(seeds: seeds).run().run
  }

  private func states(_ bench: RunBench) throws -> [String: [UInt8]] {
    try bench.folder.contents(of: "Checkpoints/tiny/seed-0/states")
  }

  @Test("states are kept every √T steps and at the end, in files that hold them")
  func kept() throws {
    let bench = try RunBench()
    let replay = try Replay(run(bench))
    #expect(replay.steps == 20 && replay.plan.interval == 5 && replay.seed == 0)
    var heard: [Int] = []
    try replay.keepStates {
      heard.append($0)
      #expect($1 == 20)
    }
    #expect(heard == Array(1...20))
    let names = ["05", "10", "15", "20"].map { "step-0000000\($0).safetensors" }
    #expect(try states(bench).keys.sorted() == names)
    let file = try SafetensorsFile(reading: replay.kept.path(10))
    #expect(file.isSealed && file.entries.map(\.name) == ["parameters", "velocity"])
    #expect(file.metadata["epoch"] == "2" && file.metadata["step"] == "10")
    var state = replay.trainer.initialState()
    for _ in 0..<10 { try replay.trainer.step(&state) }
    #expect(try file.tensor("velocity") == state.optimizer.buffers[0].value)
    #expect(StateBits(try replay.state(at: 10)) == StateBits(state))
    try replay.keepStates { _, _ in Issue.record("nothing was missing") }
    try replay.removeStates()
    #expect(try states(bench).isEmpty)
  }

  @Test("a stretch is walked as the whole is, and makes the states up to its end alone")
  func stretches() throws {
    let bench = try RunBench()
    let replay = try Replay(run(bench))
    var all: [StateBits] = []
    try replay.forwards { state, _ in all.append(StateBits(state)) }
    #expect(try states(bench).isEmpty)
    for range in [3..<8, 0..<5, 5..<10, 7..<8, 12..<20, 6..<6] {
      let found = Collected<StateBits>()
      try replay.removeStates()
      try replay.backwards(range) { state, _ in found.append(StateBits(state)) }
      #expect(found.all.reversed() == Array(all[range]), "\(range)")
      #expect(try states(bench).count == range.upperBound / 5, "\(range)")
      let again = Collected<StateBits>()
      try replay.forwards(range) { state, _ in again.append(StateBits(state)) }
      #expect(again.all == Array(all[range]), "\(range)")
    }
    for step in [-1, 21] {
      let error = diagnosed { _ = try replay.state(at: step) }
      #expect(error?.what == "the run has no step \(step) of 20.")
    }
    #expect(throws: RunError.self) { try replay.backwards(15..<21) { _, _ in } }
  }

  @Test("interrupted after any step, the states have the same bytes")
  func interrupted() throws {
    let bench = try RunBench()
    let replay = try Replay(run(bench))
    try replay.keepStates()
    let expected = try states(bench)
    for stop in [1, 4, 5, 6, 13, 20] {
      try replay.removeStates()
      #expect(throws: Interruption.self) {
        try replay.keepStates { made, _ in if made == stop { throw Interruption() } }
      }
      #expect(try states(bench).count == (stop - 1) / 5)
      var total = 0
      try replay.keepStates { total = $1 }
      #expect(total == 20 - (stop - 1) / 5 * 5)
      #expect(try states(bench) == expected)
    }
  }

  @Test("killed while states are made, the next process ends with the same bytes")
  func killed() async throws {
    let whole = try RunBench()
    try Replay(run(whole)).keepStates()
    let expected = try states(whole)
    let bench = try RunBench()
    let path = try run(bench).folder
    for (step, microseconds) in [(1, 0), (5, 50), (7, 400), (10, 1_500), (16, 0)] {
      try Replay(Run.open(path)).removeStates()
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = path as String, step = step as Int, microseconds = microseconds as Int] in
        let replay = try Replay(Run.open(path))
        try replay.keepStates { made, _ in
          guard made == step else { return }
          // At once, or from another thread in the middle of what follows.
          if microseconds == 0 { kill(getpid(), SIGKILL) }
          Thread.detachNewThread {
            usleep(UInt32(microseconds))
            kill(getpid(), SIGKILL)
          }
        }
        while true { sleep(1) }
      }
      let left = try states(bench).filter { !$0.key.hasSuffix(AtomicFile.suffix) }
      #expect(left.count >= (step - 1) / 5)
      // As if it had been killed in the middle of a write; a slow kill comes when all are written.
      if left.count < expected.count {
        try AtomicFile.makeFolder("\(path)/seed-0/states")
        try Data([1]).write(
          to: URL(fileURLWithPath: "\(path)/seed-0/states/.a.1-1\(AtomicFile.suffix)"))
      }
      for (name, bytes) in left { #expect(bytes == expected[name], "\(name)") }
      try Replay(Run.open(path)).backwards { _, _ in }
      #expect(try states(bench) == expected, "killed after step \(step)")
    }
  }

  @Test("a damaged state, or one of another training, is refused, and made again once deleted")
  func damaged() throws {
    let bench = try RunBench()
    let replay = try Replay(run(bench, seeds: 2))
    try replay.keepStates()
    let expected = try states(bench)
    let path = replay.kept.path(10)
    var bytes = try #require(expected["step-000000010.safetensors"])
    bytes[bytes.count - 5] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    #expect(
      diagnosed { try replay.backwards { _, _ in } }?.description == """
        error: a state kept for replays cannot be used: a byte of the file changed after it was \
        written: its SHA-256 does not match.
          at:  \(path)
          fix: delete the file: it is made again.
        """)
    let other = try Replay(replay.run, seed: 1)
    try other.keepStates()
    for (from, word) in [
      (other.kept.path(10), "seed"), (replay.kept.path(5), "it is the state after 5 steps."),
    ] {
      try FileManager.default.removeItem(atPath: path)
      try FileManager.default.copyItem(atPath: from, toPath: path)
      let error = diagnosed { try replay.backwards { _, _ in } }
      #expect(error?.what.contains(word) == true && error?.exitCode == 4)
    }
    try FileManager.default.removeItem(atPath: path)
    try replay.keepStates()
    #expect(try states(bench) == expected)
  }

  @Test(
    "each fact that states were made from is compared",
    arguments: RunIdentity.FileKind.states.fields)
  func fingerprint(field: RunIdentity.Field) throws {
    guard field != .engine else { return }
    let folder = try ScratchFolder()
    let state = TrainingState(parameters: Tensor([1, 2], shape: [2]), optimizer: .adam())
    let own = KeptStates(in: folder.path, identity: .sample, seed: 3)
    try own.write(state)
    #expect(StateBits(try own.read(0, like: state)) == StateBits(state))
    let other = KeptStates(in: folder.path, identity: .sample.changing(field), seed: 3)
    let error = diagnosed { _ = try other.read(0, like: state) }
    #expect(error?.what.contains(field.rawValue) == true && error?.location == own.path(0))
  }

  @Test("where bits would differ, a replay is refused by what differs")
  func elsewhere() throws {
    let bench = try RunBench()
    let run = try run(bench)
    func refusal(_ change: (inout RunRecord) -> Void) throws -> (any DiagnosableError)? {
      var record = run.record
      change(&record)
      try SealedJSON.write(record, to: run.folder + "/run.json")
      let changed = try Run(folder: run.folder)
      return diagnosed { _ = try Replay(changed) }
    }
    #expect(
      try refusal { $0.engineVersion = "0.0.1" }?.description == """
        error: the run was trained with engine version 0.0.1, here it is \(Engine.version): a \
        replay would have other bits.
          at:  tiny
          fix: replay it where it was trained, or train it again here.
        """)
    #expect(try refusal { $0.blasCore = "Other" }?.what.contains("BLAS core Other") == true)
    #expect(try refusal { $0.processorLevel = 77 }?.what.contains("processor level 77") == true)
    #expect(try refusal { $0.processorLevel = nil } == nil)
    #expect(
      try refusal { $0.status = .imported }?.what
        == "the run's weights come from elsewhere: there is no training to replay.")
    #expect(
      try refusal { $0.status = .running }?.what == "the run has no last step yet.")
    #expect(try refusal { _ in } == nil)
    #expect(diagnosed { _ = try Replay(run, seed: 5) }?.what == "the run has no seed 5.")
    let error = diagnosed { _ = try Replay(run, data: quadrants(29)) }
    guard case .dataChanged(part: "train", _, _, _)? = error as? RunError else {
      Issue.record("other data: \(String(describing: error))")
      return
    }
  }

  @Test("a replay that comes to other weights than a checkpoint's stops there")
  func differs() throws {
    let bench = try RunBench()
    let run = try run(bench)
    let checkpoint = try run.checkpoint(epoch: 2)
    let loaded = try run.load(checkpoint)
    var parameters = loaded.parameters
    parameters[3] = parameters[3].nextUp
    try Checkpoint.write(
      parameters, layout: run.network.parameters, provenance: loaded.provenance,
      to: checkpoint.path)
    let replay = try Replay(run)
    let error = diagnosed { try replay.keepStates() }
    #expect(
      error?.what.hasPrefix(
        "replayed, the training comes to other weights at seed-0/epoch-002: hash ") == true)
    #expect(error?.exitCode == 4 && error?.location == "tiny")
    #expect(try states(bench).count == 1)
    #expect(throws: ReplayError.self) { try replay.forwards { _, _ in } }
  }

  @Test("a run on a subset, trained after an interruption, is replayed with the data at hand")
  func subset() throws {
    let bench = try RunBench()
    let all = try bench.job(seeds: 1).configuration.data.load().train
    var job = try bench.job(seeds: 1)
    job.subset = (0..<30).filter { $0 % 4 != 0 }.map { all.ids[$0] }
    let run = try job.run().run
    let replay = try Replay(run, data: run.loadData().train)
    #expect(replay.trainer.count == 22 && replay.steps == 15)
    let last = try replay.state(at: replay.steps)
    #expect(try last.parameters == run.parameters(of: run.checkpoint()))
  }

  @Test("back through all steps: the derivative of a line's last weights by its first")
  func derivative() throws {
    // Squared errors of a line under momentum: the last weights are linear in the first, so that
    // differences of any size are derivatives.
    let bench = try RunBench()
    let work = ReplayCase(
      name: "line", data: ReplayCase.all[2].data, model: "{kind: linear}",
      training: "momentum: 0.5, rate: 0.05, weightDecay: 0.1, epochs: 3, schedule: cosine")
    let replay = try Replay(work.train(in: bench))
    let trainer = replay.trainer
    let p = trainer.network.parameterCount
    var unit = Matrix<Double>(rows: p, columns: p)
    for k in 0..<p { unit[k, k] = 1 }
    var adjoint = StateAdjoint(ofLast: unit, optimizer: trainer.configuration.optimizer)
    try replay.backwards { state, batch in
      let gradient = try trainer.gradient(state, batch)
      let ofGradient = try trainer.pullBack(
        &adjoint, through: batch, from: state, gradient: gradient)
      // H = mean of (x, 1)(x, 1)ᵀ.
      let x = trainer.inputs(of: batch, places: 0..<batch.rows.count)
      for row in 0..<batch.rows.count {
        let features = (0..<p).map { $0 < p - 1 ? Double(x[row, $0]) : 1 }
        for k in 0..<p {
          let dot = (0..<p).reduce(0) { $0 + ofGradient[k, $1] * features[$1] }
          for j in 0..<p {
            adjoint.parameters[k, j] += dot * features[j] / Double(batch.rows.count)
          }
        }
      }
    }
    let start = trainer.initialState()
    let last = try trainer.train(from: start).parameters
    for j in 0..<p {
      var moved = start
      moved.parameters[j] += 8
      let end = try trainer.train(from: moved).parameters
      for k in 0..<p {
        let slope = Double(end[k] - last[k]) / 8
        #expect(abs(slope - adjoint.parameters[k, j]) < 1e-6, "\(k) by \(j)")
      }
    }
  }
}

@Suite("Plans of replays")
struct ReplayPlanTests {
  @Test("a plan's numbers are those of a hand")
  func numbers() {
    let plan = ReplayPlan(steps: 20, stateBytes: 100, memoryBytes: 1_000)
    #expect(plan.interval == 5 && plan.keptStates == 4 && plan.statesInMemory == 10)
    #expect(plan.keptSteps(through: 20) == [5, 10, 15, 20])
    #expect(plan.keptSteps(through: 14) == [5, 10])
    #expect(plan.diskBytes == 400 && plan.memoryBytes == 500)
    // Four pieces, of each the four states after its first.
    #expect(plan.sweepSteps == 16)
    #expect(plan.seconds(perStep: 0.5) == (10, 8))
    let odd = ReplayPlan(steps: 23, stateBytes: 100, memoryBytes: 1_000)
    #expect(odd.keptSteps(through: 23) == [5, 10, 15, 20, 23] && odd.keptStates == 5)
    #expect(odd.keptSteps(through: 22) == [5, 10, 15, 20] && odd.sweepSteps == 4 * 4 + 2)
    let one = ReplayPlan(steps: 1, stateBytes: 100, memoryBytes: 1_000)
    #expect(one.keptSteps(through: 1) == [1] && one.sweepSteps == 0 && one.keptStates == 1)
  }

  @Test("a piece too large for the memory is cut: its steps are made more than once")
  func littleMemory() {
    // Pieces of 10 with room for 4: two of 5, from a state after 5 steps; each of them of 3 and 2
    // from a state after 3, which have room.
    let plan = ReplayPlan(steps: 100, stateBytes: 100, memoryBytes: 0)
    #expect(plan.statesInMemory == 4 && plan.memoryBytes == 400)
    #expect(ReplayPlan.pieceLength(10, room: 4) == 5 && ReplayPlan.pieceLength(5, room: 4) == 3)
    #expect(ReplayPlan.pieceLength(4, room: 4) == nil)
    #expect(plan.sweepSteps == 10 * (5 + 2 * (3 + 2 + 1)))
    // Room for 8 of 30: four pieces of 8, the first with room for 8, the second for 7: …
    #expect(ReplayPlan.pieceLength(30, room: 8) == 8)
    #expect(ReplayPlan.room(8, beside: 1) == 7 && ReplayPlan.room(5, beside: 3) == 4)
  }

  @Test("a training's plan has its steps and the bytes of its state")
  func training() {
    let network = Network.multilayerPerceptron(inputShape: [3], hidden: [], outputs: 2)
    let configuration = TrainingConfiguration(
      optimizer: .adam(), rate: 0.1, batch: 8, epochs: 4)
    let plan = ReplayPlan(configuration, network: network, examples: 17, memoryBytes: 960)
    #expect(plan.steps == 12 && plan.stateBytes == 8 * 4 * 3 && plan.statesInMemory == 10)
  }
}
