import Datasets
import Networks
import Tensors
import TestSupport
import Testing

@testable import Models
@testable import Training

/// Twenty steps of AdamW from the parameters of transformers.json.
@Suite("Transformers train as in PyTorch")
struct TransformerCurveTests {
  struct File: Decodable { let cases: [Case] }
  struct Case: Decodable {
    struct Named: Decodable { let values: [Float], name: String }
    let name: String, parameters: [Named], inputShape: [Int], inputs: [Float], classes: [Int32]?
    let curve: [Double]
  }

  static let networks: [String: TransformerArchitecture] = [
    "gpt2": .gpt2(
      GPT2Configuration(vocabulary: 11, context: 9, layers: 2, heads: 2, width: 8, mlpWidth: 12)),
    "llama": .llama(
      LlamaConfiguration(
        vocabulary: 11, context: 16, layers: 2, heads: 4, keyHeads: 2, width: 8, mlpWidth: 10)),
    "bert, padding token": .bert(
      BERTConfiguration(
        vocabulary: 11, context: 9, layers: 2, heads: 2, width: 8, mlpWidth: 12, classes: 3)),
    "vit": .vit(
      ViTConfiguration(
        image: ImageShape(channels: 2, height: 6, width: 6), patch: 3, layers: 2, heads: 2,
        width: 8, mlpWidth: 12, classes: 3)),
  ]

  @Test("twenty steps have PyTorch's losses", arguments: networks.keys.sorted())
  func curve(name: String) throws {
    let cases = try Fixture.load("transformers.json", as: File.self).cases
    let reference = try #require(cases.first { $0.name == name })
    let network = try #require(
      Self.networks[name]?.network(inputShape: Array(reference.inputShape.dropFirst())))
    let inputs = Tensor(reference.inputs, shape: reference.inputShape)
    let targets: Targets =
      reference.classes.map { .classes($0, names: ["a", "b", "c"]) }
      ?? .tokens(inputs, vocabulary: (0..<11).map(String.init))
    let trainer = try Trainer(
      network: network,
      configuration: TrainingConfiguration(
        optimizer: .adamw(), rate: 0.01, batch: reference.inputShape[0], epochs: 20),
      data: Dataset(inputs: inputs, targets: targets))
    var state = trainer.initialState()
    let named = Dictionary(uniqueKeysWithValues: reference.parameters.map { ($0.name, $0.values) })
    state.parameters = Tensor(
      network.parameters.flatMap { named[$0.name] ?? [] }, shape: [network.parameterCount])
    for expected in reference.curve {
      let signals = try trainer.runEpoch(&state)
      let mean = try #require(signals.mean(.loss))
      #expect(abs(mean - expected) < 1e-4 * expected)
    }
  }
}
