// Letters: n training examples, m queries, k landmarks; w flops of a kernel entry over two.
import Datasets
import Gradients
import Influence
import Networks
import Projections
import Tensors

extension Benchmark {
  /// Exact-kernel TRAK against its flops.
  static let exactTRAK = Benchmark(
    name: "exact-trak",
    summary: "TRAK of n = 5,000, m = 500 from weights to scores, over its flops in SGEMM"
  ) { bench in
    let (data, queries, source) = try exactWorkload()
    let (n, m) = (Double(data.count), Double(queries.count))
    let flops =
      n * n * Workload.kernelWidth + 2 * n * m * Workload.kernelWidth
      + n * n * n / 3 + 2 * m * n * n
    return [
      try SGEMM().compare("exact TRAK", flops: flops, rounds: bench.rounds(5)) {
        _ = try model(.trak, source, data).scores(queries)
      }.atMost(2.3)
    ]
  }

  /// Landmark features against their flops.
  static let landmarks = Benchmark(
    name: "landmarks",
    summary: "Nyström features, k = 2,048 of n = 5,000, from weights, over their flops in SGEMM"
  ) { bench in
    let (data, _, source) = try exactWorkload()
    let (n, k) = (Double(data.count), 2_048.0)
    let flops =
      2 * n * k * Workload.kernelWidth + k * k * Workload.kernelWidth
      + k * k * k / 3 + n * k * k
    return [
      try SGEMM().compare("landmarks", flops: flops, rounds: bench.rounds(5)) {
        let gradients = try source.gradients(of: data, target: .output(.margin)).gradients
        let projector = try LandmarkProjector(drawing: Int(k), from: gradients, seed: 0)
        _ = try projector.project(gradients)
      }.atMost(2.5)
    ]
  }

  /// Kernel leave-one-out against its flops.
  static let ntkLeaveOneOut = Benchmark(
    name: "ntk-loo",
    summary: "ntk-loo of n = 5,000: margins, and scores for m = 500, over their flops in SGEMM"
  ) { bench in
    let (data, queries, source) = try exactWorkload()
    let (n, m) = (Double(data.count), Double(queries.count))
    // Kernel, Cholesky and triangular inverse; ten right sides are solved on the way.
    let margins = n * n * Workload.traceKernelWidth + 2 * n * n * n / 3 + 20 * n * n
    let scores = 2 * n * m * Workload.traceKernelWidth + 2 * m * n * n
    let product = SGEMM()
    return [
      try product.compare("leave-one-out margins", flops: margins, rounds: bench.rounds(5)) {
        _ = try model(.ntkLeaveOneOut, source, data).leaveOneOutMargins()
      }.atMost(2.5),
      try product.compare("ntk-loo scores", flops: margins + scores, rounds: bench.rounds(5)) {
        _ = try model(.ntkLeaveOneOut, source, data).scores(queries)
      }.atMost(2.5),
    ]
  }

  private static func exactWorkload() throws -> (Dataset, Dataset, GradientSource) {
    let data = Workload.images(5_000)
    return (data, Workload.images(500, index: 5), try Workload.trained(on: data))
  }

  private static func model(
    _ method: Method, _ source: GradientSource, _ data: Dataset
  ) throws -> Ensemble {
    // The residuals of a recorded training, as every run trained here has them: without, damping is
    // spread by a kernel regression of its own, whose flops (2.2 times trak's) no row counts.
    try Ensemble(
      checkpoints: ExactCheckpoint.sharing(
        [(name: "bench", source: source)], training: data, method: method),
      training: data,
      options: ScoringOptions(method: method, classification: true, exampleWeight: nil),
      trajectoryResiduals: [Float](repeating: 0.5, count: data.count))
  }
}
