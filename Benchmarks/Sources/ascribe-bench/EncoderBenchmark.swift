// Letters: n training examples, m queries, p parameters.
import Datasets
import Factors
import Foundation
import Gradients
import Influence
import LinearAlgebra
import Networks
import Projections
import Randomness
import Tensors
import Training

extension Benchmark {
  /// An encoder as people bring them: MiniLM's shape, 22.7 million parameters.
  ///
  /// 500 texts of 6 to 64 tokens, half of the places padding, 6 classes. Rates count tokens, not
  /// padding.
  static let encoder = Benchmark(
    name: "encoder",
    summary:
      "a BERT of 22.7 M parameters, 500 padded texts: passes over SGEMM in tokens; graddot of "
      + "one query and kronecker over passes; TRAK of 500 × 100 over its flops; a step over PyTorch's"
  ) { bench in
    let texts = Texts(bench.isQuick ? 60 : 500, queries: bench.isQuick ? 10 : 100)
    let product = SGEMM()
    let rate = try Comparison(rounds: bench.rounds(3), warmUp: !bench.isQuick) {
      try seconds { try texts.passes() }
    } against: {
      product.time()
    }
    let (own, plain) = (texts.passFlops / median(rate.first), SGEMM.flops / median(rate.second))
    return [
      BenchmarkRow(
        "encoder forward + backward", 1e-9 * own, "GF/s",
        reference: "SGEMM \(text(1e-9 * plain)) GF/s", ratio: own / plain
      ).atLeast(0.5),
      try texts.overPasses("encoder graddot, one query", bench) {
        _ = try texts.scores(.graddot, of: texts.queries.subset([0]))
      }.atMost(4),
      try product.compare(
        "encoder exact TRAK", flops: texts.kernelFlops, rounds: bench.rounds(3)
      ) {
        _ = try texts.scores(.trak, of: texts.queries)
      }.atMost(2.5),
      try texts.overPasses("encoder kronecker to 2,048", bench) { try texts.collect() }.atMost(1.5),
    ] + (try texts.step(bench).map { [$0] } ?? [])
  }
}

/// The texts, the network, and what is done with them.
private struct Texts {
  let data, queries: Dataset
  let source: GradientSource
  /// Mean tokens of a text over its places.
  private let share: Double

  private static let sizes = BERTConfiguration(
    vocabulary: 30_522, context: 64, layers: 6, heads: 12, width: 384, mlpWidth: 1_536, classes: 6)

  init(_ count: Int, queries: Int) {
    data = Texts.drawn(count, index: 0)
    self.queries = Texts.drawn(queries, index: 1)
    let network = Network.bert(Texts.sizes)
    source = GradientSource(network: network, parameters: network.initialParameters(seed: 0))
    let tokens = data.inputs.elements.count { $0 != 0 }
    share = Double(tokens) / Double(data.inputs.count)
  }

  /// Token ids from 6 to 64 of a text, mean 32, then padding.
  private static func drawn(_ count: Int, index: UInt64) -> Dataset {
    let places = sizes.context
    let tokens = Tensor(repeating: 0, shape: [count, places])
    let stream = RandomStream(seed: 0, purpose: .probe, index: index)
    var next: UInt64 = 0
    func draw() -> Double {
      defer { next += 1 }
      return stream.uniform(at: next)
    }
    for text in 0..<count {
      // The sum of two uniform numbers: few short ones, few long ones.
      let length = min(places, 6 + Int(26 * (draw() + draw())))
      for place in 0..<length {
        tokens.storage.base[text * places + place] = Float(Int(1_000 * pow(29, draw())))
      }
      tokens.storage.base[text * places] = 101
      tokens.storage.base[text * places + length - 1] = 102
    }
    let labels = (0..<count).map { Int32($0 * 7 % 6) }
    return Dataset(
      inputs: tokens, targets: .classes(labels, names: (0..<6).map(String.init)))
  }

  /// Products with weights, forward and twice back, at tokens alone.
  var passFlops: Double {
    let embeddings = (Texts.sizes.vocabulary + Texts.sizes.context + 2) * Texts.sizes.width
    let weights = source.network.parameterCount - embeddings
    return 6 * Double(weights) * share * Double(data.inputs.count)
  }

  /// Passes of all, gradients of the weights written out, and their products: half of n², and n m.
  var kernelFlops: Double {
    let (n, m) = (Double(data.count), Double(queries.count))
    let weights = passFlops / (6 * share * Double(data.inputs.count))
    let texts = (n + m) / n
    return passFlops * texts * (1 + 1.0 / 3) + weights * (n * n + 2 * n * m)
  }

  func passes() throws {
    let targets = TargetValues(data.targets)
    for rows in (0..<data.count).blocks(of: 32) {
      _ = try source.network.lossGradient(
        data.inputs.prefixSlice(rows), targets.gathered(Array(rows)),
        parameters: source.parameters, loss: .crossEntropy)
    }
  }

  func scores(_ method: Method, of queries: Dataset) throws -> Matrix<Float> {
    try Ensemble(
      checkpoints: ExactCheckpoint.sharing(
        [(name: "bench", source: source)], training: data, method: method),
      training: data,
      options: ScoringOptions(method: method, classification: true, exampleWeight: nil),
      // As every run trained here has them: without, damping takes a kernel of its own.
      trajectoryResiduals: [Float](repeating: 0.5, count: data.count)
    ).scores(queries)
  }

  func collect() throws {
    let projector = try ProjectionChoice(kind: .kronecker, dimension: 2_048).projector(
      for: source, .loss, data)
    try source.forEachFeatures(
      of: data, atMost: FeatureCollection.blockSize, projector: projector, target: .output(.loss)
    ) { _, _ in }
  }

  /// Work in turn with passes over the training examples.
  func overPasses(_ name: String, _ bench: Bench, _ work: () throws -> Void) throws -> BenchmarkRow
  {
    let times = try Comparison(rounds: bench.rounds(3), warmUp: false) {
      try seconds(work)
    } against: {
      try seconds(passes)
    }
    return BenchmarkRow(
      name, median(times.first), "s",
      reference: "forward and backward \(text(median(times.second))) s", ratio: times.ratio)
  }

  /// A step of AdamW on 16 texts; nil without PyTorch.
  func step(_ bench: Bench) throws -> BenchmarkRow? {
    let (batch, steps) = (16, bench.isQuick ? 2 : 6)
    guard
      let peer = try TorchTraining(
        script: "bench_encoder.py", arguments: ["\(bench.threads)", "\(steps)"], bench: bench)
    else { return nil }
    defer { peer.stop() }
    let trainer = try Trainer(
      network: source.network,
      configuration: TrainingConfiguration(
        optimizer: .adamw(), rate: 1e-4, batch: batch, epochs: .max),
      data: data.subset(Array(0..<min(data.count, batch * steps))))
    var state = trainer.initialState()
    let times = try Comparison(rounds: bench.rounds(5)) {
      try seconds { _ = try trainer.runEpoch(&state) } / Double(steps)
    } against: {
      try peer.answer() / Double(steps)
    }
    return BenchmarkRow(
      "encoder step, batch \(batch)", 1e3 * median(times.first), "ms",
      reference: "PyTorch \(peer.version) \(text(1e3 * median(times.second))) ms",
      ratio: times.ratio
    ).atMost(1)
  }
}
