// Letters: n rows, k features.
import Foundation
import Gradients
import Influence
import LinearAlgebra
import Networks
import Projections
import Storage
import Tensors

extension Benchmark {
  /// What `trak` on features makes once, and what a later query pays.
  static let preconditioner = Benchmark(
    name: "preconditioner",
    summary: "ΦᵀΦ of 100,000 × 2,048 in SGEMM time of its flops; a first and a later query's solve"
  ) { bench in
    let store = BenchStore(
      bench, rows: bench.isQuick ? 20_000 : 100_000, columns: 2_048, dtype: .float32)
    store.remove()
    defer { store.remove() }
    guard PlainFile.freeBytes(bench.scratch) > 3 * store.bytes else {
      return [
        BenchmarkRow("Gram", nil, "s", reference: "needs \(3 * store.bytes >> 30) GiB of disk")
      ]
    }
    try store.write()
    try store.writePlain()
    let n = Double(store.rows)
    let k = Double(store.columns)
    let reader = try FeatureStoreReader(store.path)
    var sums: StoreGram?
    let gram = try SGEMM().compare(
      "Gram matrix of \(store.rows) × \(store.columns)", flops: n * k * k,
      rounds: bench.rounds(3)
    ) {
      sums = try StoreGram(reader, group: "bench")
    }
    guard let sums else { return [gram] }
    let target = Buffer<Float>(uninitialized: PlainFile.piece / 4)
    let first = try Comparison(rounds: bench.rounds(3), warmUp: false) {
      try? FileManager.default.removeItem(
        atPath: PreconditionerFile.folder(of: store.path))
      return try seconds { _ = try answer(store) }
    } against: {
      try seconds { _ = try StoreFactor(StoreGram(reader, group: "bench"), report: report(sums)) }
    }
    let later = try Comparison(rounds: bench.rounds(7)) {
      try seconds { _ = try answer(store) }
    } against: {
      try seconds { try store.readPlain(into: target) }
    }
    return [
      gram.atMost(1.6),
      BenchmarkRow(
        "first solve and top 10", median(first.first), "s",
        reference: "making the factor \(text(median(first.second))) s", ratio: first.ratio
      ).atMost(1.2),
      BenchmarkRow(
        "later solve and top 10", median(later.first), "s",
        reference: "reading plain files \(text(median(later.second))) s", ratio: later.ratio
      ).atMost(2),
      try landmarks(bench, reader),
    ]
  }

  /// The projector of landmarks for a query, its factor kept, against making it.
  private static func landmarks(
    _ bench: Bench, _ store: FeatureStoreReader
  ) throws -> BenchmarkRow {
    let images = Workload.images(4_096, index: 8)
    let source = GradientSource(
      network: Workload.network, parameters: Workload.network.initialParameters(seed: 0))
    let choice = ProjectionChoice(kind: .landmarks, dimension: 2_048)
    let times = try Comparison(rounds: bench.rounds(5)) {
      try seconds {
        _ = try choice.projector(
          for: source, target: .output(.margin), images, beside: store, group: "bench",
          note: { print($0) })
      }
    } against: {
      try seconds { _ = try choice.projector(for: source, .margin, images) }
    }
    return BenchmarkRow(
      "2,048 landmarks, factor kept", median(times.first), "s",
      reference: "making it \(text(median(times.second))) s", ratio: times.ratio)
  }

  private static func report(_ sums: StoreGram) -> DampingReport {
    let mean = sums.trace / Double(sums.count)
    return DampingReport(rule: .standard, damping: mean, meanEigenvalue: mean)
  }

  /// What `trak` does for a query whose features are at hand: open, factor, solve, scan.
  private static func answer(_ store: BenchStore) throws -> [TopExamples] {
    let reader = try FeatureStoreReader(store.path)
    let factor = try StoreFactor.keptOrMade(
      reader, group: "bench", rule: "bench", note: { print($0) }, report: report)
    let query = Workload.noise(rows: 1, columns: store.columns, index: 9).double
    let solved = factor.cholesky.solve(rows: query)
    let vector = Matrix(solved.elements.map { Float($0) }, rows: 1, columns: store.columns)
    return try reader.top("bench", vector, limit: 10)
  }
}
