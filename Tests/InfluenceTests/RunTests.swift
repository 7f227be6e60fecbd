import Configuration
import Datasets
import Foundation
import Networks
import Projections
import Runs
import Storage
import Tensors
import TestSupport
import Testing

@testable import Gradients
@testable import Influence

/// A run on a slice of the bundled digits: 2 seeds, 2 epochs, 40 examples.
struct DigitsRun {
  let folder: ScratchFolder
  let influence: RunInfluence

  init(examples: Int = 40) throws {
    folder = try ScratchFolder()
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    for (name, count) in [("train", examples), ("test", 8)] {
      let text = try String(
        contentsOf: root.appendingPathComponent("data/digits-\(name).csv"), encoding: .utf8)
      let lines = text.split(separator: "\n").prefix(count + 1).joined(separator: "\n")
      try Data((lines + "\n").utf8).write(to: URL(fileURLWithPath: folder / "\(name).csv"))
    }
    let run = """
      name: tiny
      data:
        train: {format: csv, path: train.csv, label: last}
        test:  {format: csv, path: test.csv, label: last}
        classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
        scale: [0, 16]
      model: {hidden: [4], activation: tanh}
      training: {rate: 0.1, momentum: 0.9, batch: 8, epochs: 2, seeds: 2}
      """
    try Data(run.utf8).write(to: URL(fileURLWithPath: folder / "tiny.yaml"))
    let job = TrainingJob(
      try RunConfiguration(contentsOf: folder / "tiny.yaml"),
      checkpointsFolder: folder / "Checkpoints")
    influence = try RunInfluence(job.run().run)
  }

  func collect(
    _ kind: ProjectorKind, k: Int, choice: CheckpointChoice = .all,
    function: OutputFunction = .margin, dtype: StorageType = .float32
  ) throws {
    let references = try choice.references(of: influence.run, method: .trak)
    try FeatureCollection(
      groups: influence.groups(references), outputFunction: function,
      projection: ProjectionChoice(kind: kind, dimension: k, seed: 5),
      training: influence.data.train, identity: influence.run.identity()
    ).collect(influence.data.train, to: influence.storePath(), dtype: dtype, overwrite: true)
  }

  func options(_ method: Influence.Method = .trak) throws -> ScoringOptions {
    try ScoringOptions(method: method, classification: true, exampleWeight: nil)
  }
}

extension RunInfluence {
  /// Options on the run's stores, or on exact kernels.
  func scoring(
    _ options: ScoringOptions, _ choice: CheckpointChoice = .standard, seeds: [UInt64]? = nil,
    features: Bool
  ) throws -> Ensemble {
    try ensemble(
      ResolvedScoring(
        options: options, choice: choice, seeds: seeds, usesFeatures: features, exactLimit: .max))
  }
}

