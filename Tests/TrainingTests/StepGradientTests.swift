// Letters: n training examples, B batch, k features.
import Datasets
import Factors
import Gradients
import Networks
import Projections
import Storage
import Tensors
import TestSupport
import Testing

@testable import Models
@testable import Training

/// A training whose steps' gradients are kept, without a run.
struct StepGradientCase {
  let data: Dataset
  let trainer: Trainer
  let folder: ScratchFolder
  let function: OutputFunction
  let projector: any Projector
  var path: String { folder / "steps.h5" }

  init(
    _ network: Network, _ data: Dataset, _ configuration: TrainingConfiguration,
    _ kind: ProjectorKind = .identity, dimension: Int = 24
  ) throws {
    self.data = data
    trainer = try Trainer(network: network, configuration: configuration, data: data)
    folder = try ScratchFolder()
    let saving = GradientSaving(projector: kind, dimension: dimension, at: .steps)
    function = saving.function(for: data)
    projector = try saving.projector(for: network, function, data)
  }

  /// Trains, and opens what it kept.
  ///
  /// - Parameter shardRows: rows of a shard.
  func run(
    shardRows: Int = 1_000, pooledVisits: Int = 1,
    afterStep: (@Sendable (StepReport) throws -> Void)? = nil
  ) throws -> (store: StepGradientStore, last: TrainingState) {
    let epochs = trainer.configuration.epochs
    let writer = try StepGradientWriter(
      path: path, projector: projector, function: function, order: trainer.order,
      visits: epochs * data.count, seeds: [trainer.seed],
      fingerprint: Fingerprint(["at": "steps", "outputFunction": function.rawValue]),
      shardBytes: 4 * projector.dimension * shardRows, pooledVisits: pooledVisits)
    let recorder = StepGradientRecorder(writer, seed: trainer.seed)
    var state = trainer.initialState()
    for _ in 0..<epochs {
      _ = try trainer.runEpoch(
        &state, hooks: TrainingHooks(afterStep: afterStep), recorder: recorder)
    }
    try writer.finish()
    return (try StepGradientStore(path), state)
  }

  /// A step's forward and backward pass once more, of the loss itself.
  func recomputed(
    _ step: StepReport
  ) throws -> (gradients: ExampleGradients, outputs: Tensor, targets: TargetValues) {
    var examples = data.inputs.gathered(step.rows)
    if let augmentation = trainer.configuration.augmentation {
      examples = augmentation.applied(
        to: examples, examples: step.rows, epoch: step.epoch, seed: step.seed)
    }
    let targets = TargetValues(data.targets).gathered(step.rows)
    let pass = trainer.network.pass(
      step.before, batch: step.rows.count, for: .factors,
      dropout: DropoutDraws(seed: step.seed, step: UInt64(step.step)))
    let outputs = trainer.network.root.forward(examples, pass)
    _ = trainer.network.root.backward(trainer.loss.gradient(outputs, targets), pass)
    return (pass.takeFactors(), outputs, targets)
  }

  /// The mean of unprojected rows as a flat gradient, p values.
  func mean(
    _ features: Matrix<Float>, _ rows: Range<Int>, _ gradients: ExampleGradients
  ) -> [Float] {
    var flat = [Float](repeating: 0, count: trainer.network.parameterCount)
    var start = 0
    for block in gradients.blocks {
      let width = block.rightWidth
      for row in rows {
        for o in 0..<block.leftWidth {
          for i in 0..<width {
            let value = features[row, start + o * width + i] / Float(rows.count)
            if let bias = block.bias, i == width - 1 {
              flat[bias.offset + o] += value
            } else {
              flat[block.weight.offset + o * (width - (block.bias == nil ? 0 : 1)) + i] += value
            }
          }
        }
      }
      start += block.leftWidth * width
    }
    return flat
  }

  /// All features of the only seed.
  func features(_ store: StepGradientStore) throws -> Matrix<Float> {
    try store.reader.readRows(
      group: StepGradientStore.group(seed: trainer.seed), 0..<store.count)
  }
}

