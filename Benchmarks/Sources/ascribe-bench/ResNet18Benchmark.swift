import Datasets
import Gradients
import Influence
import Networks
import Randomness
import Tensors
import Training

extension Benchmark {
  /// A ResNet-18 as people bring it, on 2,000 images of 32 × 32, with both stems.
  static let resnet18 = Benchmark(
    name: "resnet18",
    summary:
      "a ResNet-18 on 2,000 images: passes over SGEMM; graddot of one query and kronecker over "
      + "passes; TRAK of 500 × 100 over its flops; a step over PyTorch's"
  ) { bench in
    try ResNetStem.allCases.flatMap { try rows(of: $0, bench) }
  }

  private static func rows(of stem: ResNetStem, _ bench: Bench) throws -> [BenchmarkRow] {
    let (count, training, queries) = bench.isQuick ? (200, 60, 10) : (2_000, 500, 100)
    let all = try images(count, queries: queries, stem)
    let name = "resnet18, \(stem == .cifar ? "CIFAR's" : "ImageNet's") stem,"
    let cost = ScoringCost(
      .trak, WorkShape(network: all.source.network, examples: training, queries: queries),
      checkpoints: 1, budget: .max)
    let (batch, steps) = (64, 2)
    return try all.rows(name, kernelFlops: cost.flops, training: training, bench)
      + all.rowsBesideTraker(name, stem.rawValue, training: training, bench) + [
        try all.step(
          "\(name) step, batch \(batch)",
          TrainingConfiguration(
            optimizer: .sgd(momentum: 0.9), rate: 0.01, batch: batch, epochs: .max),
          script: "bench_resnet18.py", arguments: ["\(bench.threads)", "\(steps)", stem.rawValue],
          steps: steps, bench)
      ]
  }

  /// Images of random numbers in 10 classes; running statistics are those of a new network.
  private static func images(
    _ count: Int, queries: Int, _ stem: ResNetStem
  ) throws -> LargeNetwork {
    let image = ImageShape(channels: 3, height: 32, width: 32)
    guard let network = Network.resnet(.layers18, stem: stem, image: image, outputs: 10) else {
      preconditionFailure("a ResNet-18 on \(image)")
    }
    func drawn(_ count: Int, _ index: UInt64) -> Dataset {
      let inputs = Tensor(uninitialized: [count, 3, 32, 32])
      RandomStream(seed: 3, purpose: .probe, index: index)
        .fillGaussian(inputs.storage.base, count: inputs.count)
      return Dataset(
        inputs: inputs,
        targets: .classes(
          (0..<count).map { Int32($0 * 7 % 10) }, names: (0..<10).map(String.init)))
    }
    let footprint = network.footprint
    return LargeNetwork(
      data: drawn(count, 0), queries: drawn(queries, 1),
      source: GradientSource(network: network, parameters: network.initialParameters(seed: 0)),
      passFlops: 2 * Double(count)
        * (footprint.forward + footprint.backward + footprint.products))
  }
}
