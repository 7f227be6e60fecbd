import Factors
import Gradients
import Networks
import Projections
import Tensors

extension Benchmark {
  /// Per-example gradients against the plain gradient.
  static let collecting = Benchmark(
    name: "collecting",
    summary: "per-example factors of 10,000 images over plain forward and backward passes"
  ) { bench in
    let data = Workload.images(10_000)
    let source = try Workload.trained(on: data.subset(Array(0..<2_000)))
    let targets = TargetValues(data.targets)
    let size = GradientSource.blockSize
    let plain = {
      try seconds {
        for rows in (0..<data.count).blocks(of: size) {
          _ = try source.network.lossGradient(
            data.inputs.prefixSlice(rows), targets.gathered(Array(rows)),
            parameters: source.parameters, loss: .crossEntropy)
        }
      }
    }
    func row(
      _ name: String, _ bound: Double, _ work: () throws -> Void
    ) throws -> BenchmarkRow {
      let times = try Comparison(rounds: bench.rounds(9), { try seconds(work) }, against: plain)
      return BenchmarkRow(
        name, 1e3 * median(times.first), "ms",
        reference: "forward and backward \(text(1e3 * median(times.second))) ms",
        ratio: times.ratio
      ).atMost(bound)
    }
    var rows = [
      try row("factors by block", 1.25) {
        try source.forEachBlock(of: data, target: .output(.margin)) { _, _, _ in }
      },
      try row("factors kept", 1.25) {
        _ = try source.gradients(of: data, target: .output(.margin))
      },
    ]
    for kind in [ProjectorKind.kronecker, .factoredSJLT] {
      let projector = try ProjectionChoice(kind: kind, dimension: 2_048)
        .projector(for: source, .margin, data)
      rows.append(
        try row("\(kind.rawValue) to 2,048", 2) {
          try source.forEachBlock(
            of: data, rows: nil, blockSize: FeatureCollection.blockSize,
            target: .output(.margin)
          ) { _, gradients, _ in _ = try projector.project(gradients) }
        })
    }
    return rows
  }
}
