import Datasets
import Factors
import Networks
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Models
@testable import Training

/// A step whose batch goes through the network in parts.
@Suite("Micro-batches", .serialized) struct MicroBatchTests {
  static let images = ImageShape(channels: 1, height: 6, width: 6)
  static let networks: [String: Network?] = [
    "mlp": .multilayerPerceptron(
      inputShape: [6, 6], hidden: [6], outputs: 3, activation: .tanh, dropout: 0.3),
    "gpt2": .gpt2(
      GPT2Configuration(
        vocabulary: 9, context: 36, layers: 1, heads: 2, width: 8, dropout: 0.2,
        attentionDropout: 0.2), length: 36),
    // Long enough that workers take parts of a batch side by side.
    "gpt2 long": .gpt2(
      GPT2Configuration(
        vocabulary: 9, context: 128, layers: 2, heads: 2, width: 16, dropout: 0.2,
        attentionDropout: 0.2), length: 128),
    "vit": TransformerArchitecture.vit(
      ViTConfiguration(
        image: images, patch: 2, layers: 1, heads: 2, width: 8, classes: 3, dropout: 0.2)
    ).network(inputShape: [6, 6]),
  ]

  static func data(_ name: String, count: Int = 22) -> Dataset {
    let isSequence = name.hasPrefix("gpt2")
    let shape = name == "gpt2 long" ? [128] : isSequence ? [36] : [6, 6]
    let inputs = Tensor(uninitialized: [count] + shape)
    for i in 0..<inputs.count { inputs.storage.base[i] = Float(1 + (i * i + i / 7) % 8) }
    return Dataset(
      inputs: inputs,
      targets: isSequence
        ? .tokens(inputs, vocabulary: (0..<9).map(String.init))
        : .classes((0..<count).map { Int32($0 % 3) }, names: ["a", "b", "c"]))
  }

  /// The state, the signals of the second epoch and the reports of its steps.
  func trained(
    _ name: String, microBatch: Int?, workers: Int = 2
  ) throws -> (state: TrainingState, signals: EpochSignals, steps: [StepReport]) {
    let before = Workers.count
    defer { Workers.count = before }
    Workers.count = workers
    var configuration = TrainingConfiguration(
      optimizer: .sgd(momentum: 0.9), rate: 0.02, batch: 8, epochs: 2)
    configuration.microBatch = microBatch
    let trainer = try Trainer(
      network: try #require(Self.networks[name] ?? nil), configuration: configuration,
      data: Self.data(name))
    var state = trainer.initialState()
    _ = try trainer.runEpoch(&state)
    let steps = Mutex<[StepReport]>([])
    let signals = try trainer.runEpoch(
      &state, hooks: TrainingHooks(afterStep: { step in steps.withLock { $0.append(step) } }))
    return (state, signals, steps.withLock { $0 })
  }

