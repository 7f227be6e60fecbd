import Foundation
import LinearAlgebra
import Storage
import Tensors
import TestSupport
import Testing

@testable import Influence

@Suite("sums over a store")
struct StoreGramTests {
  static func store(
    _ path: String, rows: Int, columns: Int, perShard: Int, zero: [Int] = [], deleted: [Int] = []
  ) throws -> FeatureStoreReader {
    let features = Matrix(Problem.values([rows, columns], seed: 4))
    for row in zero {
      (features.storage.base + row * columns).update(repeating: 0, count: columns)
    }
    do {
      let writer = try FeatureStoreWriter(
        path: path, rows: rows, columns: columns, dtype: .float32, groups: ["c"],
        outputColumns: [], fingerprint: Fingerprint(["model": "m"]), rowsPerShard: perShard)
      try writer.write(group: "c", rows: 0..<rows, features: features)
      try writer.finish(
        ids: .integers((0..<Int64(rows)).map { $0 }),
        labels: .classes([Int64](repeating: 0, count: rows)))
    }
    if !deleted.isEmpty { try FeatureStoreWriter.markDeleted(deleted, in: path) }
    return try FeatureStoreReader(path)
  }

  /// Φᵀ diag(s)⁻¹ Φ and tr(ΦᵀΦ) by plain loops.
  static func plain(
    _ store: FeatureStoreReader, _ scales: [Double]?
  ) throws -> (gram: [[Double]], trace: Double) {
    let k = store.columns
    let rows = try store.readRows(group: "c", 0..<store.rows).double
    var gram = [[Double]](repeating: [Double](repeating: 0, count: k), count: k)
    var trace = 0.0
    for row in 0..<store.rows where !store.deletedRows.contains(row) {
      let x = rows.row(row)
      for i in 0..<k {
        trace += x[i] * x[i]
        for j in 0..<k { gram[i][j] += x[i] * x[j] / (scales?[row] ?? 1) }
      }
    }
    return (gram, trace)
  }

  /// The largest |ΔG_ij| / √(G_ii G_jj).
  static func error(_ found: Matrix<Double>, _ exact: [[Double]]) -> Double {
    var worst = 0.0
    for i in exact.indices {
      for j in exact.indices {
        worst = max(
          worst, abs(found[i, j] - exact[i][j]) / (exact[i][i] * exact[j][j]).squareRoot())
      }
    }
    return worst
  }

  @Test("agree with plain loops in double, deleted and zero rows and scales included")
  func plainLoops() throws {
    let folder = try ScratchFolder()
    let store = try Self.store(
      folder / "t.h5", rows: 57, columns: 6, perShard: 10, zero: [5, 11, 30], deleted: [11, 40])
    let scales = (0..<57).map { 0.25 + Double($0 % 7) }
    for scales in [nil, scales] {
      let (exact, trace) = try Self.plain(store, scales)
      let sums = try StoreGram(store, group: "c", scales: scales)
      #expect(Self.error(sums.gram, exact) < 1e-14)
      #expect(abs(sums.trace - trace) <= 1e-14 * trace)
      #expect(sums.zeroRows == [5, 30])
      #expect(sums.count == 55)
    }
  }