@Suite("Influence on a run")
struct RunTests {
  @Test(
    "every projector's store is scored like the exact kernel, as far as its features reach",
    arguments: ProjectorKind.allCases)
  func projectors(kind: ProjectorKind) throws {
    let run = try DigitsRun()
    let influence = run.influence
    try run.collect(kind, k: kind == .landmarks ? 40 : 120)
    let options = try run.options()
    let model = try influence.scoring(options, features: true)
    #expect(
      model.checkpointNames == [
        "seed-0/epoch-001", "seed-0/epoch-002", "seed-1/epoch-001", "seed-1/epoch-002",
      ])
    let exact = try influence.scoring(options, .all, features: false)
    let (a, b) = (
      try model.scores(influence.data.test), try exact.scores(influence.data.test)
    )
    let difference = relativeDifference(a.elements, b.elements)
    switch kind {
    case .identity: #expect(difference < 1e-4)
    case .landmarks: #expect(difference < 1e-3)
    default:
      // A product of k random features is off by √(2/k) of the norms, one in twenty by twice that.
      #expect(difference < 2 * (2 / 120.0).squareRoot() && difference > 1e-3)
    }
    #expect(
      relativeDifference(
        try model.scores(influence.data.test, mean: true).elements,
        (0..<a.columns).map { i in
          (0..<a.rows).reduce(0.0) { $0 + Double(a[$1, i]) } / Double(a.rows)
        }) < 1e-4)
  }

  @Test(
    "half-precision stores are scored to their digits",
    arguments: [(StorageType.float16, 0.01), (.bfloat16, 0.08)])
  func half(dtype: StorageType, tolerance: Double) throws {
    let run = try DigitsRun()
    let influence = run.influence
    let options = try run.options()
    try run.collect(.landmarks, k: 40)
    let full = try influence.scoring(options, features: true)
      .scores(influence.data.test)
    try run.collect(.landmarks, k: 40, dtype: dtype)
    let half = try influence.scoring(options, features: true)
      .scores(influence.data.test)
    #expect(relativeDifference(half.elements, full.elements) < tolerance)
  }

  @Test("a store is refused by the name of the field when run or choices differ")
  func refused() throws {
    let (run, other) = (try DigitsRun(), try DigitsRun(examples: 41))
    try run.collect(.sjlt, k: 16)
    let path = run.influence.storePath()
    func field(_ influence: RunInfluence, _ options: ScoringOptions) -> String? {
      let error = diagnosed {
        _ = try influence.openStore(path, target: .output(options.outputFunction))
      }
      if case .fingerprintMismatch(let field, _, _, _) = error as? StorageError { return field }
      return nil
    }
    #expect(field(run.influence, try run.options()) == nil)
    #expect(field(other.influence, try run.options()) == "model")
    #expect(
      field(
        run.influence,
        try ScoringOptions(
          method: .trak, classification: true, outputFunction: .loss, exampleWeight: nil))
        == "outputFunction")
  }

  @Test("checkpoints are chosen, and those that are not there are named")
  func choices() throws {
    let digits = try DigitsRun()
    let run = digits.influence.run
    func names(
      _ choice: CheckpointChoice, _ seeds: [UInt64]? = nil, _ method: Influence.Method = .trak
    )
      throws -> [String]
    {
      try choice.references(of: run, seeds: seeds, method: method).map(\.groupName)
    }
    let all = ["seed-0/epoch-001", "seed-0/epoch-002", "seed-1/epoch-001", "seed-1/epoch-002"]
    #expect(try names(.all) == all)
    #expect(try names(.standard) == [all[1], all[3]])
    #expect(try names(.standard, nil, .trajectory) == all)
    #expect(try names(.logSpaced, [1]) == [all[2], all[3]])
    #expect(try names(.final, [0]) == [all[1]])
    #expect(try names(.epochs([1])) == [all[0], all[2]])
    for (choice, seeds, what) in [
      (CheckpointChoice.epochs([1, 7]), nil, "no checkpoint fits epoch 7"),
      (.final, [0, 9], "no checkpoint fits seed 9"), (.all, [], "no checkpoint fits the selection"),
    ] as [(CheckpointChoice, [UInt64]?, String)] {
      let error = diagnosed { _ = try names(choice, seeds) }
      #expect(error?.what == what)
      #expect(error?.remedy == "this run has seeds 0, 1, epochs 1, 2")
    }
  }

  @Test("on features the asked-for checkpoints are scored, and no others")
  func storeCheckpoints() throws {
    let run = try DigitsRun()
    let influence = run.influence
    let missing = diagnosed {
      _ = try influence.scoring(run.options(), features: true)
    }
    #expect(
      missing as? InfluenceError
        == .noStore(path: influence.storePath(), run: "tiny", method: "trak"))
    try run.collect(.identity, k: 1, choice: .final)
    func scorer(_ choice: CheckpointChoice, _ seeds: [UInt64]?) throws -> Ensemble {
      try influence.scoring(run.options(), choice, seeds: seeds, features: true)
    }
    #expect(
      try scorer(.standard, nil).checkpointNames == ["seed-0/epoch-002", "seed-1/epoch-002"])
    #expect(try scorer(.standard, [1]).checkpointNames == ["seed-1/epoch-002"])
    #expect(try scorer(.final, [0]).checkpointNames == ["seed-0/epoch-002"])
    // 4 · 65 + 10 · 5.
    #expect(try scorer(.standard, nil).kernelName == "identity 310")
    let error = diagnosed { _ = try scorer(.all, [0]) }
    #expect(error?.what == "no checkpoint fits seed-0/epoch-001")
    #expect(error?.remedy == "this run has features of seed-0/epoch-002, seed-1/epoch-002")
    // One seed of the store is that seed on the exact kernel.
    let exact = try influence.scoring(run.options(), .final, seeds: [1], features: false)
    #expect(
      relativeDifference(
        try scorer(.standard, [1]).scores(influence.data.test).elements,
        try exact.scores(influence.data.test).elements) < 1e-4)
  }

  @Test("deleted rows are out of the Gram, score NaN and are never in the top")
  func deleted() throws {
    let run = try DigitsRun()
    let influence = run.influence
    let options = try ScoringOptions(
      method: .trak, classification: true, exampleWeight: nil, diagnosesDamping: .all)
    try run.collect(.identity, k: 1, choice: .final)
    try FeatureStoreWriter.markDeleted([3, 17], in: influence.storePath())
    let model = try influence.scoring(options, features: true)
    let kept = (0..<40).filter { $0 != 3 && $0 != 17 }
    let references = try CheckpointChoice.final.references(of: influence.run, method: .trak)
    let part = influence.data.train.subset(kept)
    let exact = try Ensemble(
      checkpoints: references.map {
        ExactCheckpoint(name: $0.groupName, source: try influence.source($0), training: part)
      }, training: part, options: options)
    let (scores, expected) = (
      try model.scores(influence.data.test), try exact.scores(influence.data.test)
    )
    for q in 0..<8 {
      #expect(scores[q, 3].isNaN && scores[q, 17].isNaN)
      #expect(relativeDifference(kept.map { scores[q, $0] }, expected.row(q)) < 1e-4)
    }
    let own = try model.selfInfluence()
    #expect(own[3].isNaN && own[17].isNaN)
    #expect(relativeDifference(kept.map { own[$0] }, try exact.selfInfluence()) < 1e-4)
    let rows = try model.top(influence.data.test, limit: 40).flatMap { $0.highest.map(\.row) }
    #expect(!rows.contains(3) && !rows.contains(17) && rows.contains(4))
    let (a, b) = (try model.dampingReports()[0].report, try exact.dampingReports()[0].report)
    #expect(abs(a.meanEigenvalue / b.meanEigenvalue - 1) < 1e-5)
    #expect(a.leaveOneOut.map { abs($0 / (b.leaveOneOut ?? 0) - 1) < 1e-5 } == true)
    #expect(a.sampledRows == 38)
  }

  @Test("the trajectory weight is the mean of 1 − p over epochs and seeds, on kernel and features")
  func trajectoryWeight() throws {
    let run = try DigitsRun()
    let influence = run.influence
    var expected = [Double](repeating: 0, count: 40)
    for seed in influence.run.seeds {
      let p = try #require(try influence.run.dynamics(seed: seed)[.probability])
      for e in 0..<2 { for i in 0..<40 { expected[i] += (1 - Double(p[e, i])) / 4 } }
    }
    let options = try ScoringOptions(
      method: .trak, classification: true,
      exampleWeight: ExampleWeight(.trajectory, squareRoot: true))
    let model = try influence.scoring(options, .final, features: false)
    #expect(relativeDifference(try model.weights(), expected.map { $0.squareRoot() }) < 1e-6)
    try run.collect(.identity, k: 1, choice: .final)
    let features = try influence.scoring(options, features: true)
    #expect(
      relativeDifference(
        try features.scores(influence.data.test).elements,
        try model.scores(influence.data.test).elements) < 1e-4)
  }

  @Test("a store by a projector of another version is refused by that, not as another projector")
  func projectorOfAnotherVersion() throws {
    let run = try DigitsRun()
    let influence = run.influence
    let text = "sjlt version=2 k=8 seed=5 nonzeros=4 layers=0.weight:1x1"
    let writer = try FeatureStoreWriter(
      path: influence.storePath(), rows: 1, columns: 1, dtype: .float32, groups: ["g"],
      outputColumns: [], fingerprint: Fingerprint(["projector": text]))
    try writer.write(group: "g", rows: 0..<1, features: Matrix([1], rows: 1, columns: 1))
    try writer.finish(ids: .integers([0]), labels: .classes([0]))
    let error = diagnosed {
      _ = try influence.scoring(run.options(), features: true)
    }
    #expect(
      error as? GradientError
        == .storedProjector(
          problem: "version 2 of sjlt is unknown", text: text, file: influence.storePath()))
  }

  @Test("features that are zero, of an example or of all, are noted")
  func zeroFeatures() throws {
    let folder = try ScratchFolder()
    let (source, data) = RobustnessTests.withZeroRow()
    let options = try ScoringOptions(
      method: .trak, classification: false, outputFunction: .prediction, exampleWeight: nil)
    func model(_ set: Dataset, _ name: String) throws -> Ensemble {
      try Problem.features([source], set, options, in: folder / name)
    }
    let all = try model(data, "all")
    #expect(try all.notes() == ["c0: 1 rows of features are zero and score 0 (rows 2)"])
    let scores = try all.scores(data)
    #expect((0..<8).allSatisfy { scores[$0, 2] == 0 })
    #expect(try all.selfInfluence()[2] == 0)
    let error = diagnosed { _ = try model(data.subset([2]), "none").scores(data) }
    #expect(error as? InfluenceError == .allZero(checkpoint: "c0"))
    // An input that is 0 throughout is a feature that is.
    var inputs = data.inputs
    for i in 0..<8 { inputs[i * 3 + 1] = 0 }
    let flat = Dataset(inputs: inputs, targets: data.targets)
    #expect(
      try model(flat, "flat").notes()
        .contains("c0: 1 of 3 features are zero for every example"))
  }
}

