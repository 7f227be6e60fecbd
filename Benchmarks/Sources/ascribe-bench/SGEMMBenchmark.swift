import LinearAlgebra
import Tensors

extension Benchmark {
  /// The reference of the machine.
  static let sgemm = Benchmark(
    name: "sgemm", summary: "2048³ product through Tensors: all workers, and one"
  ) { bench in
    let product = SGEMM()
    let times = Comparison(rounds: bench.rounds(9)) {
      product.time()
    } against: {
      Workers.count = 1
      defer { Workers.count = bench.threads }
      return product.time()
    }
    let one = SGEMM.flops / median(times.second) / 1e9
    return [
      BenchmarkRow("sgemm, one worker", one, "GF/s"),
      BenchmarkRow(
        "sgemm, \(bench.threads) workers", SGEMM.flops / median(times.first) / 1e9, "GF/s",
        reference: "one worker \(text(one)) GF/s", ratio: 1 / times.ratio),
    ]
  }
}