@Suite("Gradients of steps", .serialized)
struct StepGradientTests {
  @Test("a line's gradients are those of a plain loop at each step's weights")
  func byHand() throws {
    let (x, t) = ([1.0, 3, -2], [2.0, 4, 1])
    let data = Dataset(
      inputs: Tensor(x.map { Float($0) }, shape: [3, 1]),
      targets: .values(Tensor(t.map { Float($0) }, shape: [3, 1])))
    let work = try StepGradientCase(
      ModelConfiguration(kind: .linear).network(inputShape: [1], outputs: 1), data,
      TrainingConfiguration(
        rate: 0.125, schedule: ScheduleConfiguration(.step(every: 1, factor: 0.5)), batch: 2,
        epochs: 2))
    let (store, last) = try work.run()
    let (visits, features) = (try store.visits(seed: 0), try work.features(store))
    let start = work.trainer.initialState().parameters
    var (w, b, row, step) = (Double(start[0]), Double(start[1]), 0, 0)
    for epoch in 1...2 {
      for batch in work.trainer.order.batches(epoch: epoch) {
        let rate = epoch == 1 ? 0.125 : 0.0625
        var (dw, db) = (0.0, 0.0)
        for example in batch {
          let error = w * x[example] + b - t[example]
          #expect(visits.rows[row] == example && visits.steps[row] == step)
          #expect(visits.rates[row] == Float(rate))
          #expect(abs(Double(visits.losses[row]) - error * error / 2) < 1e-5)
          #expect(abs(Double(visits.residuals[row]) + error) < 1e-5)
          #expect(abs(Double(features[row, 0]) - error * x[example]) < 1e-5)
          #expect(abs(Double(features[row, 1]) - error) < 1e-5)
          dw += error * x[example] / Double(batch.count)
          db += error / Double(batch.count)
          row += 1
        }
        (w, b, step) = (w - rate * dw, b - rate * db, step + 1)
      }
    }
    #expect(store.count == 6 && row == 6 && store.columns == 2 && store.seeds == [0])
    #expect(abs(Double(last.parameters[0]) - w) < 1e-5)
    #expect(try store.reader.ids() == .integers([0, 1, 2, 3, 4, 5]))
  }

  /// Networks with everything that makes a training pass other than an evaluation.
  static let cases = ["dropout", "augment", "gpt2", "several", "values"]

  private static func pattern(_ shape: [Int], modulus: Int, scale: Float) -> Tensor {
    let values = Tensor(uninitialized: shape)
    for i in 0..<values.count {
      let number: Int = (i * i + i / 5) % modulus
      values.storage.base[i] = Float(number) * scale
    }
    return values
  }

