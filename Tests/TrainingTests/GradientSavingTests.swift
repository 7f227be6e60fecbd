import Configuration
import Datasets
import Foundation
import Gradients
import Networks
import Projections
import Storage
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Runs
@testable import Training

@Suite("Saving gradients in training", .serialized)
struct GradientSavingTests {
  static let steps = ", save: {projector: kronecker, dimension: 9, at: steps}"
  static let dense = ", save: {projector: rademacher, dimension: 8, at: steps}"
  static let checkpoints = ", save: {projector: kronecker, dimension: 9, at: checkpoints}"

  /// A job whose shards hold 12 visits of 8 features, across the ends of epochs.
  private func job(_ bench: RunBench, _ training: String = steps) throws -> TrainingJob {
    var job = try bench.job(training)
    job.gradientShardBytes = 12 * 8 * 4
    return job
  }

  private func stores(_ bench: RunBench) throws -> [String: [UInt8]] {
    try bench.folder.contents(of: "Projections/tiny")
  }

  // MARK: The run file

  private func read(_ save: String) throws -> GradientSaving? {
    try RunConfigurationTests().training("save: \(save)").saving
  }

  @Test("a whole `save` is read, and defaults are written out")
  func whole() throws {
    #expect(
      try read("{projector: kronecker, at: steps}")
        == GradientSaving(projector: .kronecker, dimension: 2_048, at: .steps))
    let all = try read(
      "{projector: landmarks, dimension: 3, at: checkpoints, dtype: float16, seed: 5, outputFunction: logit}"
    )
    #expect(
      all
        == GradientSaving(
          projector: .landmarks, dimension: 3, at: .checkpoints, dtype: .float16, seed: 5,
          outputFunction: .logit))
    let again = try GradientSaving(
      from: ConfigurationMap(
        ["a": try #require(all).value], file: "f"
      ).map("a"))
    #expect(again == all)
  }

  @Test(
    "what is wrong in a `save` is refused where it stands",
    arguments: [
      (
        "{projector: kronecker, att: steps}",
        "unknown key `att` in training.save; did you mean `at`?"
      ),
      ("{projector: kronecker}", "at"), ("{at: steps}", "projector"),
      ("{projector: kronecker, at: step}", "did you mean `steps`?"),
      ("{projector: kroneker, at: steps}", "did you mean `kronecker`?"),
      ("{projector: landmarks, at: steps}", "landmarks"),
      ("{projector: sjlt, at: steps, outputFunction: margin}", "outputFunction"),
      ("{projector: sjlt, at: checkpoints, outputFunction: margni}", "margin"),
      ("{projector: sjlt, at: steps, dimension: 0}", "at least 1"),
      ("{projector: sjlt, at: steps, seed: -1}", "at least 0"),
      ("{projector: sjlt, at: steps, dtype: float64}", "float64"),
      ("steps", "keys and values"),
    ])
  func refused(save: String, word: String) throws {
    let error = diagnosed { _ = try read(save) }
    #expect(error?.description.contains(word) == true, "\(error?.description ?? "none")")
    #expect(error?.location.contains("training.save") == true)
  }

  @Test("bytes on disk are counted by visits, or by checkpoints")
  func bytes() {
    let steps = GradientSaving(projector: .kronecker, dimension: 100, at: .steps, dtype: .float16)
    // (200 + 5 · 4) bytes × 10 examples × 7 epochs × 2 seeds.
    #expect(
      steps.diskBytes(examples: 10, epochs: 7, checkpoints: 3, seeds: 2, parameters: 50) == 30_800)
    let kept = GradientSaving(projector: .identity, at: .checkpoints)
    #expect(
      kept.diskBytes(examples: 10, epochs: 7, checkpoints: 3, seeds: 2, parameters: 50) == 13_200)
    let drawn = GradientSaving(projector: .landmarks, dimension: 100, at: .checkpoints)
    #expect(
      drawn.diskBytes(examples: 10, epochs: 7, checkpoints: 1, seeds: 1, parameters: 50) == 600)
  }

  // MARK: Runs

  @Test("weights are the same bits with and without it")
  func weights() throws {
    var hashes: [[String]] = []
    for training in ["", GradientSavingTests.steps, GradientSavingTests.checkpoints] {
      let bench = try RunBench()
      hashes.append(try job(bench, training).run().run.record.results.map(\.modelHash))
    }
    #expect(hashes[0] == hashes[1] && hashes[0] == hashes[2])
  }

  @Test("a run keeps every visit of every seed in order, with dynamics' losses")
  func visits() throws {
    let bench = try RunBench()
    let run = try job(bench).run().run
    let store = try StepGradientStore(run.projectionsFolder + "/steps.h5")
    #expect(store.seeds == [0, 1] && store.count == 150)
    for seed in store.seeds {
      let visits = try store.visits(seed: seed)
      let order = try run.batchOrder(seed: seed)
      let expected = (1...5).flatMap { order.permutation(epoch: $0) }
      #expect(visits.rows == expected)
      #expect(visits.steps == (0..<150).map { $0 / 30 * 4 + $0 % 30 / 8 })
      let losses = try #require(try run.dynamics(seed: seed)[.loss])
      for (visit, row) in expected.enumerated() {
        #expect(visits.losses[visit] == losses[visit / 30, row])
      }
    }
  }

  @Test("interrupted at any step, a resumed run has the same bytes in its store", arguments: 0..<4)
  func resumed(seed: Int) throws {
    let whole = try RunBench()
    // Every other time with a projector that takes the visits of several steps.
    let training = seed % 2 == 0 ? GradientSavingTests.steps : GradientSavingTests.dense
    _ = try job(whole, training).run()
    let (files, expected) = (try whole.files(), try stores(whole))
    let bench = try RunBench()
    for attempt in 0..<3 {
      let stop = (seed * 7919 + attempt * 104_729) % 40
      let count = Atomic<Int>(0)
      var job = try self.job(bench, training)
      job.hooks.afterStep = { _ in
        if count.wrappingAdd(1, ordering: .relaxed).oldValue == stop { throw Interruption() }
      }
      do { _ = try job.run() } catch is Interruption {}
    }
    _ = try job(bench, training).run()
    #expect(try bench.files() == files)
    #expect(try stores(bench) == expected)
    #expect(expected.count == 27)
  }

  @Test(
    "shards, visits and states that are gone are made again, the same bytes",
    arguments: [
      "steps.h5", "steps.shards/seed-0/steps/00003.h5", "steps.shards/seed-1/steps/00012.h5",
      "steps.shards",
    ])
  func lost(name: String) throws {
    let bench = try RunBench()
    _ = try job(bench).run()
    let (files, expected) = (try bench.files(), try stores(bench))
    for path in Set([name, "steps.h5"]) {
      try FileManager.default.removeItem(atPath: bench.folder / "Projections/tiny/\(path)")
    }
    guard case .trained = try job(bench).run() else {
      Issue.record("nothing was missing")
      return
    }
    #expect(try bench.files() == files)
    #expect(try stores(bench) == expected)
  }

  @Test("a state whose visits are damaged is refused, and left aside with overwriting")
  func damaged() throws {
    let whole = try RunBench()
    _ = try job(whole).run()
    let expected = try stores(whole)
    let bench = try RunBench()
    let count = Atomic<Int>(0)
    var job = try self.job(bench)
    job.hooks.isCancelled = { count.wrappingAdd(1, ordering: .relaxed).oldValue >= 14 }
    let before = Workers.count
    defer { Workers.count = before }
    Workers.count = 1
    #expect(throws: TrainingError.self) { try job.run() }
    let folder = bench.checkpoints + "/tiny/seed-0/resume"
    let name = try #require(names(in: folder).last { $0.hasPrefix("visits-") })
    #expect(names(in: folder).filter { $0.hasPrefix("visits-") }.count == 1)
    var bytes = try bench.folder.bytes("Checkpoints/tiny/seed-0/resume/\(name)")
    bytes[bytes.count - 1] ^= 4
    try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    let error = diagnosed { _ = try self.job(bench).run() }
    #expect(error?.location.contains(name) == true, "\(error?.description ?? "none")")
    job = try self.job(bench)
    job.overwrites = true
    _ = try job.run()
    #expect(try stores(bench) == expected)
  }

  @Test("a run is given a `save` later by overwriting alone")
  func identity() throws {
    let bench = try RunBench()
    _ = try job(bench, "").run()
    let error = diagnosed { _ = try self.job(bench).run() }
    #expect(error?.what.contains("exists with training.save null, wanted {\"at\"") == true)
    #expect(error?.exitCode == 4)
    #expect(try stores(bench).isEmpty)
    var job = try self.job(bench)
    job.overwrites = true
    _ = try job.run()
    #expect(try stores(bench).count == 27)
    #expect(throws: RunError.self) { try self.job(bench, "").run() }
  }

  @Test("a store of another training is refused by field before any step, and overwritten")
  func staleStore() throws {
    let bench = try RunBench()
    _ = try job(bench).run()
    try FileManager.default.removeItem(atPath: bench.checkpoints)
    let before = try stores(bench)
    var job = try self.job(bench, ", weightDecay: 0.1" + GradientSavingTests.steps)
    job.hooks.afterEpoch = { _ in Issue.record("it trained") }
    let error = diagnosed { _ = try job.run() }
    #expect(error?.what.contains("training") == true && error?.exitCode == 4)
    #expect(try stores(bench) == before)
    job.overwrites = true
    job.hooks.afterEpoch = nil
    _ = try job.run()
    let store = try StepGradientStore(bench.folder / "Projections/tiny/steps.h5")
    #expect(store.reader.fingerprint["training"]?.contains("\"weightDecay\":0.1") == true)
  }

  @Test(
    "another run's gradients in the place of its own are refused by the field",
    arguments: [true, false])
  func foreign(ofSteps: Bool) throws {
    let saving = ofSteps ? GradientSavingTests.steps : GradientSavingTests.checkpoints
    let (own, other) = (try RunBench(), try RunBench())
    let run = try self.job(own, saving).run().run
    _ = try self.job(other, saving + ", weightDecay: 0.1").run()
    try FileManager.default.removeItem(atPath: run.projectionsFolder)
    try FileManager.default.copyItem(
      atPath: other.folder / "Projections/tiny", toPath: run.projectionsFolder)
    let error = diagnosed { _ = try self.job(own, saving).run() } as? StorageError
    guard case .fingerprintMismatch(let field, _, _, let file)? = error else {
      Issue.record("accepted: \(String(describing: error))")
      return
    }
    #expect(field == (ofSteps ? "training" : "model"))
    #expect(file.hasPrefix(run.projectionsFolder))
    // To be replaced, it is.
    var replacing = try self.job(own, saving)
    replacing.overwrites = true
    _ = try replacing.run()
    #expect(try stores(own) != stores(other))
    guard case .alreadyFinished = try self.job(own, saving).run() else {
      Issue.record("made twice")
      return
    }
  }

  @Test("checkpoints are what a collection makes afterwards, to the byte")
  func checkpoints() throws {
    let bench = try RunBench()
    let run = try job(bench, GradientSavingTests.checkpoints).run().run
    let expected = try stores(bench)
    try FileManager.default.removeItem(atPath: bench.folder / "Projections")
    let data = try run.loadData()
    try FeatureCollection(
      groups: try run.checkpoints.map {
        FeatureCollection.Group(
          name: $0.groupName,
          source: GradientSource(network: try run.network, parameters: try run.parameters(of: $0)),
          modelHash: "\(try run.modelHash(of: $0))")
      }, outputFunction: .margin,
      projection: ProjectionChoice(kind: .kronecker, dimension: 9), training: data.train,
      identity: try run.identity()
    ).collect(data.train, to: run.projectionsFolder + "/train.h5")
    #expect(try stores(bench) == expected && expected.count == 7)
    // Gone, it is made again without a step.
    try FileManager.default.removeItem(atPath: bench.folder / "Projections")
    var job = try self.job(bench, GradientSavingTests.checkpoints)
    job.hooks.afterEpoch = { _ in Issue.record("it trained") }
    _ = try job.run()
    #expect(try stores(bench) == expected)
    guard case .alreadyFinished = try job.run() else {
      Issue.record("made twice")
      return
    }
    // Another projector is refused before any step.
    try FileManager.default.removeItem(atPath: bench.checkpoints)
    job.configuration.training.saving?.projector = .sjlt
    let error = diagnosed { _ = try job.run() }
    #expect(error?.what.contains("projector") == true && error?.exitCode == 4)
  }

  @Test("the gradients of a kept epoch are taken at that epoch, and their store goes at the end")
  func atEachEpoch() throws {
    let bench = try RunBench()
    var job = try self.job(bench, GradientSavingTests.checkpoints)
    let folder = bench.checkpoints + "/tiny"
    job.hooks.afterEpoch = { report in
      let kept = Set(names(in: "\(folder)/seed-\(report.seed)/gradients"))
      let expected = [1, 2].filter { $0 < report.epoch }.map { "epoch-00\($0).h5" }
      #expect(kept.filter { $0.hasSuffix(".h5") } == Set(expected), "epoch \(report.epoch)")
    }
    let run = try job.run().run
    for seed in run.seeds { #expect(!fileExists("\(folder)/seed-\(seed)/gradients")) }
  }

  @Test(
    "stopped at any epoch, with what was taken damaged or gone, the store has the same bytes",
    arguments: ["whole", "damaged", "gone"])
  func resumedCheckpoints(state: String) throws {
    let whole = try RunBench()
    _ = try job(whole, GradientSavingTests.checkpoints).run()
    let (files, expected) = (try whole.files(), try stores(whole))
    for stop in [2, 5, 8] {
      let bench = try RunBench()
      var job = try self.job(bench, GradientSavingTests.checkpoints)
      let count = Atomic<Int>(0)
      job.hooks.afterEpoch = { _ in
        if count.wrappingAdd(1, ordering: .relaxed).newValue == stop { throw Interruption() }
      }
      #expect(throws: Interruption.self) { try job.run() }
      let taken = try bench.files().keys.filter { $0.contains("/gradients/") }
      for name in taken where state != "whole" {
        let url = URL(fileURLWithPath: "\(bench.checkpoints)/tiny/\(name)")
        guard FileManager.default.fileExists(atPath: url.path) else { continue }
        if state == "gone" {
          try FileManager.default.removeItem(at: url)
        } else {
          var bytes = try Data(contentsOf: url)
          guard !bytes.isEmpty else { continue }
          bytes[bytes.count / 2] ^= 1
          try bytes.write(to: url)
        }
      }
      _ = try self.job(bench, GradientSavingTests.checkpoints).run()
      #expect(try bench.files() == files, "stopped at \(stop)")
      #expect(try stores(bench) == expected, "stopped at \(stop)")
    }
  }

  @Test("a collection of checkpoints that is stopped goes on")
  func stopped() throws {
    let bench = try RunBench()
    var job = try self.job(bench, GradientSavingTests.checkpoints)
    let trained = Atomic<Int>(0)
    let collected = Atomic<Bool>(false)
    job.hooks.afterEpoch = { _ in trained.add(1, ordering: .relaxed) }
    job.hooks.isCancelled = {
      trained.load(ordering: .relaxed) == 10 && collected.exchange(true, ordering: .relaxed)
    }
    let error = diagnosed { _ = try job.run() }
    #expect(error?.remedy == "give the same command again to go on.")
    job.hooks = TrainingHooks(afterEpoch: { _ in Issue.record("it trained") })
    #expect(try job.run().run.isFinished)
  }

  // MARK: What cannot be

  @Test("what has no such gradients is refused by name, with nothing made")
  func impossible() throws {
    let image = ImageShape(channels: 1, height: 8, width: 8)
    let data = Dataset(
      inputs: Tensor(repeating: 0.5, shape: [4, 8, 8]),
      targets: .classes([0, 1, 0, 1], names: ["a", "b"]))
    let normed = try #require(
      Network.convolutional(image: image, channels: [2], outputs: 2, normalisation: .batch))
    let steps = GradientSaving(projector: .kronecker, dimension: 64, at: .steps)
    #expect(
      diagnosed { try steps.requireFit(normed, data) }?.description == """
        error: batch norm takes statistics over the batch: an example has no gradient of its own in \
        a step.
          at:  training.save.at
          fix: save at: checkpoints, where batch norm uses its running statistics, or use a model \
        without batch norm.
        """)
    var kept = GradientSaving(projector: .kronecker, dimension: 64, at: .checkpoints)
    try kept.requireFit(normed, data)
    kept.outputFunction = .prediction
    #expect(
      diagnosed { try kept.requireFit(normed, data) }?.description == """
        error: the output function prediction is not defined for this data's targets.
          at:  training.save.outputFunction
          fix: classes and tokens have margin, hardMargin, logit, logProbability and loss; numbers \
        have prediction (one output), negativeHalfSquaredError and loss.
        """)
    let bench = try RunBench()
    let job = try self.job(bench, ", save: {projector: kronecker, dimension: 1, at: steps}")
    #expect(
      diagnosed { _ = try job.run() }?.description == """
        error: kronecker features of this network cannot be 1: at least 2.
          at:  training.save.dimension
          fix: save dimension: 2.
        """)
    #expect(try bench.folder.contents(of: "Checkpoints").isEmpty)
    #expect(try stores(bench).isEmpty)
  }

  @Test("a gradient that is not finite stops the training by seed and epoch")
  func notFinite() throws {
    let work = try StepGradientTests.work("values")
    var state = work.trainer.initialState()
    state.parameters[0] = .infinity
    let writer = try StepGradientWriter(
      path: work.path, projector: work.projector, function: .loss, order: work.trainer.order,
      visits: 26, seeds: [0], fingerprint: Fingerprint(["at": "steps"]))
    let recorder = StepGradientRecorder(writer, seed: 0)
    let error = diagnosed {
      _ = try work.trainer.runEpoch(&state, hooks: TrainingHooks(), recorder: recorder)
    }
    #expect(error?.what.contains("the training diverged") == true)
    #expect(error?.location == "seed 0, epoch 1")
  }
}