  @Test("beyond the rows summed in double, products in fp32 keep six digits")
  func manyRows() throws {
    let folder = try ScratchFolder()
    let rows = StoreGram.doubleRows + 900
    let store = try Self.store(
      folder / "t.h5", rows: rows, columns: 10, perShard: 9_000, zero: [16_400], deleted: [7])
    let scales = (0..<rows).map { 0.5 + Double($0 % 3) }
    for scales in [nil, scales] {
      let (exact, trace) = try Self.plain(store, scales)
      let sums = try StoreGram(store, group: "c", scales: scales)
      let error = Self.error(sums.gram, exact)
      #expect(error < 1e-6 && error > 0)
      #expect(abs(sums.trace - trace) <= 1e-12 * trace)
      #expect(sums.zeroRows == [16_400] && sums.count == rows - 1)
      for i in 0..<10 { for j in 0..<i { #expect(sums.gram[i, j] == sums.gram[j, i]) } }
    }
  }

  @Test("have the same bits for any number of workers and any owners of the shards")
  func sameBits() throws {
    let folder = try ScratchFolder()
    let store = try Self.store(folder / "t.h5", rows: 330, columns: 70, perShard: 60)
    let whole = try StoreGram(store, group: "c")
    for (count, owned) in [(1, [0, 2, 5]), (3, [1, 2, 3]), (2, [])] {
      try Execution.with(workers: count) {
        var owners = [StoreGram.reduction(of: store), StoreGram.reduction(of: store)]
        for shard in store.layout.shards.indices.reversed() {
          owners[owned.contains(shard) ? 0 : 1].add(
            try StoreGram.part(of: store, group: "c", shard: shard), shard: shard)
        }
        if !owned.isEmpty {
          #expect(throws: StorageError.self) {
            try StoreGram(completing: owners[0], of: store)
          }
        }
        owners[0].merge(owners[1])
        let sums = try StoreGram(completing: owners[0], of: store)
        #expect(sums.gram == whole.gram && sums.trace == whole.trace)
        #expect(sums.count == whole.count)
      }
    }
  }

  @Test("the factor is kept beside the store, read again to the bit, and made anew when it must be")
  func kept() throws {
    let folder = try ScratchFolder()
    let store = try Self.store(folder / "t.h5", rows: 40, columns: 5, perShard: 15, zero: [3])
    var (made, notes) = (0, [String]())
    func factor(
      scales: [Double]? = nil, rule: String = "mean", isKept: Bool = true,
      store: FeatureStoreReader? = nil
    ) throws -> StoreFactor {
      try StoreFactor.keptOrMade(
        store ?? FeatureStoreReader(folder / "t.h5"), group: "c", scales: scales, rule: rule,
        isKept: isKept, note: { notes.append($0) }
      ) { sums in
        made += 1
        return DampingReport(
          rule: .standard, damping: sums.trace / Double(sums.count),
          meanEigenvalue: sums.trace / Double(sums.count))
      }
    }
    let bare = try factor(isKept: false)
    #expect(try folder.contents().keys.allSatisfy { !$0.contains("preconditioners") })
    let first = try factor()
    let again = try factor()
    #expect(made == 2)
    let b = Matrix((0..<10).map { Double($0) }, rows: 2, columns: 5)
    for other in [first, again] {
      #expect(other.cholesky.solve(rows: b) == bare.cholesky.solve(rows: b))
      #expect(other.report == bare.report)
      #expect(other.trace == bare.trace && other.zeroRows == [3] && other.count == 40)
    }
    // Everything it depends on.
    _ = try factor(rule: "other")
    _ = try factor(scales: [Double](repeating: 2, count: 40))
    #expect(made == 4)
    try FeatureStoreWriter.markDeleted([1], in: folder / "t.h5")
    #expect(try factor().count == 39)
    #expect(made == 5 && notes.isEmpty)
    // The Gram matrix alone serves another rule.
    let grams = try folder.contents().keys.filter { $0.contains("/gram.") }
    #expect(grams.count == 1)
    // A file of another order, were there one, is not used.
    let current = try FeatureStoreReader(folder / "t.h5")
    let file = try StoreGram.file(current, group: "c", scales: nil)
    var small = PreconditionerFile.Contents()
    small.lower["gram"] = Matrix(repeating: 1, rows: 2, columns: 2)
    small.values["trace"] = [1]
    small.rows["count"] = [39]
    small.rows["zero"] = []
    try file.write(small)
    let sums = try StoreGram.keptOrMade(current, group: "c") { notes.append($0) }
    #expect(try sums.gram == StoreGram(current, group: "c").gram)
    #expect(notes == ["\(file.path) is not used and made again: it is not complete."])
    notes = []
    // A damaged file is said and made again.
    let name = try #require(try folder.contents().keys.first { $0.contains("/factor.") })
    var bytes = try folder.bytes(name)
    bytes[bytes.count / 2] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: folder / name))
    _ = try factor()
    #expect(made == 6)
    #expect(notes.count == 1)
    #expect(notes[0].hasPrefix("\(folder / name) is not used and made again: "))
    _ = try factor()
    #expect(made == 6)
    // Where nothing can be written, it is made each time, and said.
    notes = []
    try FileManager.default.removeItem(atPath: folder / "t.preconditioners")
    try Data().write(to: URL(fileURLWithPath: folder / "t.preconditioners"))
    _ = try factor()
    #expect(made == 7 && notes.count == 2)
    #expect(notes.allSatisfy { $0.contains("is not kept for the next command: cannot make") })
  }

  @Test("scores of a scan are those of plain loops, for few and for many queries")
  func top() throws {
    let folder = try ScratchFolder()
    let store = try Self.store(folder / "t.h5", rows: 90, columns: 7, perShard: 40)
    let rows = try store.readRows(group: "c", 0..<90)
    for m in [1, 8, 9, 20] {
      let queries = Matrix(Problem.values([m, 7], seed: 9))
      let tops = try store.top("c", queries, limit: 4)
      #expect(tops.count == m)
      for query in 0..<m {
        let exact = (0..<90).map { row in
          (0..<7).reduce(0.0) { $0 + Double(rows[row, $1]) * Double(queries[query, $1]) }
        }
        let order = (0..<90).sorted { exact[$0] > exact[$1] }
        #expect(tops[query].highest.map(\.row) == Array(order.prefix(4)))
        #expect(tops[query].lowest.map(\.row) == Array(order.reversed().prefix(4)))
        for entry in tops[query].highest {
          #expect(abs(Double(entry.score) - exact[entry.row]) < 1e-5)
        }
      }
    }
  }
}
