// Letters: n training examples, m queries, p parameters.
import Datasets
import Foundation
import Gradients
import Networks
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
    let all = texts.all
    let (batch, steps) = (16, bench.isQuick ? 2 : 6)
    return try all.rows("encoder", kernelFlops: texts.kernelFlops, bench)
      + all.rowsBesideTraker("encoder", "encoder", bench) + [
        try all.step(
          "encoder step, batch \(batch)",
          TrainingConfiguration(optimizer: .adamw(), rate: 1e-4, batch: batch, epochs: .max),
          script: "bench_encoder.py", arguments: ["\(bench.threads)", "\(steps)"], steps: steps,
          bench)
      ]
  }
}

/// The texts, the network, and what is done with them.
private struct Texts {
  let all: LargeNetwork
  /// Numbers of the weights beside the embeddings.
  private let weights: Double

  private static let sizes = BERTConfiguration(
    vocabulary: 30_522, context: 64, layers: 6, heads: 12, width: 384, mlpWidth: 1_536, classes: 6)

  init(_ count: Int, queries: Int) {
    let data = Texts.drawn(count, index: 0)
    let network = Network.bert(Texts.sizes)
    let tokens = Double(data.inputs.elements.count { $0 != 0 })
    // Products with weights, forward and twice back, at tokens alone.
    let embeddings = (Texts.sizes.vocabulary + Texts.sizes.context + 2) * Texts.sizes.width
    weights = Double(network.parameterCount - embeddings)
    all = LargeNetwork(
      data: data, queries: Texts.drawn(queries, index: 1),
      source: GradientSource(network: network, parameters: network.initialParameters(seed: 0)),
      passFlops: 6 * weights * tokens)
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

  /// Passes of all, gradients of the weights written out, and their products: half of n², and n m.
  var kernelFlops: Double {
    let (n, m) = (Double(all.data.count), Double(all.queries.count))
    return all.passFlops * (n + m) / n * (1 + 1.0 / 3) + weights * (n * n + 2 * n * m)
  }
}
