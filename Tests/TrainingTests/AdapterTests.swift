import Checkpoints
import Configuration
import Datasets
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import Models
@testable import Runs
@testable import Training

/// Frozen layers, low-rank adapters, and training that begins with given weights.
@Suite("Parts of a network are trained")
struct AdapterTests {
  struct Outputs: Decodable {
    let tokens: [Float]
    let logits: [Double]
  }

  static let rows = Tensor((0..<48).map { Float($0 * 7 % 11) / 10 }, shape: [12, 4])
  static let data = Dataset(
    inputs: rows, targets: .classes((0..<12).map { Int32($0 % 3) }, names: ["a", "b", "c"]))

  static func perceptron() -> Network {
    .multilayerPerceptron(inputShape: [4], hidden: [5, 4], outputs: 3, activation: .tanh)
  }

  /// Parameters before and after two epochs.
  static func trained(
    _ network: Network, _ optimizer: OptimizerConfiguration, signals: Bool = false
  ) throws -> (before: [Float], after: [Float]) {
    let trainer = try Trainer(
      network: network,
      configuration: TrainingConfiguration(optimizer: optimizer, rate: 0.05, batch: 5, epochs: 2),
      data: data)
    let initial = trainer.initialState()
    let hooks = signals ? TrainingHooks(afterEpoch: { _ in }) : TrainingHooks()
    return (
      initial.parameters.elements,
      try trainer.train(from: initial, hooks: hooks).parameters.elements
    )
  }

  @Test(
    "frozen parameters keep their bits, decay or not; the others move",
    arguments: [
      OptimizerConfiguration.sgd(weightDecay: 0.1), .sgd(momentum: 0.9, weightDecay: 0.1),
      .adam(weightDecay: 0.1), .adamw(weightDecay: 0.1),
    ])
  func frozen(optimizer: OptimizerConfiguration) throws {
    let network = try Self.perceptron().freezing(LayerPatterns(["0", "2.bias"]), place: "p")
    let (before, after) = try Self.trained(network, optimizer, signals: true)
    for parameter in network.parameters {
      let same = before[parameter.range] == after[parameter.range]
      let isFrozen = ["0.weight", "0.bias", "2.bias"].contains(parameter.name)
      #expect(same == isFrozen, "\(parameter.name)")
    }
  }

  @Test("frozen batch norms keep their running statistics")
  func frozenStatistics() throws {
    let image = ImageShape(channels: 1, height: 2, width: 2)
    let made = Network.convolutional(
      image: image, inputShape: [4], channels: [2], outputs: 3, normalisation: .batch)
    let network = try #require(made)
    for (patterns, isSame) in [(["1"], true), (["1.weight", "1.bias"], false)] {
      let frozen = try network.freezing(LayerPatterns(patterns), place: "p")
      let (before, after) = try Self.trained(frozen, .sgd())
      for parameter in network.buffers {
        #expect((before[parameter.range] == after[parameter.range]) == isSame, "\(patterns)")
      }
    }
  }

  @Test("only adapters are trained, and training begins with the given weights")
  func adapters() throws {
    let values = Self.perceptron().initialParameters(seed: 77)
    let network = try Self.perceptron().adapted(
      by: LowRankAdapters(rank: 2, alpha: 4, targets: LayerPatterns(["0", "2"])), place: "p"
    ).starting(from: values)
    let (before, after) = try Self.trained(network, .adamw(weightDecay: 0.1))
    #expect(Array(before.prefix(values.count)) == values.elements)
    for parameter in network.parameters {
      let same = before[parameter.range] == after[parameter.range]
      #expect(same == !parameter.name.contains(".lora_"), "\(parameter.name)")
    }
  }

  @Test("a run file with lora, freeze and from reads back as it was written")
  func runFile() throws {
    let scratch = try ScratchFolder()
    let text = """
      name: x
      data: {train: {format: csv, path: a.csv, label: last}, test: {format: csv, path: a.csv, label: last}}
      model: {kind: mlp, hidden: [5]}
      lora: {rank: 3, alpha: 6, targets: ["0", "*.head"]}
      training: {rate: 0.1, epochs: 2, freeze: ["2", "!2.bias"], from: base.safetensors}
      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: scratch / "x.yaml"))
    let read = try RunConfiguration(contentsOf: scratch / "x.yaml")
    #expect(
      read.adapters
        == LowRankAdapters(rank: 3, alpha: 6, targets: LayerPatterns(["0", "*.head"])))
    #expect(read.training.freeze == LayerPatterns(["2", "!2.bias"]))
    #expect(read.training.from == "base.safetensors")
    guard case .map(let values) = read.value else {
      Issue.record("not a mapping")
      return
    }
    let again = try RunConfiguration(
      from: ConfigurationMap(values, file: "x.yaml"), relativeTo: ".")
    #expect(again.adapters == read.adapters && again.training == read.training)
  }

  @Test(
    "adapters that PEFT saved give PEFT's logits",
    arguments: ["gpt2", "llama"])
  func peft(name: String) throws {
    let known = try #require(
      try Fixture.load("PEFT/outputs.json", as: [String: Outputs].self)[name])
    let adapter = try PEFTAdapter(reading: fixture("PEFT/\(name)"))
    let base = try PretrainedModel(reading: fixture("Pretrained/\(name)") + "/config.json")
    let network = try base.network(inputShape: [6]).adapted(by: adapter.adapters, place: "p")
    let weights = try ForeignWeights(
      reading: fixture("Pretrained/\(name)") + "/model.safetensors"
    ).parameters(layout: network.modelParameters).parameters
    let values = try adapter.parameters(of: network)
    let theta = Tensor(weights.elements + values.elements, shape: [network.parameterCount])
    let outputs = network.uncheckedOutputs(Tensor(known.tokens, shape: [3, 6]), parameters: theta)
    #expect(relativeDifference(outputs.elements, known.logits) < 1e-5)
  }

  @Test(
    "what is not built in an adapter is refused by its key",
    arguments: [
      ("use_dora", "true"), ("bias", "\"lora_only\""), ("rank_pattern", "{\"q_proj\": 4}"),
      ("modules_to_save", "[\"lm_head\"]"), ("peft_type", "\"IA3\""), ("lora_bias", "true"),
    ])
  func refused(key: String, value: String) throws {
    let scratch = try ScratchFolder()
    let folder = fixture("PEFT/gpt2")
    var members = try #require(
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: URL(fileURLWithPath: folder + "/adapter_config.json")))
        as? [String: Any])
    members[key] = try JSONSerialization.jsonObject(
      with: Data(value.utf8), options: .fragmentsAllowed)
    try JSONSerialization.data(withJSONObject: members)
      .write(to: URL(fileURLWithPath: scratch / "adapter_config.json"))
    let error = diagnosed { _ = try PEFTAdapter(reading: scratch.path) }
    #expect(error?.what.hasPrefix("\(key): ") == true, "\(String(describing: error))")
  }
}
