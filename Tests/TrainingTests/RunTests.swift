import Checkpoints
import Configuration
import Datasets
import Foundation
import Networks
import Storage
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Models
@testable import Runs
@testable import Training

/// A folder with a run file and its data: 30 training and 10 test examples.
struct RunBench {
  let folder: ScratchFolder
  var checkpoints: String { folder / "Checkpoints" }

  init() throws {
    folder = try ScratchFolder()
    try write(quadrants(30), "train.csv")
    try write(quadrants(10), "test.csv")
  }

  func write(_ data: Dataset, _ name: String) throws {
    var text = "x,y,class\n"
    for i in 0..<data.count {
      text +=
        "\(data.inputs[i, 0]),\(data.inputs[i, 1]),\(data.classNames[Int(data.classes?[i] ?? 0)])\n"
    }
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder / name))
  }

  func job(
    _ training: String = "", dropout: Double = 0.2, seeds: Int = 2
  ) throws -> TrainingJob {
    let text = """
      name: tiny
      data:
        train: {format: csv, path: train.csv, label: last}
        test:  {format: csv, path: test.csv, label: last}
      model: {hidden: [5], activation: tanh, dropout: \(dropout)}
      training: {rate: 0.1, momentum: 0.9, batch: 8, epochs: 5, seeds: \(seeds)\(training)}
      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder / "tiny.yaml"))
    var job = TrainingJob(
      try RunConfiguration(contentsOf: folder / "tiny.yaml"), checkpointsFolder: checkpoints)
    job.resumeInterval = 0
    return job
  }

  func files() throws -> [String: [UInt8]] { try folder.contents(of: "Checkpoints/tiny") }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: "\(checkpoints)/tiny/\(name)")
  }
}

struct Interruption: Error {}

@Suite("Runs", .serialized)
struct RunTests {
  @Test("a run has its files, and everything in them is read back and verified")
  func whole() throws {
    let bench = try RunBench()
    let run = try bench.job().run().run
    #expect(
      try bench.files().keys.sorted() == [
        "run.json", "seed-0/dynamics.h5", "seed-0/epoch-001.json", "seed-0/epoch-001.safetensors",
        "seed-0/epoch-002.json", "seed-0/epoch-002.safetensors", "seed-0/epoch-005.json",
        "seed-0/epoch-005.safetensors", "seed-1/dynamics.h5", "seed-1/epoch-001.json",
        "seed-1/epoch-001.safetensors", "seed-1/epoch-002.json", "seed-1/epoch-002.safetensors",
        "seed-1/epoch-005.json", "seed-1/epoch-005.safetensors",
      ])
    let opened = try Run.open("tiny", checkpointsFolder: bench.checkpoints)
    #expect(opened.record == run.record && opened.isFinished && opened.seeds == [0, 1])
    #expect(opened.checkpoints.map(\.epoch) == [1, 2, 5, 1, 2, 5])
    let data = try opened.loadData()
    #expect(data.train.count == 30 && data.test.count == 10)
    let last = try opened.checkpoint(seed: 1)
    #expect(last.epoch == 5)
    let trainer = try Trainer(
      network: opened.network, configuration: try opened.configuration().training,
      data: data.train, seed: 1)
    #expect(try opened.parameters(of: last) == trainer.train().parameters)
    #expect(try opened.modelHash(of: last).description == opened.record.results[1].modelHash)
    let provenance = try opened.load(last).provenance
    #expect(provenance.step == 20 && provenance.dataHashes == opened.record.dataHashes)
    let predictions = try opened.predictor(last).predictions(for: data.test)
    #expect(provenance.metrics.testAccuracy == predictions.accuracy)
    #expect(opened.projectionsFolder == bench.folder / "Projections/tiny")
    let order = try opened.batchOrder(seed: 1)
    #expect(order == trainer.order)
  }

  @Test("dynamics hold every epoch's signals of every example")
  func dynamics() throws {
    let bench = try RunBench()
    let run = try bench.job().run().run
    let data = try run.loadData()
    let dynamics = try run.dynamics(seed: 0)
    #expect(dynamics.ids == data.train.ids && dynamics.epochs == 5)
    let trainer = try Trainer(
      network: try run.network, configuration: try run.configuration().training, data: data.train)
    var state = trainer.initialState()
    for epoch in 0..<5 {
      let signals = try trainer.runEpoch(&state)
      for signal in ExampleSignal.allCases {
        #expect(dynamics[signal]?.row(epoch) == signals[signal], "\(signal) in epoch \(epoch + 1)")
      }
    }
  }

  @Test("dynamics of another version are refused by the version found")
  func dynamicsVersion() throws {
    let folder = try ScratchFolder()
    let path = folder / "dynamics.h5"
    let writer = try SealedFileWriter(path)
    try writer.hdf5.setAttribute("formatVersion", .integer(4))
    try writer.finish()
    #expect(throws: StorageError.unsupportedVersion(found: 4, newest: 1, file: path)) {
      try Dynamics(reading: path)
    }
  }

  @Test("interrupted at any step, a resumed run has the same bytes", arguments: 0..<12)
  func resumed(seed: Int) throws {
    let whole = try RunBench()
    _ = try whole.job().run()
    let expected = try whole.files()
    let bench = try RunBench()
    var interruptions: [Int] = []
    for attempt in 0..<3 {
      let stop = (seed * 7919 + attempt * 104_729) % 40
      interruptions.append(stop)
      let count = Atomic<Int>(0)
      var job = try bench.job()
      job.hooks.afterStep = { _ in
        if count.wrappingAdd(1, ordering: .relaxed).oldValue == stop { throw Interruption() }
      }
      do { _ = try job.run() } catch is Interruption {}
    }
    _ = try bench.job().run()
    let found = try bench.files()
    #expect(found.keys.sorted() == expected.keys.sorted(), "after \(interruptions)")
    for (name, bytes) in expected where name != "run.json" {
      #expect(found[name] == bytes, "\(name) after \(interruptions)")
    }
    #expect(found["run.json"] == expected["run.json"], "run.json after \(interruptions)")
  }

  private final class Listener: TrainingProgress {
    let heard = Mutex<[String]>([])
    func resumed(seed: UInt64, after epoch: Int) {
      heard.withLock { $0.append("\(seed): after \(epoch)") }
    }
    func finished(_ epoch: EpochReport) {
      heard.withLock { $0.append("\(epoch.seed): \(epoch.epoch)") }
    }
  }

  @Test("a stopped run says so, and goes on after the last saved epoch", arguments: [1, 2])
  func goesOn(seeds: Int) throws {
    let bench = try RunBench()
    let count = Atomic<Int>(0)
    var job = try bench.job(seeds: seeds)
    // Four steps an epoch: within the fourth epoch of the only seed.
    job.hooks.isCancelled = { count.wrappingAdd(1, ordering: .relaxed).oldValue >= 14 }
    let error = diagnosed { _ = try job.run() }
    #expect(
      error?.description == """
        error: the training of tiny was stopped.
          at:  tiny
          fix: give the same command again to go on.
        """)
    job = try bench.job(seeds: seeds)
    let listener = Listener()
    job.progress = listener
    _ = try job.run()
    let heard = listener.heard.withLock { $0 }
    if seeds == 1 {
      #expect(heard == ["0: after 3", "0: 4", "0: 5"])
      return
    }
    // Side by side or one after the other: each goes on where it was, and one had an epoch.
    var saved = 0
    for seed in 0..<2 {
      let own = heard.filter { $0.hasPrefix("\(seed):") }
      let start = 5 - own.filter { !$0.contains("after") }.count
      saved += start
      #expect(
        own == (start > 0 ? ["\(seed): after \(start)"] : [])
          + (start..<5).map { "\(seed): \($0 + 1)" })
    }
    #expect((1...3).contains(saved))
  }

  @Test(
    "whatever a killed process leaves behind, the resumed run has the same bytes",
    arguments: [
      ["run.json"], ["seed-1/dynamics.h5"], ["seed-0/epoch-005.json", "seed-0/dynamics.h5"],
      ["seed-0/epoch-002.safetensors", "seed-0/epoch-002.json"], ["seed-0"],
    ])
  func leftBehind(missing: [String]) throws {
    let bench = try RunBench()
    _ = try bench.job().run()
    let expected = try bench.files()
    // A finished record would end it: put back the one of a running run.
    let record = "\(bench.checkpoints)/tiny/run.json"
    var running = try RunRecord.read(record)
    running.status = .running
    running.results = []
    try SealedJSON.write(running, to: record)
    for name in missing { try bench.remove(name) }
    let partial = "\(bench.checkpoints)/tiny/.run.json.1-2\(AtomicFile.suffix)"
    try Data("half".utf8).write(to: URL(fileURLWithPath: partial))
    _ = try bench.job().run()
    #expect(try bench.files() == expected)
  }

  @Test("a half-trained run is not gone on with on another machine or engine, by the name of which")
  func otherMachine() throws {
    let bench = try RunBench()
    _ = try bench.job().run()
    let file = "\(bench.checkpoints)/tiny/run.json"
    let finished = try RunRecord.read(file)
    #expect(finished.processorLevel == Processor.level)
    for (field, change) in [
      ("engine version", { $0.engineVersion = "0.0" }), ("BLAS core", { $0.blasCore = "other" }),
      ("processor level", { $0.processorLevel = 9 }),
      ("processor level", { $0.processorLevel = nil }),
    ] as [(String, (inout RunRecord) -> Void)] {
      var record = finished
      change(&record)
      // Finished, a run of another machine is what it is.
      try SealedJSON.write(record, to: file)
      _ = try bench.job().run()
      record.status = .running
      try SealedJSON.write(record, to: file)
      let error = diagnosed { _ = try bench.job().run() } as? RunError
      guard case .otherRun(let found, _, _, _)? = error else {
        Issue.record("gone on with, \(field)")
        continue
      }
      #expect(found == field)
    }
  }

  /// Keeps what was made worthless.
  private final class Worthless: TrainingProgress {
    let calls = Mutex<[[String]]>([])
    func madeWorthless(_ files: [String]) { calls.withLock { $0.append(files) } }
  }

  @Test("replacing a run names what was made from it and leaves it; the same run names nothing")
  func worthless() throws {
    let bench = try RunBench()
    let run = try bench.job().run().run
    let made = [
      "\(run.folder)/bank.h5", "\(run.folder)/calibration-trak-1.json",
      "\(run.folder)/loo.h5.parts", "\(run.projectionsFolder)/train.h5",
    ]
    let others = ["\(run.folder)/notes.txt", "\(run.projectionsFolder)/page.html"]
    try makeFolder(run.projectionsFolder)
    for file in made + others { try Data().write(to: URL(fileURLWithPath: file)) }
    func worthless(_ job: TrainingJob) throws -> [[String]] {
      let progress = Worthless()
      var job = job
      job.overwrites = true
      job.progress = progress
      _ = try job.run()
      return progress.calls.withLock { $0 }
    }
    #expect(try worthless(bench.job()) == [])
    #expect(try worthless(bench.job(", weightDecay: 0.1")) == [made])
    // Whose record cannot be read is another.
    try Data("{}".utf8).write(to: URL(fileURLWithPath: run.folder + "/run.json"))
    #expect(try worthless(bench.job()) == [made])
    #expect((made + others).allSatisfy { FileManager.default.fileExists(atPath: $0) })
  }

  @Test("a finished run is not trained again, and another configuration is refused by field")
  func finished() throws {
    let bench = try RunBench()
    _ = try bench.job().run()
    let before = try bench.files()
    guard case .alreadyFinished = try bench.job().run() else {
      Issue.record("trained again")
      return
    }
    let path = bench.checkpoints + "/tiny"
    for (job, field, recorded, wanted) in [
      (try bench.job(", weightDecay: 0.1"), "training.weightDecay", "0", "0.1"),
      (try bench.job(", seed: 4"), "training.seed", "0", "4"),
      (try bench.job(dropout: 0.5), "model.dropout", "0.2", "0.5"),
    ] {
      let error = diagnosed { _ = try job.run() }
      #expect(
        error?.description == """
          error: a run of this name exists with \(field) \(recorded), wanted \(wanted).
            at:  \(path)
            fix: choose another name, or replace the run with ‹overwrites›.
          """)
      #expect(error?.exitCode == 4)
    }
    #expect(try bench.files() == before)
    var job = try bench.job(", weightDecay: 0.1")
    job.overwrites = true
    guard case .trained = try job.run() else {
      Issue.record("not trained")
      return
    }
    #expect(try bench.files() != before)
  }

  @Test("data that changed since the training is refused, train or test")
  func changedData() throws {
    let bench = try RunBench()
    let run = try bench.job().run().run
    for (file, part) in [("test.csv", "test"), ("train.csv", "train")] {
      try bench.write(quadrants(11), file)
      let error = diagnosed { _ = try run.loadData() }
      #expect(error?.what.hasPrefix("the \(part) data is not what the run was made with") == true)
      #expect(error?.exitCode == 4)
    }
  }

  @Test("a flipped byte in any file of a run is noticed")
  func flipped() throws {
    let bench = try RunBench()
    let run = try bench.job().run().run
    for (name, bytes) in try bench.files() where !name.hasPrefix("seed-1") {
      let path = "\(bench.checkpoints)/tiny/\(name)"
      for index in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 23)) {
        var changed = bytes
        changed[index] ^= 4
        try Data(changed).write(to: URL(fileURLWithPath: path))
        let error = diagnosed {
          let opened = try Run.open("tiny", checkpointsFolder: bench.checkpoints)
          for checkpoint in opened.checkpoints { _ = try opened.load(checkpoint) }
          _ = try opened.dynamics(seed: 0)
        }
        #expect(error != nil, "\(name), byte \(index)")
      }
      try Data(bytes).write(to: URL(fileURLWithPath: path))
    }
    #expect(try run.checkpoints.map { try run.load($0).provenance.epoch } == [1, 2, 5, 1, 2, 5])
  }

  @Test("a run on a subset is that of training on the subset, and loads it again")
  func subset() throws {
    let bench = try RunBench()
    var job = try bench.job()
    let ids = (0..<30).filter { $0 % 3 > 0 }.map { ExampleID.row($0) }
    job.subset = ids
    let run = try job.run().run
    let data = try run.loadData()
    #expect(data.train.ids == ids && run.record.exampleCounts["train"] == 20)
    let trainer = try Trainer(
      network: try run.network, configuration: job.configuration.training, data: data.train)
    #expect(try run.parameters(of: run.checkpoint(seed: 0)) == trainer.train().parameters)
    #expect(try run.dynamics(seed: 0).ids == ids)
    var other = try bench.job()
    other.subset = Array(ids.dropLast())
    #expect(throws: RunError.self) { try other.run() }
    other.subset = []
    #expect(throws: RunError.emptySubset(file: "‹subset›")) { try other.run() }
    other.subset = [.row(77)]
    #expect(diagnosed { _ = try other.run() }?.exitCode == 3)
  }

  @Test("seeds side by side and one after another give the same bytes")
  func seeds() throws {
    let before = Workers.count
    defer { Workers.count = before }
    let results = try [1, 2].map { count in
      Workers.count = count
      let bench = try RunBench()
      _ = try bench.job().run()
      return try bench.files()
    }
    #expect(results[0] == results[1])
  }

  @Test("a run being trained is not trained by a second process")
  func locked() throws {
    let bench = try RunBench()
    let job = try bench.job()
    try makeFolder(bench.checkpoints + "/tiny")
    let lock = try FolderLock(bench.checkpoints + "/tiny")
    #expect(throws: RunError.runInUse(folder: bench.checkpoints + "/tiny")) { try job.run() }
    withExtendedLifetime(lock) {}
  }

  @Test("an unknown run is refused with the names that exist")
  func unknown() throws {
    let bench = try RunBench()
    _ = try bench.job().run()
    let error = diagnosed { _ = try Run.open("tyni", checkpointsFolder: bench.checkpoints) }
    #expect(
      error?.description == """
        error: there is no run tyni.
          at:  \(bench.checkpoints)
          fix: name one of tiny, or the path of a run's folder.
        """)
    let run = try Run.open(bench.checkpoints + "/tiny/", checkpointsFolder: "elsewhere")
    #expect(run.name == "tiny")
    #expect(throws: RunError.self) { try run.checkpoint(epoch: 3) }
  }

  @Test("a model that cannot predict the targets is refused")
  func wrongModel() throws {
    let bench = try RunBench()
    var job = try bench.job()
    job.configuration.model = ModelConfiguration(kind: .linear)
    #expect(
      diagnosed { _ = try job.run() }?.description == """
        error: model kind `linear` cannot predict classes.
          at:  model.kind
          fix: use kind mlp, logistic for classes, linear for numbers (data.task: regression), gpt2 or llama for next tokens, bert or vit for classes of sequences or images.
        """)
    job = try bench.job()
    job.configuration.training.loss = .squaredError
    #expect(
      diagnosed { _ = try job.run() }?.what == "the loss squaredError is not defined for classes.")
  }
}
