// Letters: n training examples, m queries, v visits.
import Datasets
import Foundation
import Gradients
import Networks
import Runs
import Tensors
import TestSupport
import Testing

@testable import Influence

/// A line fitted to five points, its steps' gradients saved as they are.
struct LineRun {
  static let rows = ["1,2", "-1,0.5", "0.5,-1", "2,1", "-0.5,3"]
  let folder: ScratchFolder
  let influence: RunInfluence

  /// - Parameter training: what follows rate, batch, epochs and `save`.
  init(_ training: String = "", seeds: Int = 1) throws {
    folder = try ScratchFolder()
    for name in ["train", "test"] {
      let rows = name == "train" ? LineRun.rows : ["0.3,1", "-2,0"]
      try Data(("x,t\n" + rows.joined(separator: "\n") + "\n").utf8)
        .write(to: URL(fileURLWithPath: folder / "\(name).csv"))
    }
    influence = try RunInfluence(LineRun.train(training, seeds: seeds, in: folder))
  }

  /// Trains, or trains anew.
  static func train(
    _ training: String, seeds: Int = 1, saves: Bool = true, in folder: ScratchFolder
  ) throws -> Run {
    let save = saves ? ", save: {projector: identity, at: steps}" : ""
    let text = """
      name: line
      data:
        task: regression
        train: {format: csv, path: train.csv, label: last}
        test:  {format: csv, path: test.csv, label: last}
      model: {kind: linear}
      training: {rate: 0.2, batch: 2, epochs: 3, seeds: \(seeds)\(save)\(training)}
      """
    return try trained(text, in: folder)
  }

  /// Trains as a run file says, or trains anew.
  static func trained(_ text: String, in folder: ScratchFolder) throws -> Run {
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder / "line.yaml"))
    var job = TrainingJob(
      try RunConfiguration(contentsOf: folder / "line.yaml"),
      checkpointsFolder: folder / "Checkpoints")
    job.overwrites = true
    return try job.run().run
  }

  /// A visit replayed in double.
  struct Visit {
    let row, epoch: Int
    let rate: Double
    let gradient: [Double]
  }

  /// Every step again, by hand: the visits, and (w, b) at the end of epochs 0, 1, 2, 3.
  func replayed(seed: UInt64, rate: (Int) -> Double) throws -> ([Visit], ends: [[Double]]) {
    let start = try influence.run.networkToTrain().initialParameters(seed: seed)
    var (w, b, step) = (Double(start[0]), Double(start[1]), 0)
    var (visits, ends) = ([Visit](), [[w, b]])
    for epoch in 1...3 {
      for batch in try influence.run.batchOrder(seed: seed).batches(epoch: epoch) {
        var sum = [0.0, 0.0]
        for row in batch {
          let gradient = slope(influence.data.train, row, [w, b]).map { -$0 }
          visits.append(Visit(row: row, epoch: epoch, rate: rate(step), gradient: gradient))
          sum = [sum[0] + gradient[0], sum[1] + gradient[1]]
        }
        w -= rate(step) * sum[0] / Double(batch.count)
        b -= rate(step) * sum[1] / Double(batch.count)
        step += 1
      }
      ends.append([w, b])
    }
    return (visits, ends)
  }

  /// ∇(−½ (wx + b − t)²).
  func slope(_ data: Dataset, _ row: Int, _ at: [Double]) -> [Double] {
    guard case .values(let targets) = data.targets else { return [] }
    let x = Double(data.inputs[row])
    let residual = Double(targets[row]) - (at[0] * x + at[1])
    return [residual * x, residual]
  }
}

@Suite("Scores of saved steps")
struct StepScoreTests {
  private func cosine(_ step: Int) -> Double { 0.2 * (1 + cos(Double.pi * Double(step) / 9)) / 2 }

  /// Σ over visits of weight · ⟨∇f(x; θ_c), −∇ℓ_v⟩, m × n, c the last of some epochs not after v.
  private func plain(
    _ line: LineRun, _ queries: Dataset, seed: UInt64 = 0, kept: [Int],
    rate: @escaping (Int) -> Double, weight: (LineRun.Visit) -> Double
  ) throws -> [Double] {
    let (visits, ends) = try line.replayed(seed: seed, rate: rate)
    var scores = [Double](repeating: 0, count: queries.count * 5)
    for visit in visits {
      let epoch = kept.last { $0 < visit.epoch } ?? 0
      for query in 0..<queries.count {
        let product = zip(line.slope(queries, query, ends[epoch]), visit.gradient)
          .reduce(0) { $0 - $1.0 * $1.1 }
        scores[query * 5 + visit.row] += weight(visit) * product
      }
    }
    return scores
  }

