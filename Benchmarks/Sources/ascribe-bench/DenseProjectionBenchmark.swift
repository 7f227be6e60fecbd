import Gradients
import Projections

extension Benchmark {
  /// The dense projection against the rate of its product.
  static let denseProjection = Benchmark(
    name: "dense-projection",
    summary: "Rademacher to k = 2,048 of n = 1,000, matrix made on the way: share of the SGEMM rate"
  ) { bench in
    let data = Workload.images(1_000)
    let source = try Workload.trained(on: data)
    let gradients = try source.gradients(of: data, target: .output(.margin)).gradients
    let projector = try ProjectionChoice(kind: .rademacher, dimension: 2_048)
      .projector(for: source, .margin, data)
    let flops = 2 * 1_000 * Workload.parameterCount * 2_048
    let row = try SGEMM().compare(
      "dense Rademacher", flops: flops, rounds: bench.rounds(3)
    ) { _ = try projector.project(gradients) }
    let time = row.value ?? .nan
    return [
      BenchmarkRow(
        row.name, flops / time / 1e9, "GF/s", reference: row.reference,
        ratio: row.ratio.map { 1 / $0 }
      ).atLeast(0.6)
    ]
  }
}
