import Datasets
import Networks
import Tensors

extension Benchmark {
  /// Products with the Hessian over gradients.
  static let curvature = Benchmark(
    name: "curvature",
    summary: "a product with the loss's Hessian, every example's slope with it, over a gradient"
  ) { bench in
    let images = Workload.images(512)
    let sizes = GPT2Configuration(vocabulary: 65, context: 128, layers: 2, heads: 8, width: 256)
    let passages = Benchmark.characters(16, length: sizes.context, vocabulary: sizes.vocabulary)
    return [
      try row("784-128-64-10, batch 512", Workload.network, images, .crossEntropy, 20, bench),
      try row("GPT-2 of width 256, batch 16", .gpt2(sizes), passages, .nextToken, 1, bench),
    ]
  }

  /// One network's products over its gradients.
  private static func row(
    _ name: String, _ network: Network, _ data: Dataset, _ loss: Loss, _ repeats: Int,
    _ bench: Bench
  ) throws -> BenchmarkRow {
    let (targets, theta) = (TargetValues(data.targets), network.initialParameters(seed: 0))
    let v = network.initialParameters(seed: 1)
    func timed(_ body: () throws -> Void) throws -> Double {
      try seconds { for _ in 0..<repeats { try body() } } / Double(repeats)
    }
    let times = try Comparison(
      rounds: bench.rounds(9),
      {
        try timed {
          _ = try network.curvature(
            data.inputs, targets, parameters: theta, loss: loss, along: v)
        }
      },
      against: {
        try timed {
          _ = try network.lossGradient(data.inputs, targets, parameters: theta, loss: loss)
        }
      })
    return BenchmarkRow(
      "Hessian product, \(name)", 1e3 * median(times.first), "ms",
      reference: "gradient \(text(1e3 * median(times.second))) ms", ratio: times.ratio
    ).atMost(3)
  }
}
