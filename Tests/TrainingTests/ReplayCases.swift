import Checkpoints
import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Runs
@testable import Training

/// A run to replay: its data, model and training as a run file has them.
struct ReplayCase: Sendable, CustomTestStringConvertible {
  let name: String
  let data: String
  let model: String
  let training: String
  var more = ""

  var testDescription: String { name }

  /// Every family, each with another optimizer, schedule and way through a batch.
  static let all = [
    ReplayCase(
      name: "mlp, dropout, momentum, cosine, two seeds", data: points,
      model: "{hidden: [6], activation: tanh, dropout: 0.2}",
      training: "momentum: 0.9, rate: 0.1, schedule: cosine, epochs: 5, seeds: 2"),
    ReplayCase(
      name: "mlp, frozen, micro-batches, adam, warm-up", data: points,
      model: "{hidden: [6, 5], dropout: 0.2}",
      training: "optimizer: adam, rate: 0.01, weightDecay: 0.01, microBatch: 3, epochs: 3, "
        + #"schedule: {warmupSteps: 4}, freeze: ["0"]"#),
    ReplayCase(
      name: "linear, sgd, decay, steps", data: numbers, model: "{kind: linear}",
      training: "rate: 0.05, weightDecay: 0.1, epochs: 4, "
        + "schedule: {kind: step, every: 2, factor: 0.5}"),
    ReplayCase(
      name: "cnn, augmented, nesterov", data: images,
      model: "{kind: cnn, channels: [3], hidden: [5], dropout: 0.1}",
      training: "momentum: 0.8, nesterov: true, rate: 0.05, epochs: 3, "
        + "augment: {flip: horizontal, crop: 1}"),
    ReplayCase(
      name: "cnn, batch norm, adamw, augmented", data: images,
      model: "{kind: cnn, channels: [2, 3], normalisation: batch}",
      training: "optimizer: adamw, rate: 0.01, epochs: 3, augment: {crop: 2}"),
    ReplayCase(
      name: "resnet, momentum, decay", data: images, model: "{kind: resnet, blocks: 1, width: 2}",
      training: "momentum: 0.9, weightDecay: 0.001, rate: 0.05, epochs: 2, schedule: cosine"),
    ReplayCase(
      name: "resnet9, nesterov", data: images, model: "{kind: resnet9, width: 2}",
      training: "momentum: 0.9, nesterov: true, rate: 0.01, epochs: 2"),
    ReplayCase(
      name: "vit, adamw, warm-up, augmented", data: images,
      model: "{kind: vit, layers: 1, heads: 2, width: 8, patch: 4, dropout: 0.1}",
      training: "optimizer: adamw, rate: 0.01, epochs: 2, schedule: {kind: cosine, warmup: 0.5}, "
        + "augment: {flip: horizontal}"),
    ReplayCase(
      name: "bert, adam", data: names,
      model: "{kind: bert, layers: 1, heads: 2, width: 8, dropout: 0.1, attentionDropout: 0.1}",
      training: "optimizer: adam, rate: 0.01, epochs: 3"),
    ReplayCase(
      name: "gpt2, parts, micro-batches, momentum", data: passages(length: 128),
      model: "{kind: gpt2, layers: 2, heads: 2, width: 16, dropout: 0.1, attentionDropout: 0.1}",
      training: "momentum: 0.9, rate: 0.01, microBatch: 6, epochs: 2"),
    ReplayCase(
      name: "llama, adamw, saved steps", data: passages(length: 16),
      model: "{kind: llama, layers: 1, heads: 2, width: 8, tied: true}",
      training: "optimizer: adamw, rate: 0.01, epochs: 2, "
        + "save: {projector: kronecker, dimension: 11, at: steps}"),
    ReplayCase(
      name: "gpt2, adapters, adamw", data: passages(length: 16),
      model: "{kind: gpt2, layers: 1, heads: 2, width: 8}",
      training: "optimizer: adamw, rate: 0.01, epochs: 2",
      more: "lora: {rank: 2, targets: [c_attn]}"),
  ]

  static let points = """
    {train: {format: csv, path: train.csv, label: last}, \
    test: {format: csv, path: test.csv, label: last}}
    """
  static let numbers = """
    {train: {format: csv, path: numbers.csv, label: last}, \
    test: {format: csv, path: numbers.csv, label: last}, task: regression}
    """
  static let images = """
    {source: {format: idx, images: images.idx, labels: labels.idx}, split: {test: 5, seed: 0}, \
    scale: [0, 255]}
    """
  static let names = """
    {source: {format: jsonl, path: names.jsonl, label: label, tokens: characters, length: 6}, \
    split: {test: 3, seed: 0}}
    """
  static func passages(length: Int) -> String {
    "{source: {format: text, path: text.txt, tokens: characters, length: \(length)}, "
      + "split: {test: 3, seed: 0}}"
  }

  /// Trains the run, with its files in `bench`.
  func train(in bench: RunBench) throws -> Run {
    try writeData(bench.folder)
    let text = """
      name: tiny
      data: \(data)
      model: \(model)
      training: {batch: 8, \(training)}
      \(more)
      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: bench.folder / "tiny.yaml"))
    return try TrainingJob(
      try RunConfiguration(contentsOf: bench.folder / "tiny.yaml"),
      checkpointsFolder: bench.checkpoints
    ).run().run
  }

  private func writeData(_ folder: ScratchFolder) throws {
    func write(_ bytes: [UInt8], _ name: String) throws {
      try Data(bytes).write(to: URL(fileURLWithPath: folder / name))
    }
    let (count, side) = (21, 12)
    func word(_ value: Int) -> [UInt8] {
      [24, 16, 8, 0].map { shift in UInt8(truncatingIfNeeded: value >> shift) }
    }
    var images: [UInt8] = [0x803, count, side, side].flatMap(word)
    for place in 0..<count * side * side {
      let value: Int = place * place + place / 7
      images.append(UInt8(value % 251))
    }
    try write(images, "images.idx")
    var labels: [UInt8] = word(0x801) + word(count)
    labels += (0..<count).map { UInt8($0 % 3) }
    try write(labels, "labels.idx")
    let rows = (0..<19).map { (row: Int) -> String in
      let a = Double(row % 5) / 2 - 1
      let b = Double(row % 7) / 3 - 1
      return "\(a),\(b),\(Double(row) / 9)"
    }
    try write(Array(("a,b,y\n" + rows.joined(separator: "\n")).utf8), "numbers.csv")
    let people = (0..<18).map { index in
      let name = ["anna", "aida", "otto", "bo", "ada", "toto"][index % 6] + "\(index / 6)"
      return #"{"text":"\#(name)","label":"\#(index % 2 == 0 ? "a" : "o")"}"#
    }
    try write(Array(people.joined(separator: "\n").utf8), "names.jsonl")
    let lines = (0..<80).map { line in
      "line \(line) of a text that repeats \(line * line % 11)\n"
    }
    try write(Array(lines.joined().utf8), "text.txt")
  }
}

/// A state in a form that is compared bit by bit.
struct StateBits: Equatable {
  let step: Int
  let values: [[Float]]

  init(_ state: TrainingState) {
    step = state.step
    values = [state.parameters.elements] + state.optimizer.buffers.map(\.value.elements)
  }
}