  func difference(_ a: [Float], _ b: [Float]) -> Float {
    let scale = b.reduce(0) { max($0, abs($1)) }
    return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } / scale
  }

  @Test(
    "gradient, signals and factors are those of the whole batch, with the same dropout",
    arguments: networks.keys.sorted(), [1, 3, 5])
  func parts(name: String, microBatch: Int) throws {
    let whole = try trained(name, microBatch: nil)
    let parts = try trained(name, microBatch: microBatch)
    #expect(difference(parts.state.parameters.elements, whole.state.parameters.elements) < 1e-5)
    let isSequence = name.hasPrefix("gpt2")
    for signal in [ExampleSignal.loss, .el2n, .margin] + (isSequence ? [] : [.gradientNorm]) {
      let expected = try #require(whole.signals[signal])
      #expect(difference(try #require(parts.signals[signal]), expected) < 1e-5, "\(signal)")
    }
    #expect(parts.steps.count == 3)
    for (step, expected) in zip(parts.steps, whole.steps) {
      #expect(step.rows == expected.rows)
      #expect(difference(step.gradient.elements, expected.gradient.elements) < 1e-4)
      let count = step.gradient.count
      let (a, b) = (
        step.factors.fullGradients(parameterCount: count),
        expected.factors.fullGradients(parameterCount: count)
      )
      #expect(a.rows == expected.rows.count)
      for row in 0..<a.rows {
        let rows = (0..<count).map { (a[row, $0], b[row, $0]) }
        #expect(difference(rows.map(\.0), rows.map(\.1)) < 1e-3, "row \(row)")
      }
    }
  }

  @Test(
    "one worker, two and five leave the same bits",
    arguments: [("gpt2", 3), ("gpt2 long", 5), ("gpt2 long", nil)])
  func workers(name: String, microBatch: Int?) throws {
    let one = try trained(name, microBatch: microBatch, workers: 1)
    for workers in [2, 5] {
      let more = try trained(name, microBatch: microBatch, workers: workers)
      #expect(one.state.parameters == more.state.parameters)
      #expect(one.signals[.loss] == more.signals[.loss])
    }
  }

  @Test("a batch is cut into parts where summing their gradients is little beside the products")
  func partSizes() throws {
    let long = try #require(Self.networks["gpt2 long"] ?? nil)
    // 8 · 128 positions; embeddings are parameters without products.
    #expect(TrainingConfiguration.partSize(of: 8, in: long) == 4)
    #expect(TrainingConfiguration.partSize(of: 64, in: long) == 8)
    #expect(TrainingConfiguration.partSize(of: 5, in: long) == 5)
    let mlp = Network.multilayerPerceptron(inputShape: [100], hidden: [100], outputs: 2)
    #expect(TrainingConfiguration.partSize(of: 500, in: mlp) == 500)
    #expect(TrainingConfiguration.partSize(of: 1_200, in: mlp) == 300)
    // 5.8 million parameters: two gradients of 23 MB.
    let wide = Network.multilayerPerceptron(inputShape: [800], hidden: [7_200], outputs: 2)
    #expect(TrainingConfiguration.partSize(of: 10_000, in: wide) == 5_000)
    let coupled = try #require(
      Network.convolutional(
        image: Self.images, channels: [2], outputs: 3, normalisation: .batch))
    #expect(TrainingConfiguration.partSize(of: 4_096, in: coupled) == 4_096)
  }

  @Test("a loss that is no number in one part ends the training")
  func diverged() throws {
    let data = Self.data("gpt2 long")
    let network = try #require(Self.networks["gpt2 long"] ?? nil)
    let trainer = try Trainer(
      network: network,
      configuration: TrainingConfiguration(
        optimizer: .sgd(momentum: 0), rate: 1e30, batch: 8, epochs: 2), data: data)
    #expect(trainer.partSize < 8)
    #expect {
      try trainer.train()
    } throws: {
      guard case .some(.diverged(_, let epoch, let step, let loss)) = $0 as? TrainingError else {
        return false
      }
      return epoch == 1 && step > 0 && !loss.isFinite
    }
  }

  @Test("a batch that takes more than the standard room is halved until it fits")
  func budget() throws {
    // 600,000 activations, their inputs and derivatives: megabytes an example.
    let wide = Network.multilayerPerceptron(inputShape: [2], hidden: [600_000], outputs: 2)
    let configuration = TrainingConfiguration(rate: 0.1, batch: 256, epochs: 1)
    let size = try configuration.examplesAtATime(in: wide)
    let bytes = wide.footprint.bytes()
    #expect(size < 256 && size * bytes <= Memory.standardBlockBytes)
    #expect(2 * size * bytes > Memory.standardBlockBytes)
    #expect(try configuration.withMicroBatch(of: wide).microBatch == size)
    let small = try #require(Self.networks["mlp"] ?? nil)
    #expect(try configuration.withMicroBatch(of: small).microBatch == nil)
  }

  @Test("batch statistics need the whole batch: `microBatch` is refused by its key")
  func statistics() throws {
    var configuration = TrainingConfiguration(rate: 0.1, batch: 8, epochs: 1)
    let network = try #require(
      Network.convolutional(
        image: Self.images, channels: [2], outputs: 3, normalisation: .batch))
    #expect(try configuration.examplesAtATime(in: network) == 8)
    configuration.microBatch = 8
    #expect(try configuration.examplesAtATime(in: network) == 8)
    configuration.microBatch = 3
    let error = #expect(throws: TrainingError.microBatch(3, batch: 8)) {
      try Trainer(network: network, configuration: configuration, data: Self.data("vit"))
    }
    #expect(error?.location == "training.microBatch")
    #expect(
      error?.what
        == "the network's batch norm takes its statistics over the whole batch of 8, not over "
        + "3 examples at a time.")
  }
}
