import Configuration
import Datasets
import Models
import Networks
import Tensors
import TestSupport
import Testing
import Training

/// Twenty steps of SGD with momentum and weight decay on a batch, batch norm in training mode, from
/// PyTorch's initial weights in convolutions.json.
struct ImageCurve: Decodable, Sendable, CustomTestStringConvertible {
  struct NamedParameter: Decodable {
    let name: String
    let values: [Float]
  }
  private struct File: Decodable { let curves: [ImageCurve] }

  let name: String
  let parameters: [NamedParameter]
  let inputShape: [Int]
  let inputs: [Float]
  let classes: [Int32]
  let rate: Double
  let losses: [Double]
  let final: [Double]

  static let all: [ImageCurve] =
    (try? Fixture.load("convolutions.json", as: File.self))?.curves ?? []
  var testDescription: String { name }

  var data: Dataset {
    Dataset(
      inputs: Tensor(inputs, shape: inputShape),
      targets: .classes(classes, names: (0...(classes.max() ?? 0)).map { "\($0)" }))
  }

  var model: String {
    switch name {
    case "cnn batch": "{kind: cnn, channels: [3, 4], normalisation: batch}"
    case "resnet9": "{kind: resnet9, width: 2}"
    default: "{kind: resnet, blocks: 1, width: 2}"
    }
  }
}

@Suite("Training of image networks")
struct ImageTrainingTests {
  private static func model(_ text: String) throws -> ModelConfiguration {
    try ModelConfiguration(
      from: ConfigurationMap(yaml: "model: \(text)", file: "run.yaml").map("model"))
  }

  @Test("the golden file holds three curves")
  func fileIsThere() { #expect(ImageCurve.all.count == 3) }

  @Test(
    "twenty steps follow PyTorch's losses, and end at its weights and running statistics",
    arguments: ImageCurve.all)
  func curve(_ known: ImageCurve) throws {
    let network = try Self.model(known.model).network(
      inputShape: Array(known.inputShape.dropFirst()), outputs: known.name == "resnet9" ? 4 : 3)
    let configuration = TrainingConfiguration(
      optimizer: .sgd(momentum: 0.9, weightDecay: 5e-4), rate: known.rate,
      batch: known.classes.count, epochs: 20)
    let trainer = try Trainer(network: network, configuration: configuration, data: known.data)
    var state = trainer.initialState()
    state.parameters = Tensor(
      known.parameters.flatMap(\.values), shape: [network.parameterCount])
    for step in 0..<20 {
      let signals = try trainer.runEpoch(&state)
      let loss =
        (signals[.loss] ?? []).reduce(0.0) { $0 + Double($1) }
        / Double(known.classes.count)
      #expect(abs(loss - known.losses[step]) < 1e-4 * (1 + known.losses[step]), "step \(step)")
    }
    #expect(relativeDifference(state.parameters.elements, known.final) < 1e-4)
  }

  @Test("a model's settings come back as they were written")
  func settings() throws {
    for text in [
      "{kind: cnn, channels: [4, 8], hidden: [16], normalisation: group, dropout: 0.1}",
      "{kind: cnn, channels: [4], image: [1, 8, 8]}", "{kind: resnet9}",
      "{kind: resnet9, width: 8}",
      "{kind: resnet, blocks: 2, width: 4, image: [3, 8, 8]}",
    ] {
      let model = try Self.model(text)
      let again = try ModelConfiguration(
        from: ConfigurationMap(["model": model.value], file: "run.json").map("model"))
      #expect(again == model, "\(text)")
    }
  }

  @Test("examples that are not images, or too small, are refused")
  func inputs() throws {
    let flat = try Self.model("{kind: cnn, channels: [4, 4]}")
    let error = #expect(throws: ModelError.self) { try flat.requireInputs([64], outputs: 2) }
    #expect(
      error?.what
        == "model kind `cnn` reads images of at least 4 × 4 pixels; the examples are 64.")
    #expect(error?.location == "model")
    #expect(
      error?.remedy
        == "give height × width or channels × height × width examples, or name the shape of rows: "
        + "model.image: [1, 28, 28].")
    #expect(throws: Never.self) {
      try Self.model("{kind: cnn, channels: [4], image: [1, 8, 8]}").requireInputs(
        [64], outputs: 2)
    }
    #expect(throws: ModelError.self) {
      try Self.model("{kind: cnn, channels: [4], image: [1, 8, 7]}").requireInputs(
        [64], outputs: 2)
    }
    let nine = try Self.model("{kind: resnet9, width: 2}")
    #expect(throws: ModelError.self) { try nine.requireInputs([3, 10, 10], outputs: 2) }
    #expect(throws: Never.self) { try nine.requireInputs([3, 11, 11], outputs: 2) }
    #expect(throws: Never.self) { try nine.requireInputs([28, 28], outputs: 2) }
  }
}
