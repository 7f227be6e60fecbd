// Letters: n rows that are not deleted, k features, s scales.
import LinearAlgebra
import Storage
import Tensors

/// Sums over the features of a checkpoint in a store: the Gram matrix and what comes with it.
///
///     G = Φᵀ diag(s)⁻¹ Φ,   tr(ΦᵀΦ) = Σ ‖φ_i‖²   (deleted rows left out)
///
/// Made shard by shard, and the shards added along a fixed tree (`ShardReduction`): the same bits for
/// any number of workers, and whoever makes which shards.
///
/// - Precision: up to `doubleRows` rows in fp64 throughout; beyond, products of 256 rows in fp32 that
///   are added up in fp64 (`addSymmetricProduct`): entries within 1e-6 √(G_ii G_jj). The trace is a
///   sum in fp64 always.
package struct StoreGram: Sendable {
  /// k × k, symmetric.
  package internal(set) var gram: Matrix<Double>
  /// tr(ΦᵀΦ), without the scales.
  package internal(set) var trace: Double
  /// Rows of the store that are zero, ascending; deleted ones are not among them.
  package internal(set) var zeroRows: [Int]
  /// n: rows that count.
  package internal(set) var count: Int

  /// Stores of up to so many rows are summed in fp64: twice the time, of little.
  package static let doubleRows = 16_384

  /// The sums over a checkpoint of a store: one pass.
  ///
  /// - Parameters:
  ///   - group: the checkpoint.
  ///   - scales: s > 0, a value for every row of the store; nil for 1.
  /// - Throws: `StorageError` of the reads.
  /// - Complexity: nk² flops; log₂(shards) + 1 matrices of k² doubles and 32 MiB of rows.
  package init(_ store: FeatureStoreReader, group: String, scales: [Double]? = nil) throws {
    var sum = StoreGram.reduction(of: store)
    for shard in store.layout.shards.indices {
      sum.add(
        try StoreGram.part(of: store, group: group, shard: shard, scales: scales), shard: shard)
    }
    try self.init(completing: sum, of: store)
  }

  /// What the owners of a store's shards have summed up, together.
  ///
  /// - Throws: `StorageError.incomplete` when the part of a shard is missing.
  package init(completing sum: ShardReduction<StoreGram>, of store: FeatureStoreReader) throws {
    guard let total = sum.total else {
      let rows = sum.missing.first.map { store.layout.shards[$0] } ?? 0..<store.rows
      throw StorageError.incomplete(group: "Gram matrix", missing: rows, file: store.path)
    }
    self = total
    mirrorLower(of: &gram)
  }

  /// An empty sum over a store's shards.
  package static func reduction(of store: FeatureStoreReader) -> ShardReduction<StoreGram> {
    ShardReduction(shards: store.layout.shards.count) { left, right in left.append(right) }
  }

  init(gram: Matrix<Double>, trace: Double, zeroRows: [Int], count: Int) {
    (self.gram, self.trace, self.zeroRows, self.count) = (gram, trace, zeroRows, count)
  }

  /// Adds the sums over later rows; on and below the diagonal.
  mutating func append(_ other: StoreGram) {
    let (k, source, target) = (gram.rows, other.gram.storage, gram.writableStorage())
    Workers.run(over: k, grain: 64) { rows in
      for row in rows {
        let (from, to) = (source.base + row * k, target.base + row * k)
        for column in 0...row { to[column] += from[column] }
      }
    }
    trace += other.trace
    zeroRows += other.zeroRows
    count += other.count
  }
}

extension StoreGram {
  /// The sums over one shard; G on and below the diagonal only.
  ///
  /// - Parameters:
  ///   - scales: s > 0, a value for every row of the store; nil for 1.
  /// - Throws: `StorageError` of the reads.
  package static func part(
    of store: FeatureStoreReader, group: String, shard: Int, scales: [Double]? = nil
  ) throws -> StoreGram {
    precondition(scales == nil || scales?.count == store.rows, "\(scales?.count ?? 0) scales")
    let k = store.columns
    var gram = Matrix<Double>(repeating: 0, rows: k, columns: k)
    let target = MatrixView(writing: &gram)
    let deleted = Set(store.deletedRows)
    let rowsPerChunk = min(4_096, max(1, (8 << 20) / k / mixedProductRows) * mixedProductRows)
    let isDouble = store.rows <= doubleRows
    var (trace, zeroRows, count) = (0.0, [Int](), 0)
    let all = store.layout.shards[shard]
    // Cut from the shard's first row: the part does not depend on what stands before it.
    for chunk in (0..<all.count).blocks(of: rowsPerChunk) {
      let rows = all.lowerBound + chunk.lowerBound..<all.lowerBound + chunk.upperBound
      var block = try store.readRows(group: group, rows)
      let kept = rows.filter { !deleted.contains($0) }
      let norms = squaredNorms(&block, rows, deleted)
      trace += norms.reduce(0, +)
      count += kept.count
      zeroRows += kept.filter { norms[$0 - rows.lowerBound] == 0 }
      let factors = scales.map { scales in rows.map { 1 / scales[$0].squareRoot() } }
      if isDouble {
        var wide = block.double
        if let factors { multiplyRows(of: &wide, by: factors) }
        symmetricProduct(MatrixView(wide).transposed, into: target, beta: 1)
      } else {
        if let factors { multiplyRows(of: &block, by: factors.map { Float($0) }) }
        addSymmetricProduct(ofTransposed: MatrixView(block), to: target)
      }
    }
    return StoreGram(gram: gram, trace: trace, zeroRows: zeroRows, count: count)
  }

  /// ‖φ_i‖² of every row in double; deleted rows are made zero.
  private static func squaredNorms(
    _ block: inout Matrix<Float>, _ rows: Range<Int>, _ deleted: Set<Int>
  ) -> [Double] {
    let k = block.columns
    let storage = block.writableStorage()
    let norms = Buffer<Double>(uninitialized: rows.count)
    Workers.run(over: rows.count, grain: 256) { range in
      for row in range {
        let start = storage.base + row * k
        if deleted.contains(rows.lowerBound + row) { start.update(repeating: 0, count: k) }
        norms.base[row] = VectorMath.doubleSquaredNorm(start, count: k)
      }
    }
    return Array(UnsafeBufferPointer(start: norms.base, count: norms.count))
  }
}

/// Row i times its factor.
private func multiplyRows<S: BLASScalar>(of matrix: inout Matrix<S>, by factors: [S]) {
  let k = matrix.columns
  let storage = matrix.writableStorage()
  Workers.run(over: matrix.rows, grain: 256) { rows in
    for row in rows { S.scale(count: k, by: factors[row], x: storage.base + row * k) }
  }
}

/// Copies what is below the diagonal of a square matrix above it.
func mirrorLower(of matrix: inout Matrix<Double>) {
  let k = matrix.rows
  let storage = matrix.writableStorage()
  let bands = (0..<k).blocks(of: 64)
  Workers.run(slices: bands.count) { index in
    let band = bands[index]
    for column in band {
      for row in band.lowerBound..<column {
        storage.base[row * k + column] = storage.base[column * k + row]
      }
    }
    // Left of the band's square, whose image lies above it.
    for left in (0..<band.lowerBound).blocks(of: 64) {
      Double.transpose(
        rows: band.count, columns: left.count,
        from: storage.base + band.lowerBound * k + left.lowerBound, stride: k,
        to: storage.base + left.lowerBound * k + band.lowerBound, stride: k)
    }
  }
}