  @Test(
    "a line: tracin is the sum over the replayed steps, by hand in double",
    arguments: [[], [1, 2], [2]])
  func line(kept: [Int]) throws {
    let checkpoints = kept.isEmpty ? "last" : "\(kept)"
    let line = try LineRun(", schedule: cosine, checkpoints: \(checkpoints)")
    let queries = line.influence.data.test
    let expected = try plain(line, queries, kept: kept, rate: cosine) { $0.rate }
    let scoring = try line.influence.resolved(ScoringRequest(kernel: .steps))
    #expect(scoring.options.method == .tracin && scoring.usesSteps)
    let model = try line.influence.ensemble(scoring)
    #expect(model.kernelName == "identity 2 at steps" && !model.isExact)
    let epochs: [Int] = [0] + kept.filter { $0 < 3 }
    #expect(model.checkpointNames == epochs.map { "seed-0/epoch-00\($0)" })
    #expect(relativeDifference(try model.scores(queries).elements, expected) < 1e-5)
    let mean = (0..<5).map { (row: Int) -> Double in (expected[row] + expected[5 + row]) / 2 }
    #expect(relativeDifference(try model.scores(queries, mean: true).elements, mean) < 1e-5)
    let own = try model.scores(line.influence.data.train)
    #expect(relativeDifference(try model.selfInfluence(), (0..<5).map { own[$0, $0] }) < 1e-5)
    let named: [String] = ["0 (initial weights)"] + kept.map { "\($0)" }
    #expect(
      try model.notes().contains(
        "a step's gradient meets the query's at the last kept checkpoint not after it: of epoch "
          + named.joined(separator: ", ")))
  }

  @Test("graddot on steps is the mean over an example's visits; seeds are averaged")
  func mean() throws {
    let line = try LineRun(", checkpoints: every", seeds: 2)
    let queries = line.influence.data.test
    for (method, weight) in [(Influence.Method.graddot, 1.0 / 3), (.tracin, 0.2)] {
      let parts = try line.influence.run.seeds.map { seed in
        try plain(line, queries, seed: seed, kept: [1, 2], rate: { _ in 0.2 }) { _ in weight }
      }
      let expected = zip(parts[0], parts[1]).map { ($0 + $1) / 2 }
      let model = try line.influence.ensemble(ScoringRequest(method: method, kernel: .steps))
      #expect(model.checkpointNames.count == 6)
      #expect(relativeDifference(try model.scores(queries).elements, expected) < 1e-5)
      let one = try line.influence.ensemble(
        ScoringRequest(method: method, seeds: [1], kernel: .steps))
      #expect(relativeDifference(try one.scores(queries).elements, parts[1]) < 1e-5)
    }
  }

  @Test("checkpoints that are asked for are those that queries meet steps at")
  func chosen() throws {
    let line = try LineRun(", checkpoints: every")
    let queries = line.influence.data.test
    let model = try line.influence.ensemble(
      ScoringRequest(method: .tracin, checkpoints: .epochs([2, 3]), kernel: .steps))
    // Epoch 3 is after all steps.
    #expect(model.checkpointNames == ["seed-0/epoch-000", "seed-0/epoch-002"])
    let expected = try plain(line, queries, kept: [2], rate: { _ in 0.2 }) { $0.rate }
    #expect(relativeDifference(try model.scores(queries).elements, expected) < 1e-5)
  }

  @Test("a training example as query is helped by its own steps, with the other sign harmed")
  func signs() throws {
    let line = try LineRun(", checkpoints: every, schedule: cosine")
    let data = line.influence.data.train
    guard case .values(let values) = data.targets else { return }
    let model = try line.influence.ensemble(ScoringRequest(kernel: .steps))
    for (offset, sign) in [(Float(9), Float(1)), (-9, -1)] {
      // Targets so far from the line that its residuals keep their signs.
      let moved = Tensor(values.elements.map { $0 > 0.7 ? $0 + offset : $0 }, shape: [5, 1])
      let queries = Dataset(inputs: data.inputs, targets: .values(moved))
      let scores = try model.scores(queries)
      for row in [0, 4] { #expect(sign * scores[row, row] > 0, "row \(row), offset \(offset)") }
    }
  }

  @Test(
    "methods that need every example at one checkpoint are refused by name",
    arguments: MethodTable.ofCheckpoints.filter { $0.visits == nil && $0.readsFeatures })
  func refused(method: Influence.Method) throws {
    let line = try LineRun()
    let path = line.influence.stepsPath
    #expect(
      diagnosed {
        _ = try line.influence.ensemble(ScoringRequest(method: method, kernel: .steps))
      }?.description == """
        error: \(method.name) needs every example at one checkpoint; the store holds gradients of a \
        training's steps, each at other weights
          at:  \(path)
          fix: use graddot or tracin, or a store of checkpoints (ascribe collect, or `save: {…, at: \
        checkpoints}`)
        """)
  }

  @Test("steps of another training, or of other layers, are refused by the field's name")
  func stale() throws {
    let line = try LineRun()
    func field(_ influence: RunInfluence) -> String? {
      mismatchedField { _ = try influence.ensemble(ScoringRequest(kernel: .steps)) }
    }
    #expect(field(line.influence) == nil)
    let layers = LayerPatterns(text: "*.bias")
    #expect(field(try RunInfluence(line.influence.run, layers: layers)) == "layers")
    let other = try RunInfluence(LineRun.train(", weightDecay: 0.1", saves: false, in: line.folder))
    #expect(field(other) == "training")
    #expect(field(try RunInfluence(LineRun.train("", saves: false, in: line.folder))) == nil)
  }

  @Test("without saved steps the run file's key is named")
  func absent() throws {
    let line = try LineRun()
    try FileManager.default.removeItem(atPath: line.folder / "Projections")
    let error = diagnosed { _ = try line.influence.ensemble(ScoringRequest(kernel: .steps)) }
    #expect(error?.what == "the training of line kept no gradients of its steps")
    #expect(error?.remedy.contains("save: {projector: kronecker, at: steps}") == true)
    #expect(error?.location == line.influence.stepsPath)
  }
}
