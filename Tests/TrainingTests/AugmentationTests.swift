import Configuration
import Datasets
import Networks
import Randomness
import Tensors
import TestSupport
import Testing

@testable import Models
@testable import Runs
@testable import Training

/// Random changes of training images.
@Suite("Augmentation") struct AugmentationTests {
  static let images = Tensor((0..<2 * 3 * 4 * 5).map { Float($0 + 1) }, shape: [2, 3, 4, 5])

  /// Shifted by (down, right) and perhaps mirrored, element by element.
  static func changed(_ image: Tensor, _ row: Int, _ down: Int, _ right: Int, _ mirrors: Bool)
    -> [Float]
  {
    let (channels, height, width) = (3, 4, 5)
    var result: [Float] = []
    for c in 0..<channels {
      for y in 0..<height {
        for column in 0..<width {
          let x = mirrors ? width - 1 - column : column
          let (fromY, fromX) = (y + down, x + right)
          let isInside = (0..<height).contains(fromY) && (0..<width).contains(fromX)
          let place = ((row * channels + c) * height + fromY) * width + fromX
          result.append(isInside ? image[place] : 0)
        }
      }
    }
    return result
  }

  @Test("every image is one of its shifts with zeros around, mirrored or not, all about as often")
  func shifts() {
    let augmentation = Augmentation(flips: true, crop: 1)
    var counts: [[Float]: Int] = [:]
    for epoch in 1...360 {
      let changed = augmentation.applied(
        to: Self.images, examples: [7, 8], epoch: epoch, seed: 3)
      counts[changed.prefixSlice(1..<2).elements, default: 0] += 1
    }
    var expected: Set<[Float]> = []
    for down in -1...1 {
      for right in -1...1 {
        for mirrors in [false, true] {
          expected.insert(Self.changed(Self.images, 1, down, right, mirrors))
        }
      }
    }
    #expect(Set(counts.keys) == expected && expected.count == 18)
    // 20 each; the chance of one outside is below 1e-4.
    #expect(counts.values.allSatisfy { (4...40).contains($0) }, "\(counts.values.sorted())")
  }

  /// The draws are a part of a run: with others a training cannot be replayed.
  @Test("an example's shift and mirror are its three draws of the epoch", arguments: 1...12)
  func draws(epoch: Int) {
    let (crop, seed) = (2, UInt64(5))
    let changed = Augmentation(flips: true, crop: crop).applied(
      to: Self.images, examples: [7, 8], epoch: epoch, seed: seed)
    let stream = RandomStream(seed: seed, purpose: .augmentation, index: UInt64(epoch))
    for (row, example) in [7, 8].enumerated() {
      let first = UInt64(3 * example)
      let expected = Self.changed(
        Self.images, row, stream.integer(below: 2 * crop + 1, at: first + 1) - crop,
        stream.integer(below: 2 * crop + 1, at: first + 2) - crop,
        stream.integer(below: 2, at: first) == 1)
      #expect(changed.prefixSlice(row..<row + 1).elements == expected, "epoch \(epoch)")
    }
  }

  @Test("a draw belongs to seed, epoch and example, not to the batch or the threads")
  func keys() {
    let augmentation = Augmentation(flips: true, crop: 2)
    let both = augmentation.applied(to: Self.images, examples: [4, 9], epoch: 2, seed: 1)
    let one = augmentation.applied(
      to: Self.images.prefixSlice(1..<2), examples: [9], epoch: 2, seed: 1)
    #expect(both.prefixSlice(1..<2) == one)
    func differs(_ epoch: Int, _ seed: UInt64, _ examples: [Int]) -> Bool {
      (0..<20).contains { shift in
        augmentation.applied(
          to: Self.images, examples: examples, epoch: 2 + shift, seed: 1)
          != augmentation.applied(
            to: Self.images, examples: [4, 9], epoch: epoch + shift, seed: seed)
      }
    }
    #expect(!differs(2, 1, [4, 9]))
    #expect(differs(3, 1, [4, 9]) && differs(2, 2, [4, 9]) && differs(2, 1, [9, 4]))
  }

