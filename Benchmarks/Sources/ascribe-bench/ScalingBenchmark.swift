import LinearAlgebra
import Tensors

extension Benchmark {
  /// Two workers against one.
  static let scaling = Benchmark(
    name: "scaling", summary: "Cholesky and Gram products at n = 4,096: two workers over one"
  ) { bench in
    let n = 4_096
    let rows = Workload.noise(rows: n, columns: 784, index: 6)
    let gram = symmetricProduct(MatrixView(rows))
    let float = gram
    let double = Matrix<Double>(uninitialized: n, n)
    for i in 0..<gram.count { double.storage.base[i] = Double(gram.storage.base[i]) }
    func row(_ name: String, _ work: () throws -> Void) throws -> BenchmarkRow {
      defer { Workers.count = bench.threads }
      let times = try Comparison(rounds: bench.rounds(7)) {
        Workers.count = 1
        return try seconds(work)
      } against: {
        Workers.count = 2
        return try seconds(work)
      }
      return BenchmarkRow(
        name, 1e3 * median(times.second), "ms",
        reference: "one worker \(text(1e3 * median(times.first))) ms", ratio: times.ratio
      ).atLeast(1.6)
    }
    return [
      try row("Cholesky, float") { _ = try Cholesky(float, damping: 100) },
      try row("Cholesky, double") { _ = try Cholesky(double, damping: 100) },
      try row("Gram product, k = 784") { _ = symmetricProduct(MatrixView(rows)) },
      try row("Gram product, k = 4,096") { _ = symmetricProduct(MatrixView(float)) },
    ]
  }
}