  static func work(_ name: String, _ kind: ProjectorKind = .identity) throws -> StepGradientCase {
    var configuration = TrainingConfiguration(
      optimizer: .adamw(), rate: 0.01, batch: 5, epochs: 2)
    if name == "several" { configuration.microBatch = 2 }
    switch name {
    case "gpt2":
      let inputs = pattern([11, 6], modulus: 7, scale: 1)
      let network = try #require(
        TransformerArchitecture.gpt2(
          GPT2Configuration(
            vocabulary: 7, context: 6, layers: 1, heads: 2, width: 8, dropout: 0.2)
        ).network(inputShape: [6]))
      let targets = Targets.tokens(inputs, vocabulary: (0..<7).map(String.init))
      return try StepGradientCase(
        network, Dataset(inputs: inputs, targets: targets), configuration, kind)
    case "augment":
      let shape = ImageShape(channels: 1, height: 8, width: 8)
      let inputs = pattern([13, 8, 8], modulus: 11, scale: 1 / 11)
      configuration.augmentation = Augmentation(flips: true, crop: 1)
      let targets = Targets.classes((0..<13).map { Int32($0 % 3) }, names: ["a", "b", "c"])
      return try StepGradientCase(
        #require(Network.convolutional(image: shape, channels: [4], outputs: 3)),
        Dataset(inputs: inputs, targets: targets), configuration, kind)
    case "values":
      let classes = quadrants(13)
      let values = pattern([13, 2], modulus: 5, scale: 0.2)
      return try StepGradientCase(
        .multilayerPerceptron(inputShape: [2], hidden: [6], outputs: 2, activation: .tanh),
        Dataset(inputs: classes.inputs, targets: .values(values)), configuration, kind)
    default:
      return try StepGradientCase(
        .multilayerPerceptron(
          inputShape: [2], hidden: [6], outputs: 4, activation: .tanh, dropout: 0.3),
        quadrants(13), configuration, kind)
    }
  }

  @Test(
    "rows are ∇ℓ of each example, recomputed with the same masks, images and weights",
    arguments: cases)
  func recomputed(name: String) throws {
    let work = try StepGradientTests.work(name)
    let steps = Collected<StepReport>()
    let (store, _) = try work.run(shardRows: 7) { steps.append($0) }
    let (visits, found) = (try store.visits(seed: 0), try work.features(store))
    var row = 0
    for step in steps.all {
      let (gradients, outputs, targets) = try work.recomputed(step)
      let expected = try work.projector.project(gradients)
      let tolerance = 1e-5 * max(1e-3, expected.elements.reduce(0) { max($0, abs($1)) })
      let losses = OutputFunction.loss.values(outputs, targets)
      let residuals = work.function.residuals(outputs, targets)
      for i in step.rows.indices {
        #expect(visits.rows[row + i] == step.rows[i] && visits.steps[row + i] == step.step)
        #expect(visits.rates[row + i] == Float(step.rate))
        #expect(abs(visits.losses[row + i] + losses[i]) < 1e-4)
        #expect(abs(visits.residuals[row + i] - residuals[i]) < 1e-5)
        let far = difference(found.row(row + i), expected.row(i))
        #expect(far <= tolerance, "\(name), visit \(row + i)")
      }
      // The mean of a step's rows is the step's gradient.
      let mean = work.mean(found, row..<row + step.rows.count, gradients)
      #expect(difference(mean, step.gradient.elements) <= 2 * tolerance, "\(name)")
      row += step.rows.count
    }
    #expect(row == store.count && row == 2 * work.data.count)
  }

  /// The largest difference of two vectors.
  private func difference(_ a: [Float], _ b: [Float]) -> Float {
    precondition(a.count == b.count, "\(a.count) and \(b.count)")
    return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test("weights do not depend on it, rows not on threads or shards", arguments: cases)
  func bits(name: String) throws {
    let plain = try StepGradientTests.work(name).trainer.train()
    let before = Workers.count
    defer { Workers.count = before }
    var rows: [[Float]] = []
    for (workers, shardRows) in [(1, 1_000), (2, 3), (3, 26)] {
      Workers.count = workers
      let work = try StepGradientTests.work(name, .kronecker)
      let (store, last) = try work.run(shardRows: shardRows)
      #expect(last.parameters == plain.parameters)
      rows.append(try work.features(store).elements)
      let visits = try store.visits(seed: 0)
      rows[rows.count - 1] += visits.losses + visits.residuals + visits.rows.map { Float($0) }
    }
    #expect(rows[0] == rows[1] && rows[0] == rows[2])
  }

  @Test("steps that are projected together have the rows of steps by themselves", arguments: cases)
  func pooled(name: String) throws {
    let work = try StepGradientTests.work(name, .rademacher)
    let expected = try work.features(work.run().store)
    let scale = expected.elements.reduce(0) { max($0, abs($1)) }
    for (pooledVisits, shardRows) in [(8, 1_000), (1_000, 1_000), (8, 7), (12, 26)] {
      let again = try StepGradientTests.work(name, .rademacher)
      let found = try again.features(
        again.run(shardRows: shardRows, pooledVisits: pooledVisits).store)
      let far = difference(found.elements, expected.elements)
      #expect(far <= 1e-5 * scale, "\(pooledVisits) visits, \(shardRows) rows")
    }
    let network = work.trainer.network
    for kind in [ProjectorKind.gaussian, .kronecker] {
      #expect(StepGradientWriter.pooledVisits(kind, in: network, batch: 512) == 1_024)
      #expect(StepGradientWriter.pooledVisits(kind, in: network, batch: 513) == 1)
    }
  }

  @Test("a place beyond 2²⁴ is whole in two columns")
  func highRows() throws {
    let data = Dataset(
      inputs: Tensor([1, 3], shape: [2, 1]), targets: .values(Tensor([2, 4], shape: [2, 1])))
    let work = try StepGradientCase(
      ModelConfiguration(kind: .linear).network(inputShape: [1], outputs: 1), data,
      TrainingConfiguration(rate: 0.5, batch: 2, epochs: 1))
    let writer = try StepGradientWriter(
      path: work.path, projector: work.projector, function: .prediction,
      order: work.trainer.order, visits: 2, seeds: [0], fingerprint: Fingerprint(["at": "steps"]))
    let recorder = StepGradientRecorder(writer, seed: 0)
    let room = recorder.room(for: 2)
    _ = try work.trainer.backward(
      work.trainer.initialState(), batch: work.trainer.batch(at: 0), signals: nil,
      needsFactors: false, visits: room)
    try recorder.append(room, examples: [16_777_217, 123_456_789_012], rate: 1)
    try writer.finish()
    #expect(
      try StepGradientStore(work.path).visits(seed: 0).rows == [16_777_217, 123_456_789_012])
  }

  @Test("stores of steps and of checkpoints are told apart by name")
  func kinds() throws {
    let work = try StepGradientTests.work("values")
    let (store, _) = try work.run()
    let error = diagnosed {
      try StepGradientStore.requireCheckpoints(store.reader, method: "trak")
    }
    #expect(
      error?.description == """
        error: trak needs every example at one checkpoint; the store holds gradients of a \
        training's steps, each at other weights
          at:  \(work.path)
          fix: use graddot or tracin, or a store of checkpoints (ascribe collect, or `save: {…, \
        at: checkpoints}`)
        """)
    #expect(throws: StorageError.self) { try store.visits(seed: 1) }
    let other = work.folder / "train.h5"
    try FeatureCollection(
      groups: [
        FeatureCollection.Group(
          name: "seed-0/epoch-001",
          source: GradientSource(
            network: work.trainer.network, parameters: work.trainer.initialState().parameters),
          modelHash: "0")
      ], outputFunction: .loss, projection: ProjectionChoice(kind: .identity, dimension: 1),
      training: work.data, identity: .sample
    ).collect(work.data, to: other)
    #expect(throws: GradientError.notOfSteps(path: other)) { try StepGradientStore(other) }
    try StepGradientStore.requireCheckpoints(FeatureStoreReader(other), method: "trak")
    var blocks: [Range<Int>] = []
    try store.forEachBlock(seed: 0, rowsPerBlock: 10) { rows, features in
      #expect(features.rows == rows.count && features.columns == work.projector.dimension)
      blocks.append(rows)
    }
    #expect(blocks == [0..<10, 10..<20, 20..<26])
  }
}
