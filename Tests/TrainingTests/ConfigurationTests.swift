import Configuration
import Networks
import Tensors
import TestSupport
import Testing

@testable import Models
@testable import Runs
@testable import Training

@Suite("Run files")
struct RunConfigurationTests {
  let data = """
    data:
      train: {format: csv, path: train.csv, label: last}
      test:  {format: csv, path: test.csv, label: last}

    """

  func read(_ text: String) throws -> RunConfiguration {
    try RunConfiguration(
      from: ConfigurationMap(yaml: text, file: "run.yaml"), relativeTo: "runs/")
  }

  func training(_ text: String) throws -> TrainingConfiguration {
    try read("name: a\n\(data)model: {hidden: [4]}\ntraining: {rate: 0.1, epochs: 4, \(text)}")
      .training
  }

  @Test("a whole run file is read")
  func whole() throws {
    let run = try read(
      """
      name: digits
      \(data)model:    {kind: mlp, hidden: [128, 64], activation: gelu, dropout: 0.1}
      training: {optimizer: sgd, rate: 0.05, momentum: 0.9, batch: 32, epochs: 30, seed: 7, seeds: 3}
      defaults: {method: trajectory}
      """)
    #expect(run.name == "digits")
    #expect(run.model == .mlp(MLPModel(hidden: [128, 64], activation: .gelu, dropout: 0.1)))
    #expect(
      run.training
        == TrainingConfiguration(
          optimizer: .sgd(momentum: 0.9), rate: 0.05, batch: 32, epochs: 30, seed: 7, seedCount: 3))
    #expect(run.training.seeds == [7, 8, 9])
    #expect(run.training.checkpoints.numbers(epochs: 30) == [1, 2, 5, 10, 20, 30])
    #expect(run.defaults == .map(["method": .string("trajectory")]))
  }

  @Test(
    "what is written out reads back as the same configuration",
    arguments: [
      "optimizer: sgd, momentum: 0.9, nesterov: true, weightDecay: 0.001",
      "optimizer: adam, betas: [0.8, 0.99], epsilon: 0.001, schedule: cosine",
      "optimizer: adamw, schedule: {kind: step, every: 3, factor: 0.5, warmup: 0.5}",
      "schedule: {kind: cosine, minimum: 0.01, warmupSteps: 10}, checkpoints: [1, 3]",
      "loss: crossEntropy, checkpoints: every, batch: 7, seeds: 2", "checkpoints: last",
    ])
  func writtenOut(text: String) throws {
    let first = try training(text)
    guard case .map(let values) = first.value else {
      Issue.record("not a mapping")
      return
    }
    let second = try TrainingConfiguration(from: ConfigurationMap(values, file: "run.json"))
    #expect(first == second)
  }

  @Test("checkpoints are at log-spaced epochs, all, the last or a list, and always the last")
  func checkpoints() {
    #expect(CheckpointSelection.log.numbers(epochs: 1) == [1])
    #expect(CheckpointSelection.log.numbers(epochs: 220) == [1, 2, 5, 10, 20, 50, 100, 200, 220])
    #expect(CheckpointSelection.every.numbers(epochs: 3) == [1, 2, 3])
    #expect(CheckpointSelection.last.numbers(epochs: 3) == [3])
    #expect(CheckpointSelection.epochs([2]).numbers(epochs: 3) == [2, 3])
  }

  @Test(
    "bad training is explained",
    arguments: [
      ("momentun: 0.9", "unknown key `momentun` in training; did you mean `momentum`?"),
      ("optimizer: adam, momentum: 0.9", "unknown key `momentum` in training."),
      ("optimizer: sdg", "training.optimizer cannot be `sdg`; did you mean `sgd`?"),
      ("momentum: 1", "training.momentum is 1, outside its bounds: at least 0 and below 1."),
      ("batch: 0", "training.batch is 0, outside its bounds: at least 1 and at most 1000000000."),
      (
        "seed: -1",
        "training.seed is -1, outside its bounds: at least 0 and at most 9007199254740992."
      ),
      ("nesterov: true", "the key `momentum` is missing in training."),
      (
        "betas: [0.9], optimizer: adam",
        "training.betas is a list of 1, expected a list of 2 numbers."
      ),
      (
        "schedule: step",
        "training.schedule is the text `step`, expected {kind: step, every: EPOCHS, factor: 0.1}."
      ),
      ("schedule: {kind: cosine, every: 2}", "unknown key `every` in training.schedule."),
      (
        "schedule: {warmup: 1, warmupSteps: 2}",
        "training.schedule has warmup, warmupSteps, which exclude each other."
      ),
      (
        "checkpoints: [5]",
        "training.checkpoints[0] is 5, outside its bounds: at least 1 and at most 4."
      ),
      ("checkpoints: all", "training.checkpoints cannot be `all`."),
      ("weightDecay: .nan", "training.weightDecay is nan, not a finite number."),
    ])
  func badTraining(text: String, what: String) {
    #expect(diagnosed { _ = try training(text) }?.what == what)
  }

  @Test(
    "bad models and names are explained",
    arguments: [
      ("name: a", "model: {kind: mlp}", "the key `hidden` is missing in model."),
      ("name: a", "model: {kind: logistic, hidden: [3]}", "unknown key `hidden` in model."),
      (
        "name: a", "model: {hidden: [0]}",
        "model.hidden[0] is 0, outside its bounds: at least 1 and at most 1000000."
      ),
      (
        "name: a", "model: {kind: resnet, blocks: 1, stages: [3, 4]}",
        "model.stages is a list of 2, expected a list of 3 numbers."
      ),
      (
        "name: a", "model: {kind: resnet, blocks: 1, inner: [3, 4, 5, 6]}",
        "model.inner is a list of 4, expected a list of 3 numbers."
      ),
      (
        "name: a", "model: {kind: resnet9, channels: [3]}",
        "model.channels is a list of 1, expected a list of 6 numbers."
      ),
      (
        "name: a", "model: {hidden: [3], dropout: 1}",
        "model.dropout is 1, outside its bounds: at least 0 and below 1."
      ),
      (
        "name: a", "model: {hidden: [3], activation: rely}",
        "model.activation cannot be `rely`; did you mean `relu`?"
      ),
      (
        "name: ../a", "model: {hidden: [3]}",
        "name is the text `../a`, expected a name of letters, digits, `-`, `_` and `.`."
      ),
      (
        "nam: a", "model: {hidden: [3]}", "unknown key `nam` in the top level; did you mean `name`?"
      ),
      (
        "name: a\ndefaults: 3", "model: {hidden: [3]}",
        "expected keys and values in defaults, found the whole number 3."
      ),
    ])
  func badModels(head: String, model: String, what: String) {
    let text = "\(head)\n\(data)\(model)\ntraining: {rate: 1, epochs: 1}"
    #expect(diagnosed { _ = try read(text) }?.what == what)
  }

  @Test("residual networks with widths of their own are read, written out, and made")
  func widths() throws {
    func model(_ text: String) throws -> ModelConfiguration {
      try read("name: a\n\(data)model: \(text)\ntraining: {rate: 1, epochs: 1}").model
    }
    let cut = try model("{kind: resnet, blocks: 1, width: 4, stages: [3, 5, 7], inner: [2, 4, 6]}")
    #expect(
      cut == .resnet(ResNetModel(blocks: 1, width: 4, stages: [3, 5, 7], inner: [2, 4, 6])))
    let network = try cut.network(inputShape: [1, 8, 8], outputs: 2)
    #expect(network.components.filter { $0.kind == .filter }.map(\.units) == [3, 2, 3, 4, 5, 6, 7])
    let nine = try model("{kind: resnet9, channels: [2, 3, 4, 5, 6, 7]}")
    let small = try nine.network(inputShape: [1, 16, 16], outputs: 2)
    #expect(
      small.components.filter { $0.kind == .filter }.map(\.units) == [2, 3, 4, 3, 5, 6, 5, 7])
    for written in [cut, nine] {
      guard case .map(let values) = written.value else { continue }
      #expect(try ModelConfiguration(from: ConfigurationMap(values, file: "run.json")) == written)
    }
    #expect(
      nine.narrowed(to: [1, 2, 3, 2, 4, 5, 4, 6])
        == (try model("{kind: resnet9, channels: [1, 2, 3, 4, 5, 6]}")))
    #expect(nine.narrowed(to: [1, 2, 3, 1, 4, 5, 4, 6]) == nil)
    #expect(cut.narrowed(to: [3, 2, 2, 4, 5, 6, 7]) == nil)
  }

  @Test("an error names the file, the line and the key")
  func location() {
    let error = diagnosed {
      _ = try read("name: a\n\(data)model: {hidden: [3]}\ntraining: {rate: 0, epochs: 1}")
    }
    #expect(
      error?.description == """
        error: training.rate is 0, outside its bounds: greater than 0.
          at:  run.yaml:6, training.rate
          fix: choose a number that is greater than 0.
        """)
  }
}
