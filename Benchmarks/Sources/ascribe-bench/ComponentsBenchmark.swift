// Letters: Q queries, d components.
import Components
import Datasets
import Foundation
import Networks
import Storage
import Tensors

extension Benchmark {
  /// Whole jobs, banks on disk and judging included, in the default: passes are masked forward
  /// passes, those with gradients counted as three.
  static let components = Benchmark(
    name: "components",
    summary: "whole jobs of components, masked passes a second: the cnn over PyTorch's masked loop "
      + "and its forward without masks, a 3-layer GPT over PyTorch's masked loop"
  ) { bench in
    let images = Workload.images(500)
    let image = ImageShape(channels: 1, height: 28, width: 28)
    guard
      let cnn = Network.convolutional(
        image: image, channels: [16, 32], hidden: [64], outputs: 10)
    else { preconditionFailure("cnn on \(image)") }
    let gpt = Network.gpt2(
      GPT2Configuration(vocabulary: 65, context: 64, layers: 3, heads: 4, width: 96))
    let texts = characters(32, length: 64, vocabulary: 65)
    func masked(_ name: String, _ queries: Int, _ masks: Int) throws -> TorchTraining? {
      try TorchTraining(
        script: "bench_masks.py",
        arguments: [
          name, "--serve", "--threads", "\(bench.threads)", "--batch", "\(queries)", "--steps",
          "\(masks)",
        ], bench: bench)
    }
    let unmasked = try [[], ["--channels-last"]].compactMap { order in
      try TorchTraining(
        script: "bench_cnn.py",
        arguments: ["--serve", "--steps", "40", "--threads", "\(bench.threads)", "--forward"]
          + order, bench: bench)
    }
    let perImage = { try (unmasked.map { try $0.answer() }.min() ?? .nan) / 64 }
    defer { for peer in unmasked { peer.stop() } }
    let onImages = ComponentsWork(cnn, images, .hardMargin, folder: bench.scratch)
    let onTexts = ComponentsWork(gpt, texts, .logProbability, folder: bench.scratch)
    return [
      try onImages.row(
        "components, cnn", try masked("cnn", 500, 20), "masked loop", bench, atLeast: 4),
      try onImages.row(
        "components, cnn beside no masks", unmasked.first, "without masks", bench, atLeast: 1,
        perImage),
      try onTexts.row(
        "components, 3-layer GPT", try masked("gpt", 32, 20), "masked loop", bench, atLeast: 2),
    ]
  }
}

/// Whole jobs on a network with random weights, each in a folder of its own.
private struct ComponentsWork {
  private let network: Network
  private let queries: Dataset
  private let function: OutputFunction
  private let folder: String

  init(_ network: Network, _ queries: Dataset, _ function: OutputFunction, folder: String) {
    (self.network, self.queries, self.function) = (network, queries, function)
    self.folder = folder
  }

  /// Seconds of one masked pass of one query: those of a job over its passes, judging included.
  private func secondsOfPass() throws -> Double {
    let place = "\(folder)/components"
    defer { try? FileManager.default.removeItem(atPath: place) }
    var passes = 0
    let time = try seconds {
      let outputs = try MaskedOutputs(
        network, parameters: network.initialParameters(seed: 0),
        components: try ComponentSet(network), queries: queries, function: function)
      let study = try ComponentStudy(
        outputs, identity: Fingerprint(["model": "benchmark"]), folder: place)
      let estimate = try ComponentMethod.expected.estimator.estimate(study)
      _ = try study.judged([estimate])
      let cost = ComponentsCost(network, study.components, queries: queries.count)
      passes = study.passes + cost.judgingPasses
    }
    return time / Double(passes * queries.count)
  }

  /// - Parameter theirs: seconds of a pass of the peer; nil: what it answers.
  func row(
    _ name: String, _ peer: TorchTraining?, _ what: String, _ bench: Bench, atLeast goal: Double,
    _ theirs: (() throws -> Double)? = nil
  ) throws -> BenchmarkRow {
    guard let peer else {
      return BenchmarkRow(
        name, 1 / (try secondsOfPass()), "passes/s", reference: TorchTraining.absent
      ).atLeast(goal)
    }
    defer { if theirs == nil { peer.stop() } }
    let times = try Comparison(
      rounds: bench.rounds(5), secondsOfPass, against: theirs ?? peer.answer)
    return BenchmarkRow(
      name, 1 / median(times.first), "passes/s",
      reference: "PyTorch \(peer.version) \(what) \(text(1 / median(times.second))) passes/s",
      ratio: 1 / times.ratio
    ).atLeast(goal)
  }
}