@Suite("Collected query features")
struct QueryFeatureTests {
  @Test("a test store made alike answers as the network does; one made otherwise is passed over")
  func testStore() throws {
    let run = try DigitsRun()
    let influence = run.influence
    try run.collect(.sjlt, k: 64, choice: .final)
    let options = try run.options()
    let test = influence.data.test
    let made = try influence.scoring(options, features: true)
    let expected = try made.scores(test)
    #expect(try made.notes().allSatisfy { !$0.contains("store of the test") })
    func collect(seed: UInt64) throws {
      let work = try influence.collecting(
        for: .trak, projection: ProjectionChoice(kind: .sjlt, dimension: 64, seed: seed),
        split: "test")
      try work.parts[0].collection.collect(test, to: work.parts[0].path, overwrite: true)
    }
    try collect(seed: 5)
    let read = try influence.scoring(options, features: true)
    #expect(try read.notes().contains { $0.contains("store of the test examples") })
    #expect(relativeDifference(try read.scores(test).elements, expected.elements) < 1e-6)
    // A query that only shares an id with a stored one is not it.
    let other = Dataset(
      ids: test.subset([0, 1]).ids, inputs: test.subset([2, 3]).inputs,
      targets: test.targets.subset([2, 3]))
    #expect(
      relativeDifference(
        try read.scores(other).elements, expected.row(2) + expected.row(3)) < 1e-6)
    try collect(seed: 6)
    let passed = try influence.scoring(options, features: true)
    #expect(try passed.notes().allSatisfy { !$0.contains("store of the test") })
    #expect(relativeDifference(try passed.scores(test).elements, expected.elements) < 1e-6)
  }
}