  @Test("without kinds nothing is changed; gray images need no channels")
  func plain() {
    #expect(
      Augmentation().applied(to: Self.images, examples: [0, 1], epoch: 1, seed: 0) == Self.images)
    let gray = Self.images.reshaped([6, 4, 5])
    let changed = Augmentation(crop: 1).applied(
      to: gray, examples: Array(0..<6), epoch: 1, seed: 0)
    #expect(changed.shape == [6, 4, 5] && changed != gray)
  }

  static func configuration(_ more: String) throws -> TrainingConfiguration {
    try TrainingConfiguration(
      from: ConfigurationMap(
        yaml: "training: {rate: 0.1, batch: 3, epochs: 2\(more)}", file: "run.yaml"
      ).map("training"))
  }

  @Test("the run file's settings come back as they were written; without, nothing is recorded")
  func settings() throws {
    let configuration = try Self.configuration(", augment: {flip: horizontal, crop: 4}")
    #expect(configuration.augmentation == Augmentation(flips: true, crop: 4))
    #expect(
      configuration.value["augment"] == .map(["flip": .string("horizontal"), "crop": .int(4)]))
    #expect(try Self.configuration("").value["augment"] == .null)
    #expect(throws: ConfigurationError.self) {
      try Self.configuration(", augment: {flip: vertical}")
    }
    #expect(throws: ConfigurationError.self) { try Self.configuration(", augment: {rotate: 5}") }
  }

  static func data(_ shape: [Int]) -> Dataset {
    let count = Tensor.count([6] + shape)
    return Dataset(
      inputs: Tensor((0..<count).map { Float($0 % 17) / 17 }, shape: [6] + shape),
      targets: .classes([0, 1, 0, 1, 1, 0], names: ["a", "b"]))
  }

  static func network(_ shape: [Int]) throws -> Network {
    try ModelConfiguration(
      from: ConfigurationMap(yaml: "model: {kind: mlp, hidden: [3]}", file: "run.yaml").map("model")
    ).network(inputShape: shape, outputs: 2)
  }

  @Test("training steps see the changed images, evaluation the images as they are")
  func training() throws {
    let data = Self.data([4, 5])
    let network = try Self.network([4, 5])
    let configuration = try Self.configuration(", augment: {flip: horizontal, crop: 1}")
    let augmentation = try #require(configuration.augmentation)
    let trainer = try Trainer(network: network, configuration: configuration, data: data)
    var state = trainer.initialState()
    _ = try trainer.runEpoch(&state)
    // The same epoch by a trainer without augmentation on images that were changed before.
    let changed = Dataset(
      inputs: augmentation.applied(
        to: data.inputs, examples: Array(0..<6), epoch: 1, seed: 0), targets: data.targets)
    let plain = try Trainer(
      network: network, configuration: try Self.configuration(""), data: changed)
    var other = plain.initialState()
    _ = try plain.runEpoch(&other)
    #expect(state.parameters == other.parameters)
    let predictor = Predictor(
      network: network, parameters: state.parameters, loss: .crossEntropy)
    #expect(
      predictor.predictions(for: data).logits.elements
        == network.uncheckedOutputs(data.inputs, parameters: state.parameters).elements)
  }

  @Test("the same bits for one worker and two, and after going on from the first epoch")
  func determinism() throws {
    let data = Self.data([2, 4, 5])
    let configuration = try Self.configuration(", augment: {flip: horizontal, crop: 2}")
    let trainer = try Trainer(
      network: try Self.network([2, 4, 5]), configuration: configuration, data: data)
    let whole = try trainer.train()
    let alone = try Execution.with(workers: 1) { try trainer.train() }
    #expect(whole.parameters == alone.parameters)
    var state = trainer.initialState()
    _ = try trainer.runEpoch(&state)
    #expect(try trainer.train(from: state).parameters == whole.parameters)
  }

  @Test("examples that are no images, or smaller than the shift, are refused")
  func refusals() throws {
    for (shape, crop) in [([20], 1), ([4, 5], 4), ([2, 2, 4, 5], 1)] {
      let configuration = try Self.configuration(", augment: {crop: \(crop)}")
      let error = #expect(throws: TrainingError.self) {
        try Trainer(
          network: try Self.network(shape), configuration: configuration, data: Self.data(shape))
      }
      #expect(error?.location == "training.augment")
    }
    let error = TrainingError.augmentInputs(shape: [20], crop: 1)
    #expect(
      error.description == """
        error: `augment` changes images larger than 1 pixel; the examples are 20.
          at:  training.augment
          fix: give height × width or channels × height × width examples, or remove `augment`.
        """)
  }
}
