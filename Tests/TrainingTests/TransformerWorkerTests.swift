import Datasets
import Networks
import Tensors
import TestSupport
import Testing

@testable import Models
@testable import Training

/// Sizes at which products, norms and attention are cut into several slices.
@Suite("Transformers on several threads", .serialized)
struct TransformerWorkerTests {
  static let networks: [String: TransformerArchitecture] = [
    "gpt2": .gpt2(
      GPT2Configuration(
        vocabulary: 9, context: 40, layers: 1, heads: 2, width: 32, dropout: 0.1,
        attentionDropout: 0.1)),
    "llama": .llama(
      LlamaConfiguration(
        vocabulary: 9, context: 40, layers: 1, heads: 4, keyHeads: 2, width: 32, mlpWidth: 64)),
    "bert": .bert(
      BERTConfiguration(
        vocabulary: 9, context: 40, layers: 1, heads: 2, width: 32, classes: 3, dropout: 0.1)),
    "vit": .vit(
      ViTConfiguration(
        image: ImageShape(channels: 1, height: 12, width: 12), patch: 2, layers: 1, heads: 2,
        width: 32, classes: 3, dropout: 0.1)),
  ]

  @Test("one worker and two leave the same bits", arguments: networks.keys.sorted())
  func bits(name: String) throws {
    let architecture = try #require(Self.networks[name])
    let isImage = name == "vit"
    let shape = isImage ? [12, 12] : [40]
    let network = try #require(architecture.network(inputShape: shape))
    let count = 24
    let inputs = Tensor(uninitialized: [count] + shape)
    for i in 0..<inputs.count { inputs.storage.base[i] = Float(1 + (i * i + i / 7) % 8) }
    let targets: Targets =
      architecture.isLanguageModel
      ? .tokens(inputs, vocabulary: (0..<9).map(String.init))
      : .classes((0..<count).map { Int32($0 % 3) }, names: ["a", "b", "c"])
    func trained(workers: Int) throws -> (Tensor, [Float]) {
      let before = Workers.count
      defer { Workers.count = before }
      Workers.count = workers
      let trainer = try Trainer(
        network: network,
        configuration: TrainingConfiguration(optimizer: .adamw(), rate: 0.01, batch: 12, epochs: 1),
        data: Dataset(inputs: inputs, targets: targets))
      var state = trainer.initialState()
      let signals = try trainer.runEpoch(&state)
      return (state.parameters, signals[.gradientNorm] ?? [])
    }
    let (one, two) = (try trained(workers: 1), try trained(workers: 2))
    #expect(one.0 == two.0)
    #expect(one.1 == two.1)
    #expect(one.0.elements.allSatisfy(\.isFinite) && one.0 != network.initialParameters(seed: 0))
  }
}
